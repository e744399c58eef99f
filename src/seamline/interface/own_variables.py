"""Functions that use the application's own context variables, which no call carries.

What was set for a request, a task or a block is there with the caller; a host has the default.
"""

from typing import Final

from seamline.interface.effects import Effect, passed_up
from seamline.interface.functions import Definition
from seamline.interface.graph import Graph
from seamline.interface.variables import Variable, Variables

_WHY: Final = "which has a value for each context"


def find_own_variables(graph: Graph, variables: Variables) -> dict[str, dict[Definition, Effect]]:
    """Return, by context variable, the functions that use it, also through what they call.

    Not those of one that no function leaves set: what is set and put back within a call
    is there for what that call does. Nor a function that does both itself.
    """
    return {
        str(variable): passed_up(graph, _users(variables, variable), stops=within)
        for variable in variables.users
        if variable.what == "variable"
        and (variables.leaving[variable] or variables.holding[variable])
        for within in (_resetting(variables, variable),)
    }


def _resetting(variables: Variables, variable: Variable) -> set[Definition | str]:
    """Return the functions that set a variable for what they call only."""
    return {
        key
        for key, handling in variables.users[variable].items()
        if handling.sets and handling.resets and key not in variables.holding[variable]
    }


def _users(variables: Variables, variable: Variable) -> dict[Definition, Effect]:
    within = _resetting(variables, variable)
    found: dict[Definition, Effect] = {}
    for key, handling in variables.users[variable].items():
        if isinstance(key, Definition) and key not in within:
            what = f"{'sets' if handling.sets else 'reads'} {variable}"
            line = handling.sets or handling.reads or handling.resets
            found[key] = Effect(what, False, key.file, line, _WHY)
    return found
