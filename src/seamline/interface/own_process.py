"""Functions that ask for what only their own process is or has, or that act on that process.

Its number, its threads, the modules it has imported, its arguments and its input are others on a
host, so what asks for them runs with its caller, unless it needs state of its host.
"""

from collections import Counter
from collections.abc import Container, Iterator
from functools import cache
from typing import Final

from seamline.interface.body import Body, Call
from seamline.interface.effects import Effect, passed_up
from seamline.interface.functions import Definition
from seamline.interface.graph import Graph
from seamline.interface.known import named
from seamline.interface.process_uses import (
    lines_of_modules,
    lines_of_system,
    lines_told,
    notices_forks,
)

_NUMBERS: Final = ("os.getpid", "os.getppid", "os.getpgrp")
_TIMES: Final = (
    "time.process_time", "time.process_time_ns", "os.times", "resource.getrusage",
    "tracemalloc.get_traced_memory", "tracemalloc.take_snapshot",
)  # fmt: skip
_SUBCLASSES: Final = "__subclasses__"
#: Methods of a parser that read the arguments of the process where they are given none.
_PARSING: Final = frozenset({"parse_args", "parse_known_args"})
_SIGNALS: Final = ("os.kill", "os.killpg")
#: What belongs to a process, by name, with what it is to a reader.
_OF_PROCESS: Final = {
    _NUMBERS: "the number of its process",
    _TIMES: "what its process used",
    _SIGNALS: "which signals processes",
    (
        "threading.enumerate", "threading.active_count", "sys._current_frames", "gc.get_objects",
        "multiprocessing.current_process", "multiprocessing.parent_process",
        "multiprocessing.active_children", "asyncio.all_tasks", "tracemalloc.is_tracing",
        _SUBCLASSES,
    ): "what its process has",
    (
        "os._exit", "os.abort", "signal.raise_signal", "signal.alarm", "signal.setitimer",
        "os.nice", "os.setpriority", "os.sched_setaffinity", "os.sched_setscheduler", "os.setuid",
        "os.setgid", "os.seteuid", "os.setegid", "os.setreuid", "os.setregid", "os.setresuid",
        "os.setresgid", "os.setgroups", "os.initgroups", "os.setsid", "os.setpgid", "os.setpgrp",
        "os.chroot", "os.fork", "os.forkpty", "os.execl", "os.execle", "os.execlp", "os.execlpe",
        "os.execv", "os.execve", "os.execvp", "os.execvpe",
    ): "which acts on its process",
    ("sys.argv", "sys.orig_argv"): "the arguments of its process",
    ("sys.modules",): "the modules that its process has imported",
    ("sys.stdin", "sys.__stdin__"): "the input of its process",
    (
        "builtins.input", "getpass.getpass", "fileinput.input", "click.prompt", "click.confirm",
        "click.getchar", "click.pause", "typer.prompt", "typer.confirm",
    ): "which reads the input of its process",
    ("psutil.Process", "/proc/self"): "what the system knows of its process",
}  # fmt: skip
#: What a function may as well mean of the process that has the state which it uses.
_OF_ANY: Final = (
    *_NUMBERS, *_TIMES, *_SIGNALS, "threading.", "sys._current_frames", "gc.", "multiprocessing.",
    "asyncio.", "tracemalloc.", "psutil.Process", "/proc/self", _SUBCLASSES,
)  # fmt: skip


def find_asking(graph: Graph) -> dict[Definition, Effect]:
    """Return the functions that ask for their process themselves, with what is least in doubt."""
    found: dict[Definition, Effect] = {}
    for key, body in graph.bodies.items():
        if isinstance(key, Definition):
            effect = min(_asked(graph, key, body), key=lambda one: one.doubtful, default=None)
            if effect is not None:
                found[key] = effect
    return found


def ask_through(
    graph: Graph, direct: dict[Definition, Effect], hosted: Container[Definition]
) -> dict[Definition, Effect]:
    """Return what was found of functions with what was of those that run in their process.

    Args:
        graph: Who calls whom.
        direct: What was found.
        hosted: Those that need their host: they ask for its process, whoever calls them.
    """
    found: dict[Definition, Effect] = {}
    for doubtful in (True, False):
        part = {one: effect for one, effect in direct.items() if effect.doubtful is doubtful}
        found |= passed_up(graph, part, keeps=hosted)
    return found


def _asked(graph: Graph, definition: Definition, body: Body) -> Iterator[Effect]:
    """Yield what a function asks for of its process, or does to it."""
    uses = [*_named(definition, body)]
    uses += (("/proc/self", line) for line in lines_of_system(graph, definition, body))
    own = {call.line for call in body.calls if _signals_itself(call)}
    counted = Counter(name for name, _ in uses)
    told = lines_told(definition) if uses else ()
    for name, line in uses:
        is_doubtful = named(name, _OF_ANY) and not (line in own and named(name, _SIGNALS))
        # What is asked twice measures what lies between; what is kept and compared, a fork.
        if is_doubtful and (
            line in told
            or (named(name, _TIMES) and counted[name] > 1)
            or (named(name, _NUMBERS) and notices_forks(graph, definition))
        ):
            continue
        words = next(words for names, words in _OF_PROCESS.items() if name in names)
        is_object = name.startswith(("sys.", "/"))
        shown = name if is_object else f"{name.removeprefix('builtins.')}()"
        may = "may mean" if name in _SIGNALS and is_doubtful else "means"
        what, why = f"uses {shown}, {words}", f"where its caller {may} its own"
        yield Effect(what, False, definition.file, line, why, is_doubtful)


def _named(definition: Definition, body: Body) -> Iterator[tuple[str, int]]:
    """Yield the names by which a function asks for its process, with the line."""
    modules = lines_of_modules(definition, body)
    for use in body.uses:
        name = "" if use.symbol.module else _known(use.symbol.name)
        if name and (name != "sys.modules" or use.line in modules):
            yield name, use.line
    for call in body.calls:
        called = {str(one.symbol) for one in call.callee if one.kind == "symbol"}
        if "builtins.input" in called:
            yield "builtins.input", call.line
        if "psutil.Process" in called and not call.arguments:
            yield "psutil.Process", call.line
        if any(_is_list_of_classes(name) for name in called):
            yield _SUBCLASSES, call.line
        if call.method in _PARSING and not call.arguments:
            made = {str(one.symbol) for one in call.receiver}
            if "argparse.ArgumentParser" in made:
                yield "sys.argv", call.line


def _is_list_of_classes(called: str) -> bool:
    """Whether it is that of a class of a library: the application's own have a rule of theirs."""
    return ":" not in called and called.endswith(f".{_SUBCLASSES}")


@cache
def _known(dotted: str) -> str:
    """Return the entry of the table that a name is, or is a part of."""
    entries = (entry for names in _OF_PROCESS for entry in names if entry != "psutil.Process")
    return next((entry for entry in entries if named(dotted, (entry,))), "")


def _signals_itself(call: Call) -> bool:
    """Whether a process is signalled that is the function's own for certain."""
    given = (one.symbol for place, origins in call.arguments if place == 0 for one in origins)
    return any(str(symbol) in _NUMBERS for symbol in given)
