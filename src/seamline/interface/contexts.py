"""Context variables and thread-local objects that a service shares with its callers."""

import ast
from collections.abc import Iterator
from typing import Final

from seamline.interface.application import Application, ServiceFacts
from seamline.interface.body import Body
from seamline.interface.functions import Definition
from seamline.interface.model import Finding, Severity, Verdict
from seamline.interface.names import Symbol

_VARIABLE: Final = "contextvars.ContextVar"
_LOCAL: Final = "threading.local"


def lost_contexts(application: Application, facts: ServiceFacts) -> Iterator[Finding]:
    """Report what callers and hosts both use and no call carries."""
    carried = {path.replace(":", ".") for path in facts.service.carry}
    for symbol, line, kind in _contexts(application):
        dotted = f"{symbol.module}.{symbol.name}"
        users = [body for body in application.bodies.values() if _uses(body, symbol)]
        hosted = [body for body in users if _runs_on_host(facts, body)]
        shared = any(_is_elsewhere(application, facts, body) for body in users) or any(
            _leaves_a_value(facts, body, symbol) for body in hosted
        )
        if not hosted or not shared or dotted in carried:
            continue
        service = facts.service.service
        is_variable = kind == _VARIABLE
        yield Finding(
            code="state-elsewhere",
            severity=Severity.WARNING,
            message=(
                f"{dotted} is {'a context variable' if is_variable else 'local to a thread'}, "
                f"functions of service {service} use it, and it does not travel with calls: they "
                "do not see what is set outside a call, nor do others see what they set"
            ),
            remedy=(
                f'carry = ["{symbol.module}:{symbol.name}"] in [services.{service}] of '
                "seamline.toml"
                if is_variable
                else "pass the value as an argument, or make it a context variable and carry it"
            ),
            file=application.sources.modules[symbol.module].file,
            line=line,
            service=service,
        )


def _contexts(application: Application) -> Iterator[tuple[Symbol, int, str]]:
    world = application.definitions.world
    for module, names in world.modules.items():
        for name, bindings in () if names.source.test else names.assigned.items():
            for binding in bindings:
                made = binding.value.func if isinstance(binding.value, ast.Call) else None
                kind = "" if made is None else str(world.resolve(module, made))
                if kind in (_VARIABLE, _LOCAL):
                    yield Symbol(module, name), binding.line, kind


def _uses(body: Body, symbol: Symbol) -> bool:
    return body.definition is not None and any(
        use.symbol.module == symbol.module and use.symbol.name.partition(".")[0] == symbol.name
        for use in body.uses
    )


def _runs_on_host(facts: ServiceFacts, body: Body) -> bool:
    """Whether calls from outside may reach a body over the seam."""
    definition = body.definition
    if not isinstance(definition, Definition) or body.module not in facts.modules:
        return False
    function = facts.functions.get(definition)
    return function is not None and (not function.public or function.verdict is Verdict.REMOTE)


def _is_elsewhere(application: Application, facts: ServiceFacts, body: Body) -> bool:
    return body.module not in facts.modules and not application.sources.modules[body.module].test


def _leaves_a_value(facts: ServiceFacts, body: Body, symbol: Symbol) -> bool:
    """Whether a function that others call sets it and does not reset it."""
    function = None if body.definition is None else facts.functions.get(body.definition)
    used = {use.symbol.name for use in body.uses if use.symbol.module == symbol.module}
    bound = any(use.how == "bind" and use.symbol.name.startswith(f"{symbol.name}.")
                for use in body.uses)  # fmt: skip
    sets = f"{symbol.name}.set" in used and f"{symbol.name}.reset" not in used
    return function is not None and function.public and (sets or bound)
