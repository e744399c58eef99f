"""Signals between packages. This module belongs to no service."""

from blinker import Namespace

_signals = Namespace()
paid = _signals.signal("paid")
