"""Servers start once, are found again, stop for good, and say why when they cannot."""

import socket
import subprocess
import sys

import psutil
import pytest

from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers import process
from lib.local_cloud.servers.process import Server, free_port, port_is_free

SERVE = """
import http.server, sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()


http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def make(folder, code=SERVE, port=None):
    port = port or free_port()
    return Server("server", folder / "new", port, [sys.executable, "-c", code, str(port)], {}, "/", "SERVER_PORT")


@pytest.fixture
def server(tmp_path):
    made = make(tmp_path)
    yield made
    made.stop()


def test_start_is_needed_once(server):
    assert server.start() is True
    assert server.start() is False


def test_a_running_server_is_found_by_another_object(server):
    server.start()
    assert Server(**vars(server)).process().pid == server.process().pid


def test_stop_ends_it_and_frees_the_port(server):
    server.start()
    assert server.stop() is True
    assert port_is_free(server.port)
    assert server.stop() is False


def test_a_process_number_that_was_given_to_another_program_is_not_ours(server):
    server.start()
    pid = server._pid
    number, _started = pid.read_text().split()
    before = pid.read_text()
    pid.write_text(f"{number} 1.0")
    assert server.process() is None
    pid.write_text(before)


def test_each_start_has_a_token_of_its_own(server):
    assert server.token() == ""
    server.start()
    first = server.token()
    server.stop()
    server.start()
    assert len(first) == len(server.token()) == 32
    assert first != server.token()


def test_a_program_can_be_kept_from_this_environment(server, monkeypatch):
    monkeypatch.setenv("TAP_MARK", "1")
    for inherit in (True, False):
        found = Server(**{**vars(server), "inherit": inherit})
        found.start()
        assert ("TAP_MARK" in found.process().environ()) is inherit
        found.stop()


def test_a_program_can_run_elsewhere(server, tmp_path):
    found = Server(**{**vars(server), "workdir": tmp_path})
    found.start()
    assert found.process().cwd() == str(tmp_path)
    found.stop()


def test_a_damaged_process_number_is_no_process(server):
    server.start()
    before = server._pid.read_text()
    server._pid.write_text("?")
    assert server.process() is None
    server._pid.write_text(before)


def test_a_taken_port_is_named_with_what_to_do(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(LocalCloudError, match=rf"Port {port}, meant for server.*SERVER_PORT="):
            make(tmp_path, port=port).start()


def test_a_program_that_ends_at_once_is_told_with_its_last_words(tmp_path):
    with pytest.raises(LocalCloudError, match="server did not come up: no such thing"):
        make(tmp_path, code="import sys; sys.exit('no such thing')").start()


def test_a_program_that_never_answers_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "START_SECONDS", 0.2)
    server = make(tmp_path, code="import time; time.sleep(60)")
    with pytest.raises(LocalCloudError, match="did not come up"):
        server.start()
    server.stop()


def test_a_dead_server_is_started_again(server):
    server.start()
    server.process().kill()
    psutil.wait_procs(psutil.Process().children(), timeout=2)
    assert server.start() is True


def test_who_ignores_the_request_is_killed(monkeypatch):
    monkeypatch.setattr(process, "STOP_SECONDS", 0.3)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as stubborn:
        stubborn.stdout.readline()
        process.end([psutil.Process(stubborn.pid)])
        assert stubborn.wait(5) == -9


def test_a_program_that_is_gone_already_is_no_trouble():
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        found = psutil.Process(gone.pid)
        gone.wait()
        process.end([found])
    assert not found.is_running()
