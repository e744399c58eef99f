"""Which plan a class gets, when it is first met on either side."""

import enum
from types import FunctionType
from typing import Any, Final

from seamline.errors import NotSendable
from seamline.wire import (
    buffers,
    classes,
    compiled,
    contexts,
    derived,
    exceptions,
    pydantics,
    references,
    requests,
    states,
    views,
    zones,
)
from seamline.wire.classes import Layout, Shape
from seamline.wire.containers import refuse
from seamline.wire.marks import WRITERS, Reading, Refused, Writer, Writing
from seamline.wire.refusals import words_for
from seamline.wire.types import TypeTable, is_named_tuple


class Writers(dict[type, Writer]):
    """Writers by exact type, compiled on first sight."""

    def __init__(self, plans: "Plans") -> None:
        super().__init__(WRITERS)
        self._plans = plans

    def __missing__(self, cls: type) -> Writer:
        writer = self._plans.writer(cls)
        if writer is not refuse:
            self[cls] = writer
        return writer


class Plans:
    """The compiled classes of one codec."""

    def __init__(self, table: TypeTable) -> None:
        self._table = table
        self.writers = Writers(self)
        self._exceptions = exceptions.Stand(table)
        self.recorders: dict[type, compiled.Recorder] = {}
        #: Writers that give every list a node of its own, where others do not.
        self.plain: dict[type, Writer] = {}
        self.known: dict[str, Layout] = {}
        self._forms: dict[type, states.Form | None] = {}

    def writer(self, cls: type) -> Writer:
        """Return the writer of a class met for the first time."""
        if issubclass(cls, BaseException):
            return exceptions.exception_writer(cls, self._table)
        by_reference = next((write for kind, write in _REFERENCES if issubclass(cls, kind)), None)
        found = (
            by_reference
            or buffers.numpy_writer(cls)
            or contexts.context_writer(cls)
            or views.view_writer(cls)
            or requests.request_writer(cls)
            or zones.zone_writer(cls)
            or pydantics.url_writer(cls)
        )
        if found is not None:
            return found
        name = self._table.name_of(cls)
        is_only_items = self._table.is_only_items(cls)
        if name is None or ((is_named_tuple(cls) or is_only_items) and words_for(cls) is not None):
            return refuse
        if issubclass(cls, enum.Enum):
            return references.member_writer(cls, f"{name}|")
        if hasattr(cls, "__del__") and not _is_plain(cls):
            return _refuse_finalized
        writer = self._record_writer(cls, name)
        return _only_items(writer) if is_only_items else writer

    def _record_writer(self, cls: Any, name: str) -> Writer:
        origin = derived.origin_of(cls)
        if origin is not None:
            return _derived_writer(cls, origin, name)
        fields = classes.declared_fields(cls)
        if fields is None and views.is_view_class(cls):
            return views.object_writer(cls, f"{name}|")
        if fields is None:
            return references.write_singleton
        try:
            shape = classes.shape_of(cls, fields)
        except TypeError:
            return refuse
        loosely = classes.loose_writer(shape, f"{name}|")
        writer, self.plain[cls], recorder = compiled.record_writer(shape, name, loosely)
        if recorder is not None:
            self.recorders[cls] = recorder
        if shape.fields:
            return writer
        self.plain[cls] = references.singleton_first(writer)
        return self.plain[cls]

    def form(self, cls: type) -> states.Form | None:
        """Return how the state of a class's instances is taken; None when they have none."""
        try:
            return self._forms[cls]
        except KeyError:
            found = requests.form_of(cls) or states.form_of(cls, _record_shape, self._table.is_own)
            self._forms[cls] = found
            return found

    def find(self, entry: str) -> Layout:
        """Return how the objects of a name entry are read.

        Raises:
            TypeError: The class may not cross, or its instances do not.
        """
        found = self.known.get(entry)
        if found is None:
            found = self._compile(entry)
            # Entries come from the peer; an honest one has a few per class.
            if len(self.known) < _MAX_KEPT:
                self.known[entry] = found
        return found

    def _compile(self, entry: str) -> Layout:
        if entry[:1] in {"!", "?"}:
            return Layout(self._exceptions.find(entry), _no_reader, _no_reader)
        name, _, names = entry.partition("|")
        names, _, kinds = names.partition("|")
        self._table.load(name)
        cls: Any = self._table.resolve(name)
        if cls is None and self._table.is_missing(name):
            raise NotSendable(
                f"a {name.replace(':', '.')} arrived in a process that has not loaded its module; "
                "import it in the package that takes it, or send plain values"
            )
        if cls is None:
            raise TypeError(f"class {name} may not cross this seam")
        if issubclass(cls, enum.Enum):
            return Layout(cls, references.member_reader(cls), references.flags_reader(cls))
        fields = tuple(names.split(",")) if names else ()
        origin = derived.origin_of(cls)
        if origin is not None:
            return Layout(
                cls,
                classes.named_tuple_reader(cls, fields) if is_named_tuple(cls) else _no_reader,
                derived.derived_reader(derived.shape_of_derived(cls, origin), origin),
            )
        declared = classes.declared_fields(cls)
        if declared is None and views.is_view_class(cls):
            return Layout(cls, _no_reader, classes.loose_reader(views.object_shape(cls)))
        if declared is None:
            raise TypeError(f"instances of {name} do not cross")
        shape: Shape = classes.shape_of(cls, declared)
        if fields == shape.fields:
            reader = compiled.compile_reader(shape, kinds)
        else:
            readers = [compiled.BY_KIND[kind] for kind in kinds or compiled.ANY * len(fields)]
            reader = classes.foreign_reader(shape, fields, readers)
        return Layout(cls, reader, classes.loose_reader(shape))


_REFERENCES: Final[tuple[tuple[type, Writer], ...]] = (
    (type, references.write_class),
    (FunctionType, references.write_function),
)
#: Most layouts a codec keeps.
_MAX_KEPT: Final = 10_000


def _is_plain(cls: type) -> bool:
    return derived.origin_of(cls) is None and classes.declared_fields(cls) is None


def _refuse_finalized(value: object, _w: Writing, _left: int) -> Any:
    raise Refused(value, "its __del__ would run for the copy on the other side, too")


def _only_items(writer: Writer) -> Writer:
    """Return a writer of a library's container, for instances without attributes."""

    def write(value: Any, w: Writing, left: int) -> Any:
        if getattr(value, "__dict__", None):
            raise Refused(value, "it has attributes beside its items")
        return writer(value, w, left)

    return write


def _record_shape(cls: type) -> Shape | None:
    """Return where the state of a record or of a view lives, or None for any other class."""
    fields = classes.declared_fields(cls)
    if fields is None and views.is_view_class(cls):
        return views.object_shape(cls)
    return None if fields is None else classes.shape_of(cls, fields)


def _no_reader(_node: Any, _r: Reading, _left: int) -> Any:
    raise TypeError("a class is used in a form it does not have")


def _derived_writer(cls: Any, origin: derived.Origin, name: str) -> Writer:
    shape = derived.shape_of_derived(cls, origin)
    if is_named_tuple(cls) and not shape.has_dict and not shape.slots:
        return classes.named_tuple_writer(f"{name}|{','.join(cls._fields)}", len(cls._fields))
    return derived.derived_writer(shape, origin, f"{name}|")
