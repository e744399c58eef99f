"""What is out, and for how long."""


class NotOut(LookupError):
    """The book stands on its shelf."""


_out = {}


def lend(book, days):
    _out[book] = days
    return len(_out)


def out():
    return sorted(_out)


def days(book):
    if book not in _out:
        raise NotOut(f"{book} is here")
    return _out[book]
