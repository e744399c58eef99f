"""Factories that cannot be used, each in its own way."""


def raising():
    settings = {}
    return settings["SECRET_KEY"]


def returns_none():
    """Forgets to return."""


def wants_argument(config):
    return lambda environ, start_response: [config]


def returns_number():
    return 42


def leaves():
    raise SystemExit(7)


create_application = raising
NUMBER = 7
