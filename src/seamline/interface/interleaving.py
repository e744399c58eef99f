"""Functions and coroutines of a package that one event loop would run one at a time.

In one process a coroutine is interrupted only where it awaits, also by plain functions that other
coroutines call. On a host a plain function runs in a thread beside the event loop.
"""

from collections.abc import Iterator
from typing import Final

from seamline.interface.application import Application, ServiceFacts
from seamline.interface.functions import Definition
from seamline.interface.model import Finding, Function, Kind, Place, Severity, Verdict
from seamline.interface.names import Symbol

_ASYNC: Final = (Kind.ASYNC, Kind.ASYNC_GENERATOR, Kind.ASYNC_CONTEXT_MANAGER)


def interleaved(
    application: Application, facts: ServiceFacts, definition: Definition, place: Place
) -> Iterator[Finding]:
    """Report a plain function whose state a coroutine of its package uses, too.

    Args:
        application: What was read.
        facts: The service of both.
        definition: The function, which runs where its service does.
        place: Where a coroutine of another service calls it.
    """
    own = _changing(application, facts, definition)
    for other, coroutine in facts.functions.items() if own else ():
        if coroutine.kind not in _ASYNC or coroutine.verdict is not Verdict.REMOTE:
            continue
        shared = own & _changing(application, facts, other)
        if shared:
            yield _finding(facts, facts.functions[definition], coroutine, min(shared), place)
            return


def _changing(
    application: Application, facts: ServiceFacts, definition: Definition
) -> set[Symbol]:
    """Return the state of the package that a function certainly uses, and that changes."""
    return {
        symbol
        for symbol, touch in facts.touched.get(definition, {}).items()
        if not touch.guess and symbol.module in facts.modules
        if (fact := application.state.facts.get(symbol)) is not None
        if fact.changed and not fact.resource
    }


def _finding(
    facts: ServiceFacts, function: Function, coroutine: Function, symbol: Symbol, place: Place
) -> Finding:
    return Finding(
        code="interleaved-call",
        severity=Severity.WARNING,
        message=(
            f"{function.module}.{function.name} is called in a coroutine, and it and the "
            f"coroutine {coroutine.name} both use {symbol}: on their host it runs in a thread, "
            "also between two steps of that coroutine"
        ),
        remedy=f"make {function.name} a coroutine, or guard {symbol.name} with a threading.Lock",
        file=place.file,
        line=place.line,
        service=facts.service.service,
    )
