"""Mail: an outbox that keeps every mail until it is delivered, and who wants which.

Nothing is lost and nothing is sent twice, with one exception that no sender can avoid: a crash
after the server took a mail and before the outbox knows sends it again, with the same Message-ID.
"""

from longrun.notify.service import (
    flush_outbox,
    has_server,
    knows,
    outbox,
    preferences,
    send,
    set_preferences,
)

__all__ = [
    "flush_outbox",
    "has_server",
    "knows",
    "outbox",
    "preferences",
    "send",
    "set_preferences",
]
