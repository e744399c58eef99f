"""What a request is about, wherever in the shop it is asked."""

from contextvars import ContextVar

currency: ContextVar[str] = ContextVar("currency", default="EUR")
