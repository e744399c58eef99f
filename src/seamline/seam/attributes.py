"""Keep a process away from attributes of classes and functions that are another's state."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any, Final

from seamline.interface import State


@dataclass(slots=True)
class GuardedAttributes:
    """The class attributes of one package that raise when they are read from outside.

    Attributes:
        is_here: Whether the running code may use them.
        begins_patch: Whether a look is a patching tool's, that may go on.
        error: Makes what is raised otherwise. Both are called two frames below the look.
    """

    is_here: Callable[[], bool]
    begins_patch: Callable[[ModuleType, str], bool]
    error: Callable[[State], Exception]
    _guarded: dict[tuple[type, str], Any] = field(default_factory=dict)

    def apply(self, states: Mapping[tuple[str, str], State]) -> None:
        """Guard what is loaded. Doing it again guards what was loaded or assigned since."""
        for (module, name), state in states.items():
            owner = _class_of(module, name)
            attribute = name.rpartition(".")[2]
            held = _ABSENT if owner is None else vars(owner).get(attribute, _ABSENT)
            if owner is None or held is _ABSENT or type(held) is _Guard:
                continue
            self._guarded[owner, attribute] = held
            # Past the metaclass: an Enum's refuses assignments.
            type.__setattr__(owner, attribute, _Guard(self, state, held))

    def lift(self) -> None:
        """Put back what was not replaced since."""
        for (owner, attribute), value in self._guarded.items():
            if type(vars(owner).get(attribute)) is _Guard:
                type.__setattr__(owner, attribute, value)
        self._guarded.clear()


@dataclass(slots=True)
class FunctionAttributes:
    """The attributes of one package's functions that are state: ``function.calls``.

    Attributes:
        stand_in: Makes what takes the place of a value, and raises when it is used.
    """

    stand_in: Callable[[State, object], object]
    _replaced: dict[tuple[FunctionType, str], tuple[object, object]] = field(default_factory=dict)

    def apply(self, states: Mapping[tuple[str, str], State]) -> None:
        """Replace what is there, and what the function would have set by now."""
        for (module, name), state in states.items():
            head, _, attribute = name.rpartition(".")
            owner = getattr(sys.modules.get(module), "__dict__", {}).get(head)
            if isinstance(owner, FunctionType) and (owner, attribute) not in self._replaced:
                held = vars(owner).get(attribute, _ABSENT)
                guard = self.stand_in(state, held)
                self._replaced[owner, attribute] = (guard, held)
                vars(owner)[attribute] = guard

    def lift(self) -> None:
        """Put back what was not assigned since."""
        for (owner, attribute), (guard, held) in self._replaced.items():
            if vars(owner).get(attribute) is guard:
                del vars(owner)[attribute]
                vars(owner).update({} if held is _ABSENT else {attribute: held})
        self._replaced.clear()


_ABSENT: Final = object()


class _Guard:
    """Stands for a class attribute: every look at it raises, unless it happens at home.

    It has no ``__set__``, so that an instance's own attribute of that name goes first.
    """

    __slots__ = ("_attributes", "_state", "_value")

    def __init__(self, attributes: GuardedAttributes, state: State, value: Any) -> None:
        self._attributes = attributes
        self._state = state
        self._value = value

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        state, attributes = self._state, self._attributes
        may_look = attributes.is_here() or attributes.begins_patch(
            sys.modules[state.module], state.name
        )
        if not may_look:
            raise attributes.error(state)
        bind = getattr(type(self._value), "__get__", None)
        return self._value if bind is None else bind(self._value, instance, owner)


def _class_of(module: str, name: str) -> type | None:
    """Return the class whose attribute a piece of state is, or None when it is none."""
    found: object = sys.modules.get(module)
    *owners, _ = name.split(".")
    for part in owners:
        found = getattr(found, "__dict__", {}).get(part)
    return found if owners and isinstance(found, type) else None
