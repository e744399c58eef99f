"""Libraries whose values cross: loaded where one arrives, by names that stand in this code.

Never by a name that a peer sends. What writes a value loads nothing: the value exists only where
its library is loaded already.
"""

import importlib
import sys
from typing import Any, Final

from seamline.errors import NotSendable

#: What is called by another name than that of its module.
_CALLED: Final = {"dateutil": "python-dateutil", "pydantic_core": "pydantic"}


def load_library(module: str) -> Any:
    """Return a module of a library, loaded if this process has not needed it yet.

    Raises:
        NotSendable: It is not installed here, or cannot be loaded.
    """
    found = sys.modules.get(module)
    if found is not None:
        return found
    try:
        return importlib.import_module(module)
    except ImportError as error:
        top = module.partition(".")[0]
        name = _CALLED.get(top, top)
        raise NotSendable(
            f"a value of {name} arrived in a process that cannot load it ({error}); install "
            f"{name} for {sys.executable}, or send plain values: a list, a dict, a number, a text"
        ) from error
