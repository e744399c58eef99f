"""Context variables: one that is carried over the seams, one that is not."""

from contextvars import ContextVar

currency: ContextVar[str] = ContextVar("currency", default="EUR")
private: ContextVar[str] = ContextVar("private", default="unset")
