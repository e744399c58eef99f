"""Orders that other shops send as XML."""

from orders.feeds.xmlfeed import Line, read

__all__ = ["Line", "read"]
