"""How a run is shown: the status document, the ready block, the status table."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from seamline.plan import Plan
from seamline.supervisor.adoption import SILENT_SECONDS
from seamline.supervisor.counts import Counts
from seamline.supervisor.group import Group, Slot
from seamline.supervisor.processes import Process, State
from seamline.supervisor.sockets import Address
from seamline.supervisor.status import (
    ChangeStatus,
    GroupStatus,
    Status,
    WorkerStatus,
    ZygoteStatus,
)

# Of the counts in statm.
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


def status_of(
    plan: Plan,
    groups: Iterable[Group],
    urls: Mapping[str, Address],
    *,
    state: str,
    now: float,
    since: float,
) -> Status:
    """Gather the state of every slot into one document."""
    shown = {
        name: address.url + ("" if address.path else plan.service(name).path)
        for name, address in urls.items()
    }
    described = tuple(_group(group, shown, now) for group in groups)
    workers = [worker for group in described for worker in group.workers]
    return Status(
        name=plan.name,
        layout=plan.layout,
        state=state,
        pid=os.getpid(),
        root=plan.root,
        seconds=round(now - since, 3),
        graceful_timeout=plan.graceful_timeout,
        urls=shown,
        groups=described,
        restarts=sum(worker.restarts for worker in workers),
        seam_calls=sum(group.counted("seam_calls") for group in described),
        seam_errors=sum(group.counted("seam_errors") for group in described),
        stayed=sum(group.counted("stayed") for group in described),
    )


def _group(group: Group, urls: Mapping[str, str], now: float) -> GroupStatus:
    return GroupStatus(
        name=group.plan.name,
        services=group.plan.services,
        workers=tuple(_worker(slot, group, now) for slot in group.slots),
        urls=tuple(urls[name] for name in group.plan.services if name in urls),
        ready_after=None if group.ready_after is None else round(group.ready_after, 3),
        is_drained=group.is_drained,
        scale_reason=group.scale_reason,
        zygote=_zygote(group),
        change=_change(group, now),
        others=_others(group),
    )


def _others(group: Group) -> Counts:
    """Sum what those counted that serve in no slot any more, or not yet."""
    counts = group.ended
    for slot in group.slots:
        for process in slot.processes:
            if process is not slot.process:
                counts = counts.plus(process.last)
    return counts


def _zygote(group: Group) -> ZygoteStatus | None:
    zygote = group.forked_from
    if zygote is None or zygote.state == "stopped":
        return None
    return ZygoteStatus(zygote.pid, zygote.state)


def _change(group: Group, now: float) -> ChangeStatus | None:
    """Describe what has been waited for longest."""
    if not group.awaited:
        return None
    slot, (doing, what, since) = next(iter(group.awaited.items()))
    return ChangeStatus(doing=doing, slot=slot, waiting_for=what, seconds=round(now - since, 3))


def _worker(slot: Slot, group: Group, now: float) -> WorkerStatus:
    process = slot.process
    state = slot.state
    guardian = group.adoption.guardians.get(slot.number)
    empty = WorkerStatus(
        pid=None,
        slot=slot.number,
        generation=slot.generation,
        state=state,
        restarts=slot.restarts,
        reason=slot.reason,
        recycled=slot.recycled,
        recycle_reason=slot.recycle_reason,
        adopted_by=None if guardian is None else guardian.identity.slot,
        leaving=tuple(sorted(one.pid for one in slot.leaving)),
        starting=tuple(one.pid for one in (slot.prepared, slot.successor) if one and one.pid),
    )
    if process is None or state in {State.WAITING, State.STOPPED}:
        return empty
    last = process.last
    return msgspec.structs.replace(
        empty,
        pid=process.pid,
        generation=process.identity.generation,
        seconds=round(now - process.started_at, 3),
        lag=None if process.lag is None else round(process.lag, 4),
        loop_lag=last.late_seconds,
        oldest_seconds=_oldest(process, now),
        in_flight=last.in_flight,
        requests=last.requests,
        calls=last.calls,
        seam_calls=last.seam_calls,
        seam_errors=last.seam_errors,
        stayed=last.stayed,
        rss_bytes=last.rss_bytes or _resident(process.pid),
        busy=last.busy,
    )


def _resident(pid: int | None) -> int:
    """Return the resident memory of a process that does not tell it: a command, or not yet."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):  # it ended
        return 0


