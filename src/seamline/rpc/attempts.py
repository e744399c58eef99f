"""How often and how fast a call that nobody took is made again."""

from collections.abc import Sequence
from typing import Final

from seamline.errors import Overloaded, SeamError, Unavailable
from seamline.rpc.balance import Balance, Peer
from seamline.rpc.greeting import NotTaken
from seamline.rpc.outgoing import Outgoing

_FIRST_PAUSE: Final = 0.005
_LONGEST_PAUSE: Final = 0.25


class Attempts:
    """The attempts of one call; created only when the first one failed.

    Args:
        call: What is called.
        balance: Chooses whom to ask.
        among: Names of the workers that may be asked, or ``None`` for all.
    """

    def __init__(
        self, call: Outgoing, balance: Balance, among: Sequence[str] | None = None
    ) -> None:
        self._call = call
        self._balance = balance
        self._among = among
        self._pause = _FIRST_PAUSE
        self._full: set[str] = set()

    def pause_after(self, peer: Peer, failure: NotTaken) -> float:
        """Return how many seconds to wait before asking again, 0 when another can be asked.

        Raises:
            SeamError: Nobody takes the call, and waiting longer would not help or is not allowed.
        """
        reason = failure.reason
        if not isinstance(reason, Overloaded):
            self._balance.bury(peer)
        else:
            self._full.add(peer.worker)
            among = self._among
            names = {peer.worker for peer in self._balance.peers}
            if self._full >= (names if among is None else names.intersection(among)):
                raise reason from failure
        if self._balance.has_others(peer, self._among):
            return 0.0
        left = self._call.deadline_left()
        if left <= self._pause:
            raise self._unavailable(reason) from failure
        pause, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        return pause

    def _unavailable(self, reason: SeamError) -> SeamError:
        target = self._call.target
        group = self._balance.peers[0].worker.partition(".")[0]
        return Unavailable(
            f"{target.name} did not run: no worker of group {group} took the call before its "
            f"deadline; the last one: {reason}. See its state with: seamline status"
        )
