"""The command line: one module per command, errors mapped to exit statuses."""

__all__ = ["main"]

#: Exit status after Ctrl-C, as shells have it.
INTERRUPTED = 130


def main(argv: "list[str] | None" = None) -> int:
    """Run one command; see :func:`seamline.cli.app.main`.

    Nothing is loaded before, so that Ctrl-C ends a command quietly from its first moment on.
    """
    try:
        from seamline.cli.app import main as run

        return run(argv)
    except KeyboardInterrupt:
        return INTERRUPTED
