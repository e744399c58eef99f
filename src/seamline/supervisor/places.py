"""The places of a group: its slots, each with the sockets that outlive its workers."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from seamline.plan import Plan
from seamline.supervisor.group import Group, Slot
from seamline.supervisor.inherited import open_inherited
from seamline.supervisor.logs import LogStream
from seamline.supervisor.sockets import Address, open_unix
from seamline.supervisor.store import Store

if TYPE_CHECKING:
    import socket


def fill(
    group: Group, plan: Plan, urls: dict[str, Address], store: Store, *, is_called: bool
) -> None:
    """Give a group its slots: the workers of its own, then one for each command.

    Args:
        group: Still empty.
        plan: Of the run.
        urls: Where http services answer, by name; those of the group are added.
        store: Has what was kept of them.
        is_called: Whether another group calls it.

    Raises:
        BindError: An address cannot be listened on.
    """
    services = [plan.service(name) for name in group.plan.services]
    commands = [service for service in services if service.command is not None]
    numbers = range(group.plan.workers) if len(commands) < len(services) else range(0)
    http: dict[str, list[str]] = {}
    for service in services:
        if service.http is not None and service.bind is not None:
            http.setdefault(service.bind, []).append(service.name)
    listeners: list[tuple[tuple[str, ...], list[socket.socket]]] = []
    for text, names in http.items():
        if text.startswith("fd://"):
            address, sockets = open_inherited(text, len(numbers))
        else:
            parsed = Address.parse(text)
            address, sockets = store.open_http(parsed, len(numbers), plan.socket_mode)
        listeners.append((tuple(names), sockets))
        urls.update(dict.fromkeys(names, address))
    for number in numbers:
        calls = None
        if is_called:
            path = plan.socket_path(group.plan.name, number)
            calls = open_unix(path, plan.socket_mode)
        given = [(sockets[number], names) for names, sockets in listeners]
        group.slots.append(Slot(group, number, http=given, calls=calls))
    for offset, service in enumerate(commands):
        group.slots.append(Slot(group, len(numbers) + offset, command=service.name))


def keep_sockets(
    store: Store, groups: Iterable[Group], urls: Mapping[str, Address], logs: LogStream
) -> None:
    """Have a service manager keep where the run serves http, and nothing else of before.

    What it listens on itself it need not keep, and calls are made by processes of the run alone.
    """
    slots = (slot for group in groups for slot in group.slots)
    places = [
        (slot.number, opened)
        for slot in slots
        for opened, names in slot.http
        if not urls[names[0]].is_inherited
    ]
    store.keep(places, logs)
    store.close_rest(logs)
