"""Reading whether a group's workers get a sandbox."""

from seamline.config.reader import Table


def read_sandbox(table: Table, *, has_command: bool) -> bool:
    """Read ``sandbox``, and refuse it beside what it cannot hold for. Raises ConfigError."""
    if not table.flag("sandbox"):
        return False
    if has_command:
        raise table.refuse(
            "`sandbox` is for workers, and a command of this group is a program of its own",
            "sandbox",
            remedy="give the command a group of its own",
            key=True,
        )
    if table.flag("preload"):
        raise table.refuse(
            "a `sandbox` is entered before the application is loaded; `preload` loads it before",
            "preload",
            remedy="remove one of the two lines",
            key=True,
        )
    return True
