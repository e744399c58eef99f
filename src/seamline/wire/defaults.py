"""Defaults of fields that an object of another version did not bring along."""

import dataclasses
from typing import Any, Final

import msgspec

_ABSENT: Final = object()


def default_of(cls: type, name: str) -> Any:
    """Return the default of a field that a message of another version does not hold.

    Raises:
        ValueError: The field has none.
    """
    for found in (
        _dataclass_default,
        _attrs_default,
        _struct_default,
        _pydantic_default,
        _old_pydantic_default,
    ):
        default = found(cls, name)
        if default is not _ABSENT:
            return default
    raise ValueError(f"{cls.__qualname__}.{name} is missing and has no default")


def _dataclass_default(cls: type, name: str) -> Any:
    field = getattr(cls, "__dataclass_fields__", {}).get(name)
    if field is None:
        return _ABSENT
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return _ABSENT if field.default is dataclasses.MISSING else field.default


def _attrs_default(cls: type, name: str) -> Any:
    for field in getattr(cls, "__attrs_attrs__", ()):
        if field.name == name and hasattr(field.default, "factory"):
            return _ABSENT if field.default.takes_self else field.default.factory()
        # attrs marks "no default" with an enum member of its own.
        if field.name == name and type(field.default).__name__ != "_Nothing":
            return field.default
    return _ABSENT


def _struct_default(cls: type, name: str) -> Any:
    if issubclass(cls, msgspec.Struct):
        for field in msgspec.structs.fields(cls):
            if field.name == name and field.default_factory is not msgspec.NODEFAULT:
                return field.default_factory()
            if field.name == name and field.default is not msgspec.NODEFAULT:
                return field.default
    return _ABSENT


def model_fields(cls: type) -> dict[str, Any] | None:
    """Return the fields of a model of pydantic 2, or None for any other class."""
    if not hasattr(cls, "__pydantic_validator__") or not hasattr(cls, "__pydantic_fields_set__"):
        return None
    # Until 2.10 the public name was the only one.
    fields: dict[str, Any] | None = getattr(cls, "__pydantic_fields__", None)
    return cls.model_fields if fields is None else fields  # type: ignore[attr-defined]


def _pydantic_default(cls: type, name: str) -> Any:
    field = (model_fields(cls) or {}).get(name)
    if field is None or field.is_required():
        return _ABSENT
    return field.get_default(call_default_factory=True)


def _old_pydantic_default(cls: type, name: str) -> Any:
    """Return a default of pydantic 1, whose successor only warns about these names."""
    if model_fields(cls) is not None or not hasattr(cls, "__validators__"):
        return _ABSENT
    field = cls.__fields__.get(name)  # type: ignore[attr-defined]
    return _ABSENT if field is None or field.required else field.get_default()
