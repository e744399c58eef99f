"""What the packages announce. A sender is the name of a package, a payload is made of values."""

from typing import Final

from blinker import Namespace

_NAMES: Final = Namespace()

# Sent after the activity is in the database: `activity` is an Activity.
activity_added: Final = _NAMES.signal("activity_added")
