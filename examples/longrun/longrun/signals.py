"""What the packages announce. A sender is the name of a package, a payload is made of values.

A signal is sent after what it tells is in the database. Its receivers are functions of the
packages that care; each does its own work in its own tables.
"""

from typing import Final

from blinker import Namespace

_NAMES: Final = Namespace()

# `runner` is a Runner, `token` what the confirmation link carries.
user_registered: Final = _NAMES.signal("user_registered")
# `runner` is a Runner, `token` what the link to a new password carries.
reset_requested: Final = _NAMES.signal("reset_requested")
# `runner_id` is a number: whoever keeps rows of this runner deletes them.
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
