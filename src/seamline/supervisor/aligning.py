"""Having workers take over what a test process set up, and tell what they did since."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from seamline.supervisor.control import AlignedReply, AlignRequest
from seamline.supervisor.group import Group
from seamline.supervisor.processes import Process, State
from seamline.worker import Align, Aligned


class Aligning:
    """What a test process tells the workers of a run, and what they answer.

    Args:
        groups: The run's own list.
        mark: Writes a line into the log stream, after all so far.
    """

    def __init__(self, groups: Sequence[Group], mark: Callable[[str], None]) -> None:
        self._groups = groups
        self._mark = mark
        self._serials = itertools.count(1)
        self._last_answers: list[Aligned] = []

    def ended(self, process: Process) -> None:
        """Keep what a worker answered last."""
        if process.aligned is not None:
            self._last_answers.append(process.aligned)

    async def align(self, request: AlignRequest) -> AlignedReply:
        """Have every worker take over what a test process set up."""
        order = Align(
            serial=next(self._serials),
            environ=request.environ,
            cwd=request.cwd,
            path=request.path,
            filters=request.filters,
            levels=request.levels,
            disabled=request.disabled,
        )
        workers = [
            slot.process
            for group in self._groups
            for slot in group.slots
            if slot.process is not None and not slot.is_command
        ]
        if order.environ is not None:
            for group in self._groups:
                group.alignment = order
        await asyncio.gather(*(worker.align(order) for worker in workers))
        made: Counter[str] = Counter()
        untold: Counter[str] = Counter()
        last: dict[str, dict[str, int]] = {}
        alive = [worker.aligned for worker in workers if worker.state is not State.STOPPED]
        for answer in (*self._last_answers, *alive):
            if answer is not None:
                made.update(answer.made)
                untold.update(answer.untold)
                _take_latest(last, answer.last)
        if request.mark is not None:
            # What a worker printed before it answered is readable by now: let it be read.
            await asyncio.sleep(0)
            self._mark(request.mark)
        return AlignedReply(dict(made), dict(untold), last)


def _take_latest(last: dict[str, dict[str, int]], told: Mapping[str, Mapping[str, int]]) -> None:
    for service, functions in told.items():
        latest = last.setdefault(service, {})
        for name, moment in functions.items():
            latest[name] = max(moment, latest.get(name, 0))
