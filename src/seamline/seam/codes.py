"""Pieces of compiled code. Nothing is run."""

from collections.abc import Iterator
from types import CodeType


def all_codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a piece of code, and all that it defines."""
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from all_codes(const)