def _oldest(process: Process, now: float) -> float:
    """Return it as of now: what was told last has grown older since, if the worker is silent."""
    told = process.last.oldest_seconds
    silent = now - process.heard_at
    return round(told + silent, 3) if told and silent > SILENT_SECONDS else told


def ready_block(status: Status) -> str:
    """Return what is printed once every group is ready."""
    workers = sum(len(group.workers) for group in status.groups)
    groups = len(status.groups)
    head = (
        f"{status.name} · layout {status.layout} · {_count(groups, 'group')}, "
        f"{_count(workers, 'worker')}"
    )
    width = max((len(group.name) for group in status.groups), default=0)
    rows = [
        f"  ready  {group.name:{width}}  {_count(len(group.workers), 'worker'):9}  "
        f"{' '.join(group.urls):24} {group.ready_after or 0:6.1f} s"
        for group in status.groups
    ]
    return "\n".join([head, *rows, "Ctrl-C finishes what runs and stops"])


def status_table(status: Status) -> str:
    """Return the table of ``seamline status``."""
    lines = [
        f"{status.name} · {status.layout} · up {duration(status.seconds)} · {status.state}",
        "",
    ]
    lines += [f"  {name}  {url}" for name, url in status.urls.items()]
    if status.urls:
        lines.append("")
    width = max([5, *(len(group.name) for group in status.groups)])
    lines.append(f"  {'GROUP':{width}}  WORKERS  IN FLIGHT  REQUESTS   CALLS     MEM  RESTARTS")
    for group in status.groups:
        sums = {
            key: sum(getattr(worker, key) for worker in group.workers)
            for key in ("in_flight", "rss_bytes", "restarts")
        }
        requests, calls = group.counted("requests"), group.counted("calls")
        reasons = [worker.reason for worker in group.workers if worker.reason]
        recycled = sum(worker.recycled for worker in group.workers)
        limits = [worker.recycle_reason for worker in group.workers if worker.recycle_reason]
        lines.append(
            f"  {group.name:{width}}  {f'{group.ready}/{len(group.workers)}':7}  "
            f"{sums['in_flight']:9}  {requests:8}  {calls:6}  "
            f"{sums['rss_bytes'] / 2**20:5.0f}M  {sums['restarts']}"
            + (f" ({reasons[-1]})" if reasons else "")
            + (f"; zygote {group.zygote.state}" if group.zygote else "")
            + (f"; {recycled} recycled ({limits[-1]})" if limits else "")
            + ("; drained" if group.is_drained else "")
            + (f"; {group.change}" if group.change else "")
        )
    if status.seam_calls or status.seam_errors or status.stayed:
        stayed = f", {status.stayed} stayed with their callers" if status.stayed else ""
        counts = ((status.seam_calls, "call"), (status.seam_errors, "error"))
        told = ", ".join(f"{count} {word}{'s' * (count != 1)}" for count, word in counts)
        lines += ["", f"  seams  {told}{stayed}"]
    return "\n".join(lines)


def shown_path(file: str) -> str:
    """Return a path as the reader would type it from here, when that is shorter."""
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def duration(seconds: float) -> str:
    """Return a time in words: its two largest units."""
    minutes, hours = int(seconds // 60), int(seconds // 3600)
    if hours:
        return f"{hours} h {minutes % 60} m"
    return f"{minutes} m {int(seconds % 60)} s" if minutes else f"{seconds:.0f} s"
