"""Which plan a class gets, when it is first met on either side."""

from typing import Any

from seamline.wire import classes
from seamline.wire.classes import Layout, Shape
from seamline.wire.containers import refuse
from seamline.wire.marks import WRITERS, Writer
from seamline.wire.types import TypeTable


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
        self._found: dict[str, Layout] = {}

    def writer(self, cls: type) -> Writer:
        """Return the writer of a class met for the first time."""
        name = self._table.name_of(cls)
        if name is None:
            return refuse
        if issubclass(cls, tuple) and hasattr(cls, "_fields"):
            return classes.named_tuple_writer(f"{name}|{','.join(cls._fields)}", len(cls._fields))
        fields = classes.declared_fields(cls)
        if fields is None:
            return refuse
        shape = classes.shape_of(cls, fields)
        loosely = classes.loose_writer(shape, f"{name}|")
        return classes.compile_writer(shape, f"{name}|{','.join(shape.fields)}", loosely)

    def find(self, entry: str) -> Layout:
        """Return how the objects of a name entry are read.

        Raises:
            TypeError: The class may not cross, or is no record.
        """
        found = self._found.get(entry)
        if found is None:
            found = self._compile(entry)
            if len(self._found) < 10_000:
                self._found[entry] = found
        return found

    def _compile(self, entry: str) -> Layout:
        name, _, names = entry.partition("|")
        cls: Any = self._table.resolve(name)
        if cls is None:
            raise TypeError(f"class {name} may not cross this seam")
        fields = tuple(names.split(",")) if names else ()
        if issubclass(cls, tuple) and hasattr(cls, "_fields"):
            reader = classes.named_tuple_reader(cls, fields)
            return Layout(cls, reader, reader)
        declared = classes.declared_fields(cls)
        if declared is None:
            raise TypeError(f"instances of {name} do not cross")
        shape: Shape = classes.shape_of(cls, declared)
        reader = (
            classes.compile_reader(shape)
            if fields == shape.fields
            else classes.foreign_reader(shape, fields)
        )
        return Layout(cls, reader, classes.loose_reader(shape))
