"""Seam errors that no test failed for, and what else is counted when the tests are over."""

import logging
from collections import Counter

from seamline.errors import SeamlineError
from seamline.testing.session import SplitSession
from seamline.testing.tally import Tally


class _Messages(logging.Handler):
    """Keeps what was logged of seam errors while one test ran."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


class Noticing:
    """Fills a tally with what one session saw of its seams. Close with :meth:`end`."""

    def __init__(self, session: SplitSession, tally: Tally) -> None:
        self._session = session
        self._tally = tally
        self._messages = _Messages()
        self._errors_before: Counter[str] = Counter()

    def begin(self) -> None:
        """Hear what is logged of seam errors from now on."""
        logging.getLogger("seamline.rpc").addHandler(self._messages)

    def end(self) -> None:
        """Hear nothing any more."""
        logging.getLogger("seamline.rpc").removeHandler(self._messages)

    def collected(self) -> None:
        """Take the errors so far for those of tools that collect: they ask every object a lot."""
        self._errors_before = self._session.seam_errors()

    def begin_test(self) -> None:
        """Take note that what is logged from now on is the next test's."""
        self._messages.texts.clear()

    def end_test(self, name: str, *, is_expected: bool) -> bool:
        """Note what a test ran local for and which errors it swallowed.

        Args:
            name: Of the test.
            is_expected: Whether the test failed, or provokes seam errors on purpose.

        Returns:
            Whether there are hosts to go on with.
        """
        kept, refused = self._session.end_test()
        for tests, found in ((self._tally.local, kept), (self._tally.refused, refused)):
            if found:
                tests[name] = [[one.service, *one.cause] for one in found]
        try:
            self._notice(None if is_expected else name)
        except SeamlineError as exc:
            self._tally.trouble.append(f"{exc} [{exc.code}]")
            return False
        return True

    def count(self) -> None:
        """Count what went over the seams, when the last test is over."""
        if self._tally.trouble:
            return  # the hosts are gone, and that is said already
        try:
            self._tally.made_by_hosts = self._session.calls_of_hosts()
            self._notice("after the last test")
            self._tally.made = self._session.calls()
            self._tally.stayed = self._session.stayed()
        except SeamlineError as exc:
            self._tally.trouble.append(f"{exc} [{exc.code}]")

    def output_of_hosts(self) -> list[str]:
        """Return what the hosts printed in the running test, or why that is not known."""
        try:
            return self._session.output_of_hosts()
        except SeamlineError as exc:
            return [f"{exc} [{exc.code}]"]

    def _notice(self, where: str | None) -> None:
        """Take note of the errors since the last look; ``None`` when they are accounted for."""
        errors = self._session.seam_errors()
        grown = sorted(errors - self._errors_before)
        self._errors_before = errors
        if grown and where is not None:
            what = self._messages.texts or [f"[{code}] in a host" for code in grown]
            self._tally.swallowed += [f"{where}: {text}" for text in what]
        self._messages.texts.clear()
