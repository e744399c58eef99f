"""``seamline run``: starting, serving, replacing, stopping, with real processes."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.processes

WEB = """
name = "plain"
[services.web]
http = "plainflask.web:create_app()"
"""
TWO_WORKERS = (
    WEB
    + """
[layouts.two]
front = { services = ["web"], workers = 2 }
"""
)
# While it is imported, for ever.
HANGING = "import threading\nthreading.Event().wait()\napp = None\n"


def test_a_run_serves_pages_and_sigterm_leaves_nothing_behind(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()

    assert run.get("/") == (200, "plain flask\n")
    url = run.url
    assert run.stop() == 0
    with pytest.raises(ConnectionRefusedError):
        run.get("/", url=url)
    assert plainflask.processes() == set()
    assert plainflask.leftovers() == []


def test_the_ready_block_names_groups_workers_and_the_address(plainflask) -> None:
    plainflask.write(TWO_WORKERS)
    run = plainflask.start("--layout", "two").ready()

    run.err.wait_for(r"plain · layout two · 1 group, 2 workers")
    shown = run.err.wait_for(r"  ready  front  2 workers  (http://127\.0\.0\.1:\d+) +\d+\.\d s")
    assert shown[1] == run.url
    assert run.stop() == 0


def test_requests_reach_every_worker_of_a_group(plainflask, eventually) -> None:
    plainflask.write(TWO_WORKERS)
    run = plainflask.start("--layout", "two").ready()
    pids = {str(worker["pid"]) for worker in run.workers()}
    answered = set()

    def all_answered() -> bool:
        answered.add(run.get("/pid")[1])
        return answered == pids

    eventually(all_answered, "an answer from each worker")
    assert run.stop() == 0


def test_every_answered_request_is_counted_in_the_status_that_is_asked_for_next(
    plainflask,
) -> None:
    plainflask.write(TWO_WORKERS)
    run = plainflask.start("--layout", "two").ready()

    counts = []
    for number in range(1, 6):
        assert run.get("/pid" if number % 2 else "/missing")[0] == (200 if number % 2 else 404)
        counts.append(sum(worker["requests"] for worker in run.workers()))

    assert counts == [1, 2, 3, 4, 5]
    assert run.stop() == 0


def test_a_worker_that_is_stopped_is_shown_by_what_it_told_last(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    run.get("/pid")
    (before,) = run.workers()

    os.kill(before["pid"], signal.SIGSTOP)
    (after,) = run.workers()
    os.kill(before["pid"], signal.SIGCONT)

    assert (before["requests"], after["requests"]) == (1, 1)
    assert run.stop() == 0


def test_a_killed_worker_is_replaced_in_its_slot_and_said_so(plainflask, eventually) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    (before,) = run.workers()

    os.kill(before["pid"], signal.SIGKILL)
    eventually(lambda: run.workers()[0]["generation"] == 2 and run.ready(), "a replacement")

    (after,) = run.workers()
    assert (after["slot"], after["restarts"], after["reason"]) == (0, 1, "was killed by SIGKILL")
    run.err.wait_for(rf"app\.0\[{before['pid']}\] was killed by SIGKILL; starting it again")
    assert run.get("/") == (200, "plain flask\n")
    assert run.stop() == 0


def test_no_process_outlives_a_supervisor_that_was_killed(plainflask, eventually) -> None:
    plainflask.write(TWO_WORKERS)
    run = plainflask.start("--layout", "two").ready()
    address = run.url

    run.signal(signal.SIGKILL)
    run.wait()
    eventually(lambda: not plainflask.processes(), "the end of every worker")

    again = plainflask.start("--bind", urlsplit(address).netloc).ready()
    assert again.get("/") == (200, "plain flask\n")
    assert again.stop() == 0


def test_a_supervisor_killed_while_workers_import_leaves_none(plainflask, eventually) -> None:
    (plainflask.root / "hanging.py").write_text(HANGING)
    plainflask.write('name = "h"\n[services.web]\nhttp = "hanging:app"\n')
    run = plainflask.start()
    eventually(lambda: run.status() and run.workers()[0]["pid"], "a worker")

    run.signal(signal.SIGKILL)
    run.wait()

    eventually(lambda: not plainflask.processes(), "the end of every worker")


def test_a_running_request_survives_the_death_of_the_supervisor(plainflask, eventually) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    url, answers = run.url, []
    asking = threading.Thread(target=lambda: answers.append(run.get("/slow/1.5", url=url)))
    asking.start()
    run.out.wait_for("slow request begins")

    run.signal(signal.SIGKILL)
    run.wait()

    asking.join()
    assert answers == [(200, "slow and done\n")]
    eventually(lambda: not plainflask.processes(), "the end of every worker")


def test_ctrl_c_while_the_application_is_being_imported_stops_at_once(project, eventually) -> None:
    (project.root / "hanging.py").write_text(HANGING)
    project.write('name = "h"\n[services.web]\nhttp = "hanging:app"\n')
    run = project.start()
    eventually(lambda: run.status() and run.workers()[0]["pid"], "a worker")

    run.signal(signal.SIGINT)

    assert run.wait() == 130
    assert project.processes() == set()
    assert project.leftovers() == []


def test_a_run_whose_log_nobody_reads_any_more_stops(plainflask) -> None:
    plainflask.write(WEB)
    reading, writing = os.pipe()
    run = plainflask.start(stdout=writing)
    os.close(writing)
    run.ready()
    url = run.url

    os.close(reading)
    run.get("/", url=url)

    assert run.wait() == 141
    assert plainflask.processes() == set()


def test_http_is_served_on_a_unix_socket_too(plainflask, tmp_path) -> None:
    plainflask.write(TWO_WORKERS)
    path = plainflask.runtime / "web.sock"
    run = plainflask.start("--layout", "two", "--bind", f"unix:{path}").ready()

    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        with client.makefile("rb") as answer:
            assert answer.read().endswith(b"plain flask\n")

    assert run.stop() == 0
    assert plainflask.leftovers() == []


def test_several_http_services_answer_under_their_prefixes(plainflask) -> None:
    (plainflask.root / "api.py").write_text(
        "from fastapi import FastAPI, Request\n"
        "app = FastAPI()\n"
        "@app.get('/hello')\n"
        "async def hello(request: Request):\n"
        "    return {'root': request.scope['root_path']}\n"
    )
    plainflask.write(WEB + '[services.api]\nhttp = "api:app"\npath = "/api"\n')
    run = plainflask.start().ready()

    assert run.get("/") == (200, "plain flask\n")
    assert run.get("/api/hello") == (200, '{"root":"/api"}')
    assert run.status()["urls"]["api"] == run.url + "/api"
    assert run.stop() == 0


def test_sigterm_lets_a_running_request_finish(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    url, answers = run.url, []
    asking = threading.Thread(target=lambda: answers.append(run.get("/slow/1.5", url=url)))
    asking.start()
    run.out.wait_for("slow request begins")

    assert run.stop() == 0

    asking.join()
    assert answers == [(200, "slow and done\n")]


def test_ctrl_c_stops_gracefully_with_status_130(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()

    run.signal(signal.SIGINT)

    assert run.wait() == 130
    assert "finishing what runs" in run.err.prose
    last = run.err.text.splitlines()[-1]
    assert re.search(r"plain stopped: 1 worker in \d\.\d s$", last)
    assert plainflask.leftovers() == []


def test_a_second_ctrl_c_does_not_wait_for_requests(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    host, port = urlsplit(run.url).netloc.split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"GET /slow/600.0 HTTP/1.1\r\nHost: here\r\n\r\n")
        run.out.wait_for("slow request begins")

        run.signal(signal.SIGINT)
        run.err.wait_for("finishing what runs")
        run.signal(signal.SIGINT)

        assert run.wait() == 130
    assert run.err.text.endswith("s; 1 killed")
    assert plainflask.processes() == set()


def test_a_request_longer_than_graceful_timeout_is_given_up(plainflask) -> None:
    plainflask.write("graceful_timeout = 0.5\n" + WEB)
    run = plainflask.start().ready()
    host, port = urlsplit(run.url).netloc.split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"GET /slow/600.0 HTTP/1.1\r\nHost: here\r\n\r\n")
        run.out.wait_for("slow request begins")

        assert run.stop() == 0
    assert run.err.text.endswith("s; 1 killed")  # a thread cannot be given up otherwise
    assert plainflask.processes() == set()


def test_a_signal_that_comes_twice_at_once_is_one_wish_to_end(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    answers = []
    asking = threading.Thread(target=lambda: answers.append(run.get("/slow/1.0")))
    asking.start()
    run.out.wait_for("slow request begins")

    run.signal(signal.SIGTERM)  # as timeout(1) does: the process, then its group
    run.signal(signal.SIGTERM)

    assert run.wait() == 0
    asking.join()
    assert answers == [(200, "slow and done\n")]


def test_an_idle_keep_alive_connection_hears_of_the_end_before_it_is_closed(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    host, port = urlsplit(run.url).netloc.split(":")
    with socket.create_connection((host, int(port))) as client:
        answers = client.makefile("rb")
        client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert _read_answer(answers)["connection"] == ""

        run.signal(signal.SIGTERM)
        _wait_refused(host, int(port))
        client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")

        assert _read_answer(answers)["connection"] == "close"
        assert answers.read() == b""
    assert run.wait() == 0


def _read_answer(answers) -> dict[str, str]:
    assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
    headers = {"connection": ""}
    while line := answers.readline().decode().strip():
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    assert answers.read(int(headers["content-length"])) == b"plain flask\n"
    return headers


def _wait_refused(host: str, port: int) -> None:
    """Connect until nobody listens any more."""
    while True:
        try:
            socket.create_connection((host, port)).close()
        except ConnectionError:
            return


def test_a_port_in_use_is_refused_naming_who_has_it(plainflask) -> None:
    plainflask.write(TWO_WORKERS)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        run = plainflask.start("--layout", "two", "--bind", f"127.0.0.1:{port}")

        assert run.wait() == 2
    assert f"[bind] cannot listen on 127.0.0.1:{port}" in run.err.prose
    assert f"by pid {os.getpid()}" in run.err.prose
    assert plainflask.leftovers() == []


def test_a_second_run_of_a_project_is_refused_and_the_first_goes_on(plainflask) -> None:
    plainflask.write(WEB)
    first = plainflask.start().ready()

    second = plainflask.start()

    assert second.wait() == 4
    assert f"running already, as pid {first.process.pid}" in second.err.prose
    assert "seamline stop" in second.err.prose
    assert first.get("/") == (200, "plain flask\n")
    assert first.stop() == 0


def test_status_json_has_the_documented_shape(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()

    result = plainflask.command("status", "--json")

    status = json.loads(result.stdout)
    assert result.returncode == 0
    (group,) = status["groups"]
    assert (group["name"], group["services"]) == ("app", ["web"])
    (worker,) = group["workers"]
    assert {"pid", "slot", "generation", "state"} <= worker.keys()
    assert (worker["slot"], worker["generation"], worker["state"]) == (0, 1, "ready")
    assert (status["schema"], status["name"]) == ("seamline.status/1", "plain")
    assert status["urls"] == {"web": run.url}
    assert run.stop() == 0


def test_stop_waits_until_the_run_is_gone(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()

    result = plainflask.command("stop")

    assert result.returncode == 0, result.stderr
    assert plainflask.processes() == set()
    assert run.wait() == 0


@pytest.mark.parametrize("command", ["status", "stop"])
def test_commands_say_when_nothing_runs(plainflask, command) -> None:
    plainflask.write(WEB)

    result = plainflask.command(command)

    assert result.returncode == 3
    assert "[not-running]" in result.stderr


def test_lines_of_workers_carry_who_printed_them(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    (worker,) = run.workers()

    run.get("/say/hello")

    prefix = rf"^app\.0\[{worker['pid']}\] \| "
    run.out.wait_for(prefix + "hello$")
    run.out.wait_for(prefix + "HELLO$")
    run.out.wait_for(prefix + r"GET /say/hello 200 \d+ ms$")
    assert run.stop() == 0


def test_json_logs_are_one_object_a_line(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start("--json").ready()
    (worker,) = run.workers()

    run.get("/say/hello")
    run.out.wait_for("GET /say/hello")
    assert run.stop() == 0

    records = [json.loads(line) for line in run.out.text.splitlines()]
    said = {record["msg"]: record for record in records}
    assert said["hello"]["stream"] == "stdout"
    assert said["HELLO"]["stream"] == "stderr"
    expected = {"group": "app", "slot": 0, "pid": worker["pid"]}
    assert expected.items() <= said["hello"].items()


def test_a_worker_whose_loop_is_silent_is_replaced_with_its_stacks_in_the_log(
    project, eventually
) -> None:
    (project.root / "stuck.py").write_text(
        "import time\n"
        "async def app(scope, receive, send):\n"
        "    if scope['type'] == 'http':\n"
        "        time.sleep(600)  # blocks the event loop\n"
    )
    project.write('name = "s"\nstall_timeout = 2\n[services.web]\nhttp = "stuck:app"\n')
    run = project.start().ready()
    host, port = urlsplit(run.url).netloc.split(":")

    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        run.err.wait_for("gave no sign of life for 2 s")
        run.out.wait_for(r'stuck\.py", line 4 in app')
        eventually(lambda: run.workers()[0]["generation"] == 2 and run.ready(), "a replacement")

    assert run.stop() == 0


def test_a_start_without_room_for_a_process_says_so(project) -> None:
    (project.root / "app.py").write_text("async def app(scope, receive, send): ...\n")
    project.write(
        'name = "a"\n[services.web]\nhttp = "app:app"\n'
        '[layouts.many]\napp = { services = ["web"], workers = 4 }\n'
    )
    command = f"{sys.executable} -m seamline run --layout many --bind 127.0.0.1:0"

    done = subprocess.run(
        ["sh", "-c", f"ulimit -n 24; exec {command}"],
        cwd=project.root,
        env=project.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 4, done.stderr
    assert "[start]  a worker could not be started: Too many open files" in done.stderr
    assert "Traceback" not in done.stderr
    assert project.processes() == set()


def test_an_application_that_never_gets_ready_is_named_after_startup_timeout(project) -> None:
    (project.root / "hanging.py").write_text(HANGING)
    project.write('name = "h"\nstartup_timeout = 6\n[services.web]\nhttp = "hanging:app"\n')

    run = project.start()

    assert run.wait() == 4
    introduced, error = run.err.prose.split("error [start] ")
    assert introduced.strip() == (
        "not ready after 6 s: app; each writes where its threads are, below "
        '"Fatal Python error: Aborted":'
    )
    assert error.strip().startswith("not ready after 6 s: app; everything was stopped")
    assert error.endswith("startup_timeout = 12")
    assert 'hanging.py", line 2 in <module>' in run.out.text
    assert project.processes() == set()


def test_threads_of_the_application_outlive_no_supervisor(project, eventually) -> None:
    (project.root / "keeping.py").write_text(
        "import threading\n"
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [])\n"
        "    return [b'']\n"
        "def say_and_stay():\n"
        "    threading.main_thread().join()\n"
        "    print('only this thread is left')\n"
        "    threading.Event().wait()\n"
        "threading.Thread(target=say_and_stay).start()\n"
    )
    project.write('name = "k"\n[services.web]\nhttp = "keeping:app"\n')
    run = project.start().ready()
    run.signal(signal.SIGTERM)
    run.out.wait_for("only this thread is left")

    run.signal(signal.SIGKILL)

    eventually(lambda: not project.processes(), "the end of the worker")


def test_the_last_lines_of_a_dying_worker_are_kept(plainflask, eventually) -> None:
    (plainflask.root / "dying.py").write_text(
        "import os, sys\n"
        "def app(environ, start_response):\n"
        "    for number in range(5000):\n"
        "        print('last words', number)\n"
        "    sys.stdout.write('without an end')\n"
        "    sys.stdout.flush()\n"
        "    os._exit(5)\n"
    )
    plainflask.write('name = "d"\n[services.web]\nhttp = "dying:app"\n')
    run = plainflask.start().ready()
    host, port = urlsplit(run.url).netloc.split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        run.out.wait_for("without an end$")

    run.err.wait_for("exited with status 5; starting it again")
    said = [line for line in run.out.lines if "last words" in line]
    assert [int(line.rpartition(" ")[2]) for line in said] == list(range(5000))
    assert run.stop() == 0
