"""What a call changed of its arguments: found on one end of it, made on the other."""

from typing import Any

from seamline.errors import MutatedArgument, WireError
from seamline.wire import (
    FLAG_CHANGES,
    FLAG_RESTORED,
    FLAG_TRACKED,
    PULL,
    Codec,
    Frame,
    Known,
    Unrestorable,
    find_path,
    with_traceback,
)


class Watch:
    """What both ends of one call hold of its arguments, at its host.

    Args:
        name: Dotted name of the function.
        codec: Of the seam.
        known: The objects.
        flags: Those of the call: whether the caller numbered its arguments, too, and whether
            it makes the changes it is told of.
    """

    __slots__ = ("_codec", "_flags", "_given", "_name", "_names", "known")

    def __init__(self, name: str, codec: Codec, known: Known, flags: int) -> None:
        self._name = name
        self._codec = codec
        self._flags = flags
        self.known = known
        self._given: tuple[Any, ...] = ()
        self._names: tuple[str, ...] = ()

    def remember(
        self, args: tuple[Any, ...], keywords: dict[str, Any], names: tuple[str, ...]
    ) -> None:
        """Note how the function was called, by which changes are named."""
        self._given = (args[: len(names)], args[len(names) :], keywords)
        self._names = names

    def encode(self, value: object, and_then: str = "") -> tuple[int, bytes]:
        """Return flags and body of an answer: a value, and what changed until now.

        Raises:
            MutatedArgument: Something changed and the caller cannot be told.
            NotSendable: Nothing changed, and the value cannot cross.
        """
        try:
            changes = self.known.changes()
        except Unrestorable as error:
            raise self._lost("objects", and_then, str(error)) from error
        names = [self._path(self.known.objects[change.number]) for change in changes]
        if changes and not self._flags & FLAG_RESTORED:
            why = "the caller, of another version, does not expect that"
            raise self._lost(", ".join(names), and_then, why)
        if not self._flags & FLAG_TRACKED:
            return 0, self._codec.encode(value)
        try:
            return FLAG_CHANGES, self._codec.encode_known(value, self.known, changes, names)
        except Exception as error:  # encoding runs the application's properties
            if changes:
                raise self._lost(", ".join(names), and_then, str(error)) from error
            raise

    def encode_raised(self, error: BaseException | None, and_then: str) -> tuple[int, bytes]:
        """Return flags and body for an exception; None is one that the caller has itself.

        Raises:
            MutatedArgument: Something changed and the caller cannot be told.
        """
        try:
            return self.encode(None if error is None else with_traceback(error), and_then)
        except MutatedArgument:
            raise
        except Exception:  # noqa: BLE001 - what cannot cross of it is left out
            assert error is not None
            return 0, self._codec.encode_exception(error)

    def _path(self, value: object) -> str:
        return find_path(self._given, value, self._names)

    def _lost(self, names: str, and_then: str, why: str) -> MutatedArgument:
        return MutatedArgument(
            f"{self._name} ran, changed its argument {names} in place{and_then}; the caller's "
            f"own object could not be changed alike: {why}. Return the changed value instead, "
            "or keep both in one group"
        )


def decode_changed(codec: Codec, known: Known | None, frame: Frame, body: bytes) -> Any:
    """Return the value of an answer or a step; make the changes that come with it.

    Raises:
        MutatedArgument: They cannot be made.
        WireError: The bytes are anything else, or no changes are expected.
    """
    if frame[0] == PULL:
        raise WireError("the host asked for items of a call without iterators")
    if not frame[3] & FLAG_CHANGES:
        return codec.decode(body)
    if known is None:
        raise WireError("the peer changed the arguments of a call that tracks none")
    return codec.decode_known(body, known)


def encode_step(codec: Codec, known: Known, value: object) -> bytes:
    """Return the body of a step: what is sent to a stream, and what the caller changed.

    Raises:
        NotSendable: It cannot cross.
        MutatedArgument: The caller changed an argument into what cannot be told.
    """
    try:
        changes = known.changes()
    except Unrestorable as error:
        raise MutatedArgument(
            f"an argument of a generator was changed between two of its steps: {error}"
        ) from error
    return codec.encode_known(value, known, changes, ["arguments"] * len(changes))
