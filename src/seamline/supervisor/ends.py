"""How processes end, in words."""

import signal


def how_ended(code: int | None) -> str:
    """Say how a process ended: ``was killed by SIGKILL``.

    Args:
        code: As in :class:`subprocess.Popen`; ``None`` while it lives.
    """
    if code is None:
        return "is alive"
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"exited with status {code}"
