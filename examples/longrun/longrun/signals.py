"""What the packages announce. A sender is the name of a package, a payload is made of values.

A signal is sent after what it tells is in the database. Its receivers are functions of the
packages that care; each does its own work in its own tables.
"""

import logging
from typing import Final

from blinker import NamedSignal, Namespace

_LOG: Final = logging.getLogger(__name__)
_NAMES: Final = Namespace()

# `runner` is a Runner, `token` what the confirmation link carries.
user_registered: Final = _NAMES.signal("user_registered")
# `runner` is a Runner, `token` what the link to a new password carries.
reset_requested: Final = _NAMES.signal("reset_requested")
# `runner_id` is a number: whoever keeps rows of this runner deletes them, also a second time.
account_deleted: Final = _NAMES.signal("account_deleted")
# `activity` is an Activity.
activity_added: Final = _NAMES.signal("activity_added")
# `runner_id` and `activity_id` are numbers.
activity_deleted: Final = _NAMES.signal("activity_deleted")
# `runner_id` is a number, `best` the new Best, `old` the Best it broke.
best_broken: Final = _NAMES.signal("best_broken")
# `race` is a Race.
race_added: Final = _NAMES.signal("race_added")
# `runner_id` is a number, `plan` a Plan.
plan_changed: Final = _NAMES.signal("plan_changed")


def tell(signal: NamedSignal, sender: str, **payload: object) -> bool:
    """Send to every receiver, also after one has failed; return whether all of them took it.

    What happened stays so when somebody cannot hear of it: a failure is logged, not raised.
    """
    taken = True
    for receiver in signal.receivers_for(sender):
        try:
            receiver(sender, **payload)
        except Exception:  # noqa: BLE001 - whatever one does, the others hear of it
            taken = False
            _LOG.exception("%s was not taken by %r", signal.name, receiver)
    return taken
