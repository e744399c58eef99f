"""seamline.supervisor.development: which files have changed."""

import asyncio

import pytest

from seamline.supervisor import watch_files

pytestmark = [pytest.mark.processes, pytest.mark.anyio]

PATIENCE_SECONDS = 30.0


@pytest.fixture
def anyio_backend():
    """The supervisor's event loop is asyncio's."""
    return "asyncio"


async def changes_of(root, make, wanted):
    """Return what is told once files are watched, from :data:`make` until all of it is there."""
    seen = set()
    watching = watch_files(str(root))
    first = asyncio.create_task(anext(watching))
    count = 0
    while not first.done():  # it begins to watch at some time
        (root / "probe").write_text(str(count := count + 1))
        await asyncio.wait({first}, timeout=0.05)
    make()
    while not wanted <= seen:
        seen |= await anext(watching)
    await watching.aclose()
    return seen


async def test_files_of_a_directory_that_comes_whole_are_told(tmp_path) -> None:
    root, beside = tmp_path / "project", tmp_path / "beside"
    root.mkdir()
    for name in ("shop/__init__.py", "shop/views/pages.py", "shop/.git/hook.py"):
        (beside / name).parent.mkdir(parents=True, exist_ok=True)
        (beside / name).write_text("")
    wanted = {str(root / "shop" / name) for name in ("__init__.py", "views/pages.py")}

    async with asyncio.timeout(PATIENCE_SECONDS):
        seen = await changes_of(root, lambda: (beside / "shop").rename(root / "shop"), wanted)

    assert str(root / "shop/.git/hook.py") not in seen


async def test_files_that_are_made_together_with_their_directory_are_told(tmp_path) -> None:
    names = [f"pages/part{number}/view.py" for number in range(40)]

    def make() -> None:
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True)
            (tmp_path / name).write_text("")

    async with asyncio.timeout(PATIENCE_SECONDS):
        await changes_of(tmp_path, make, {str(tmp_path / name) for name in names})
