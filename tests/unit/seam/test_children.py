"""seamline.seam.children: processes of a worker's process open the same seams."""

import os
import subprocess
import sys
import textwrap

import msgspec
import pytest

from seamline.errors import ApplicationError
from seamline.plan import to_json
from seamline.seam import child_environment, join_run

pytestmark = pytest.mark.processes

SOURCE = """
    import os, sys
    def who(tag="x"):
        return (tag, os.getpid())
    async def who_async(tag):
        return (tag, os.getpid())
    def numbers(count):
        for number in range(count):
            yield number
"""
HOST = """
import asyncio, sys
from seamline.plan import from_json
from seamline.rpc import Identity, Server
from seamline.seam import Host
from seamline.transport import listen

async def main(directory):
    plan = from_json(open(directory + "/plan.json", "rb").read())
    secret = open(directory + "/secret", "rb").read()
    host = Host(plan, group="far")
    server = Server(host.resolve, identity=Identity(plan.run_dir, "far.0", secret))
    sock = listen(plan.socket_path("far", 0))
    await server.start(sock)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.drain(5)
    sock.close()

asyncio.run(main(sys.argv[1]))
"""


@pytest.fixture
def running(application, tmp_path_factory):
    """An application whose package is hosted by a process of its own; its environment."""
    app = application({"__init__": SOURCE})
    run_dir = tmp_path_factory.mktemp("run")
    plan = msgspec.structs.replace(app.plan, run_dir=str(run_dir))
    (run_dir / "plan.json").write_bytes(to_json(plan))
    (run_dir / "secret").write_bytes(os.urandom(32))
    environ = {**os.environ, "PYTHONPATH": str(app.root)}
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, str(run_dir)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, text=True,
    )  # fmt: skip
    assert host.stdout.readline() == "ready\n"
    environ |= {"SEAMLINE_RUN": str(run_dir), "SEAMLINE_WORKER": "near.0.1"}
    yield app, plan, host.pid, child_environment(environ, plan, group="near")
    host.stdin.close()
    host.stdout.close()
    assert host.wait(10) == 0


def python(environ, code, *flags, package=""):
    source = textwrap.dedent(code).replace("PACKAGE", package)
    return subprocess.run(
        [sys.executable, *flags, "-c", source], env=environ, capture_output=True, text=True,
        check=False, timeout=30,
    )  # fmt: skip


def test_every_sort_of_call_crosses_between_two_processes(running, monkeypatch, run):
    app, _, pid, environ = running
    module = app.load()
    app.opened.append(join_run(environ))

    async def awaited():
        return await module.who_async("a")

    assert module.who() == ("x", pid)
    assert module.who("y") == ("y", pid)
    assert run(awaited()) == ("a", pid)
    assert list(module.numbers(3)) == [0, 1, 2]
    assert app.opened[-1].counts() == {
        "work": {f"{app.package}.{name}": n for name, n in
                 [("who", 2), ("who_async", 1), ("numbers", 1)]}
    }  # fmt: skip


def test_a_python_child_opens_the_seams_by_itself(running):
    app, _, pid, environ = running

    child = python(environ, "import PACKAGE\nprint(PACKAGE.who('child'))", package=app.package)

    assert child.stderr == ""
    assert child.stdout == f"('child', {pid})\n"


def test_a_child_that_never_imports_the_application_loads_nothing(running):
    _, _, _, environ = running

    child = python(
        environ, "import sys; print('msgspec' in sys.modules, 'seamline' in sys.modules)"
    )

    assert child.stdout == "False False\n"


def test_a_grandchild_opens_the_seams_too(running):
    app, _, pid, environ = running
    code = """
        import subprocess, sys
        code = "import PACKAGE; print(PACKAGE.who('grandchild'))"
        sys.exit(subprocess.run([sys.executable, "-c", code]).returncode)
    """

    assert python(environ, code, package=app.package).stdout == f"('grandchild', {pid})\n"


def test_a_sitecustomize_of_the_user_is_still_imported(running, tmp_path_factory):
    app, _, pid, environ = running
    directory = tmp_path_factory.mktemp("site")
    (directory / "sitecustomize.py").write_text("import sys\nsys.user_site_ran = True\n")
    environ["PYTHONPATH"] += os.pathsep + str(directory)

    child = python(
        environ,
        """
        import sys, sitecustomize, PACKAGE
        print(sys.user_site_ran, sitecustomize.__file__)
        print([entry for entry in sys.path if "startup" in entry], PACKAGE.who(1)[1])
        """,
        package=app.package,
    )

    assert child.stderr == ""
    assert child.stdout == f"True {directory}/sitecustomize.py\n[] {pid}\n"


def test_a_child_whose_run_is_over_fails_with_what_to_do(running):
    app, _, _, environ = running
    environ["SEAMLINE_RUN"] = "/nowhere"

    child = python(environ, "import PACKAGE\nprint('ran')", package=app.package)

    assert child.returncode == 1
    assert child.stdout == ""
    assert "ApplicationError" in child.stderr
    assert "unset SEAMLINE_RUN to run it whole" in child.stderr
    with pytest.raises(ApplicationError, match="cannot be read"):
        join_run(environ)


def test_packages_of_the_worker_s_own_group_run_in_the_child(running):
    app, plan, _, environ = running
    environ = child_environment({**environ, "SEAMLINE_WORKER": "far.0.1"}, plan, group="far")

    code = """
        import PACKAGE, os, sys
        print(PACKAGE.who()[1] == os.getpid(), "seamline" in sys.modules)
    """
    child = python(environ, code, package=app.package)

    assert child.stdout == "True False\n"


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_process_pools_open_the_same_seams(running, monkeypatch, method):
    app, _, pid, environ = running
    code = """
        import multiprocessing, sys
        from concurrent.futures import ProcessPoolExecutor
        import PACKAGE
        if __name__ == "__main__":
            assert PACKAGE.who("parent")[1] == PID
            context = multiprocessing.get_context("METHOD")
            with ProcessPoolExecutor(2, mp_context=context) as pool:
                print(sorted(pool.map(PACKAGE.who, [1, 2, 3])))
    """
    script = app.root / "pooled.py"
    source = textwrap.dedent(code).replace("PACKAGE", app.package)
    script.write_text(source.replace("METHOD", method).replace("PID", str(pid)))

    done = subprocess.run(
        [sys.executable, script],
        env=environ,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

    assert done.stderr == ""
    assert done.stdout == f"{[(number, pid) for number in (1, 2, 3)]}\n"


def test_a_forked_child_calls_over_connections_of_its_own(running):
    app, _, pid, environ = running
    code = """
        import os, PACKAGE
        assert PACKAGE.who("before")[1] == PID
        child = os.fork()
        answers = [PACKAGE.who(number) for number in range(200)]
        assert answers == [(number, PID) for number in range(200)]
        if not child:
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """

    done = python(environ, code.replace("PID", str(pid)), package=app.package)

    assert (done.stdout, done.stderr) == ("0\n", "")
