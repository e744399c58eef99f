"""The plan of a test session: what of it the test process is, and what hosts do for tests."""

import itertools
from collections.abc import Iterator

import msgspec

from seamline.plan import GroupPlan, Plan


def for_tests(plan: Plan) -> Plan:
    """Return the plan with hosts that load the application themselves, in each test's settings.

    Commands are left out: whole, no program works beside the tests on what they set up.
    """
    commands = {service.name for service in plan.services if service.command is not None}
    groups = []
    for group in plan.groups:
        services = tuple(name for name in group.services if name not in commands)
        groups += [msgspec.structs.replace(group, services=services, preload=False)]
    groups = [one for one in groups if one.services]
    return msgspec.structs.replace(_unserved(plan), groups=tuple(groups), notes_calls=True)


def _unserved(plan: Plan) -> Plan:
    """Return the plan with hosts that serve no http, and call no factory by themselves.

    Without arguments of a test's, a factory sets up what is used in earnest.
    """
    services = tuple(msgspec.structs.replace(one, bind=None) for one in plan.services)
    return msgspec.structs.replace(plan, services=services, makes_applications=False)


def with_front(plan: Plan) -> tuple[Plan, GroupPlan]:
    """Return the plan with the group that the test process is, and that group.

    It is the first http service's. Where no service is http, the test process hosts nothing,
    as a program that only calls: a group of its own, which is added.
    """
    for service in plan.services:
        if service.http is not None:
            return plan, plan.group_of(service.name)
    if plan.layout == "local":
        return plan, plan.groups[0]
    taken = {group.name for group in plan.groups}
    name = next(name for name in _front_names() if name not in taken)
    front = GroupPlan(name=name, services=())
    return msgspec.structs.replace(plan, groups=(front, *plan.groups)), front


def _front_names() -> Iterator[str]:
    yield "tests"
    yield from (f"tests-{number}" for number in itertools.count(2))
