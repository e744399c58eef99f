"""Imported by every Python child of a worker: join the run when the application is imported.

The command of ``seamline learn`` and its Python children are observed from the same moment.

Only the standard library's ``os`` and ``sys``, which Python has loaded by then, so that a
child that never imports the application starts as fast as without Seamline. That is why
paths are strings here, and why nothing is imported for annotations.
"""
# ruff: noqa: INP001, PTH100, PTH120

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_HERE = os.path.dirname(os.path.abspath(__file__))


class _JoinOnImport:
    """A finder that finds nothing: the first import of a package behind a seam joins the run."""

    joins_seamline_run = True

    def __init__(self, packages: list[str], *, observes: bool) -> None:
        self.packages = frozenset(packages)
        self.observes = observes

    def find_spec(
        self,
        name: str,
        path: "Sequence[str] | None" = None,
        target: "ModuleType | None" = None,
    ) -> "ModuleSpec | None":
        if name.partition(".")[0] not in self.packages:
            return None
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        # Not before it is needed: it takes 100 ms.
        if self.observes:
            _observe()
        else:
            from seamline.seam import join_run

            # An error here is the error of the import: a child that cannot join must not run
            # on.
            join_run()
        for finder in list(sys.meta_path):
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                return spec
        return None


def _observe() -> None:
    """Observe this process; another interpreter than Seamline's runs on as it would alone."""
    try:
        from seamline.observe import join_learning
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"seamline learn: {sys.executable} does not see Seamline ({error.name} is missing), "
            "so nothing is learned from it\n"
        )
        return
    join_learning()


def _find_the_other() -> None:
    """Import the sitecustomize that this one hides, as Python would have done."""
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != _HERE]
    ours = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # type: ignore[import-not-found]  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        sys.modules["sitecustomize"] = ours


_packages = os.environ.get("SEAMLINE_PACKAGES", "")
_observed = os.environ.get("SEAMLINE_LEARN_PACKAGES", "")
if os.environ.get("SEAMLINE_RUN") and _packages:
    sys.meta_path.insert(0, _JoinOnImport(_packages.split(","), observes=False))
elif os.environ.get("SEAMLINE_LEARN") and _observed:
    sys.meta_path.insert(0, _JoinOnImport(_observed.split(","), observes=True))
_find_the_other()
