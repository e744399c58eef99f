"""Which functions a package offers to others, and under which names."""

from dataclasses import dataclass, field

from seamline.interface.functions import Definition, Definitions
from seamline.interface.names import Names, Symbol
from seamline.interface.source import Source


@dataclass(slots=True)
class Offers:
    """Public definitions of one package with the further names they are public under."""

    public: set[Definition] = field(default_factory=set)
    exports: dict[Definition, list[str]] = field(default_factory=dict)

    def names(self, definition: Definition) -> tuple[str, ...]:
        """Return every name ``seamline.toml`` may list a function under."""
        own = (definition.name, f"{definition.module}.{definition.name}")
        exported = self.exports.get(definition, ())
        return (*own, *exported, *(name.rpartition(".")[2] for name in exported))


def read_offers(definitions: Definitions, package: str, sources: tuple[Source, ...]) -> Offers:
    """Find what the modules of a package make public: ``__all__``, or names without underscore."""
    found = Offers()
    world = definitions.world
    own = {source.name for source in sources}
    for source in sources:
        names = world.modules[source.name]
        open_module = _is_open(source.name, package)
        for definition in definitions.by_module[source.name]:
            if open_module and _is_offered(names, definition.name):
                found.public.add(definition)
        if open_module:
            _reexports(definitions, names, own, found)
    return found


def _is_open(module: str, package: str) -> bool:
    inner = module.removeprefix(package).strip(".")
    return not any(part.startswith("_") for part in inner.split("."))


def _is_offered(names: Names, qualified: str) -> bool:
    head, *rest = qualified.split(".")
    if any(part.startswith("_") for part in rest):
        return False
    if names.exported is not None:
        return head in names.exported
    return not head.startswith("_")


def _reexports(definitions: Definitions, names: Names, own: set[str], found: Offers) -> None:
    module = names.source.name
    listed = names.exported
    candidates = set(names.assigned) | set(listed or ())
    if names.source.package and listed is None:
        candidates |= {name for name in names.imported if not name.startswith("_")}
    for name in sorted(candidates):
        if name.startswith("_") or (listed is not None and name not in listed):
            continue
        symbol = _target(definitions, module, name)
        if symbol is None or symbol.module not in own:
            continue
        for target in _members(definitions, symbol):
            rest = target.name.removeprefix(symbol.name)
            dotted = f"{module}.{name}{rest}"
            if dotted == f"{target.module}.{target.name}":
                continue
            found.exports.setdefault(target, []).append(dotted)
            if not any(part.startswith("_") for part in rest.split(".") if part):
                found.public.add(target)


def _target(definitions: Definitions, module: str, name: str) -> Symbol | None:
    """Return what an exported name stands for; a plain alias is followed once."""
    world = definitions.world
    names = world.modules[module]
    if name in names.assigned and name not in names.definitions:
        value = names.assigned[name][-1].value
        return None if value is None else world.resolve(module, value)
    return world.member(module, name)


def _members(definitions: Definitions, symbol: Symbol) -> list[Definition]:
    if symbol in definitions.functions:
        return definitions.functions[symbol]
    cls = definitions.classes.get(symbol)
    if cls is None:
        return []
    return [method for methods in cls.methods.values() for method in methods]
