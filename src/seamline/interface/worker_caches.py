"""Caches of frameworks of which each worker of a service would have its own."""

from collections.abc import Iterator
from typing import Final

from seamline.interface.application import ServiceFacts
from seamline.interface.caching import Cache
from seamline.interface.effects import Effect
from seamline.interface.functions import Definition
from seamline.interface.hosting import run_on_host
from seamline.interface.model import Finding, Severity
from seamline.interface.placement import Placement

_DJANGO: Final = "django."


def worker_caches(placement: Placement, facts: ServiceFacts) -> Iterator[Finding]:
    """Report caches in memory that a service with several workers uses, once each."""
    if facts.service.workers == 1:
        return
    certain = _run(placement, facts)
    declared = set(facts.service.cache)
    for name, cache in placement.application.caches.items():
        short = name.replace(":", ".").rpartition(".")[2]
        if declared & {"*", short, name}:
            continue
        used = dict(_used(placement, facts, cache, certain))
        if used:
            # What is sure first; of several, the first line.
            sure = {one: effect for one, effect in used.items() if not effect.doubtful} or used
            first = min(sure, key=lambda one: (sure[one].file, sure[one].line))
            yield _own_caches(facts, name, short, first, sure[first])


def _run(placement: Placement, facts: ServiceFacts) -> set[Definition]:
    """Return the functions that the service's workers certainly run when they are called."""
    group = placement.group(facts.service.service)
    elsewhere = {one for one in placement.entered if placement.remote_group(one) != group}
    bodies = run_on_host(placement.application.graph, facts, elsewhere)
    return {body.definition for body in bodies if body.definition is not None}


def _used(
    placement: Placement, facts: ServiceFacts, cache: Cache, certain: set[Definition]
) -> Iterator[tuple[Definition, Effect]]:
    """Yield what the service's workers run and uses a cache, doubtful where that is not sure."""
    application = placement.application
    others = {m for one in placement.services if one is not facts for m in one.modules}
    modules = application.sources.modules
    drops = any(not modules[_module(key)].test for key in cache.drops)
    hosting = placement.hosting(guessed=True)
    for key, effect in {**cache.around, **cache.users}.items():
        if isinstance(key, str) or key.module in others or key in cache.setting_up:
            continue
        # Where nothing is dropped, what is remembered only grows old in each.
        doubtful = not cache.is_sure or not (drops or key in cache.users)
        if key in certain:
            yield key, effect._replace(doubtful=doubtful)
        elif key.module in facts.modules and key not in application.callbacks:
            runner, _ = next(hosting.runners(key, effect.line), (None, 0))
            if runner is key:  # in a thread, say, or by a method of which only a name tells
                yield key, effect._replace(doubtful=True)


def _own_caches(
    facts: ServiceFacts, name: str, short: str, user: Definition, effect: Effect
) -> Finding:
    service = facts.service.service
    setting = "CACHES" if name.startswith(_DJANGO) else "CACHE_TYPE"
    may_keep = "may keep" if effect.doubtful else "keeps"
    return Finding(
        code="many-workers",
        severity=Severity.WARNING if effect.doubtful else Severity.ERROR,
        message=(
            f"{user.module}.{user.name} {effect.what}, whose values each process {may_keep} in "
            f"its own memory, and service {service} has {facts.service.workers} workers: each "
            "would have its own"
        ),
        remedy=(
            f"name a cache in {setting} that processes share (Redis, Memcached, a database, "
            f'files), or workers = 1 for its group, or cache = ["{short}"] in '
            f"[services.{service}] of seamline.toml if losing it is harmless"
        ),
        file=effect.file,
        line=effect.line,
        service=service,
    )


def _module(key: Definition | str) -> str:
    return key if isinstance(key, str) else key.module
