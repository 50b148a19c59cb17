"""Who comes to the port gets TLS or a refusal, reaches the server, and finds nobody when the server has ended."""

import dataclasses
import http.server
import json
import os
import signal
import socket
import ssl
import threading
import time
from contextlib import contextmanager

import pytest
from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection

from lib.local_cloud.names import HOST
from lib.local_cloud.servers import certificates
from lib.local_cloud.servers import postgres_front as module
from lib.local_cloud.servers import postgres_protocol as protocol
from lib.local_cloud.servers.iam_tokens import Secret, TokenRefused
from lib.local_cloud.servers.postgres import Postgres
from lib.local_cloud.servers.postgres_front import Front
from lib.local_cloud.servers.process import free_port, port_is_free
from tests.support import tokens

PASSWORD = "first-Password.1"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = Postgres(tmp_path_factory.mktemp("front") / "data", free_port())
    made.start()
    made.provide("shop", PASSWORD, "shop")
    yield made
    made.remove()


@pytest.fixture
def front(server):
    """The same as in the server's own process, here."""
    file = server.ca_file.with_name(certificates.SERVER)
    return Front(server.port, server.socket, file, [], region=tokens.region.primary({}))


@contextmanager
def served(front):
    """Yield a client's socket that a front serves in a thread, and what the front raised."""
    with socket.create_server((HOST, 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _address = listener.accept()
    raised = []

    def run():
        with theirs:
            try:
                front.serve(theirs, front.context())
            except (OSError, protocol.ProtocolError) as error:
                raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    ours.settimeout(20)
    with ours:
        yield ours, raised
    thread.join(10)
    assert not thread.is_alive()


def connect(server, ours, user="shop", password=PASSWORD, tls=True):
    context = ssl.create_default_context(cafile=server.ca_file) if tls else False
    return Connection(user, password=password, host=HOST, database="shop", sock=ours, ssl_context=context)


def test_a_client_reaches_the_server_over_tls(server, front):
    with served(front) as (ours, raised), connect(server, ours) as connection:
        assert connection.run("SELECT current_user, length(repeat('x', 1000000))") == [["shop", 1_000_000]]
    assert raised == []


def test_the_server_s_own_no_is_passed_on(server, front):
    with served(front) as (ours, _raised), pytest.raises(DatabaseError, match="28P01"):
        connect(server, ours, password="wrong-Password.9")


def test_without_tls_nobody_is_let_in(server, front):
    with served(front) as (ours, _raised), pytest.raises(DatabaseError) as caught:
        connect(server, ours, tls=False)
    assert caught.value.args[0]["C"] == "28000"
    assert caught.value.args[0]["M"] == (
        'no pg_hba.conf entry for host "127.0.0.1", user "shop", database "shop", no encryption'
    )


def test_the_superuser_is_not_for_clients(server, front):
    with served(front) as (ours, _raised), pytest.raises(DatabaseError, match=r"rejects connection.*SSL encryption"):
        connect(server, ours, user="postgres")


def test_a_request_to_cancel_reaches_the_server(server, front):
    with served(front) as (ours, _raised), connect(server, ours) as connection:
        pid, key = connection._backend_key_data[:4], connection._backend_key_data[4:]
        content = b"\0\0\0\x10" + protocol.CANCEL_REQUEST.to_bytes(4, "big") + pid + key

        def cancel():
            time.sleep(0.2)
            with served(front) as (another, _more):
                another.sendall(content)
                assert another.recv(1) == b""

        thread = threading.Thread(target=cancel)
        thread.start()
        with pytest.raises(DatabaseError, match="57014"):
            connection.run("SELECT pg_sleep(20)")
        thread.join(10)


@pytest.fixture
def by_token(server):
    """A role that signs in by IAM."""
    with server.administrator() as admin:
        if not admin.run("SELECT 1 FROM pg_roles WHERE rolname = 'by_token'"):
            admin.run("CREATE ROLE by_token LOGIN IN ROLE rds_iam")
    return "by_token"


def test_a_token_lets_a_member_of_rds_iam_in(server, front, by_token):
    token = tokens.make(front.port, by_token)
    with served(front) as (ours, _raised), connect(server, ours, by_token, token) as connection:
        assert connection.run("SELECT current_user") == [["by_token"]]


def test_a_wrong_token_is_refused_as_rds_does_and_the_log_says_why(server, front, by_token, capfd):
    token = tokens.make(front.port, by_token, secret="another")
    with served(front) as (ours, _raised), pytest.raises(DatabaseError) as caught:
        connect(server, ours, by_token, token)
    found = caught.value.args[0]
    assert (found["C"], found["M"]) == ("28000", 'PAM authentication failed for user "by_token"')
    written = capfd.readouterr().err
    assert "The token of 'by_token' is refused: the signature is not" in written
    assert token not in written


def test_who_shows_nothing_at_all_is_refused(server, front, by_token):
    with served(front) as (ours, _raised):
        ours.sendall(b"\0\0\0\x08" + protocol.SSL_REQUEST.to_bytes(4, "big"))
        assert ours.recv(1) == b"S"
        context = ssl.create_default_context(cafile=server.ca_file)
        with context.wrap_socket(ours, server_hostname=HOST) as encrypted:
            words = f"user\0{by_token}\0database\0shop\0\0".encode()
            encrypted.sendall((len(words) + 8).to_bytes(4, "big") + (196608).to_bytes(4, "big") + words)
            assert protocol.message(encrypted) == protocol.CLEARTEXT_PASSWORD
            encrypted.sendall(b"Q\0\0\0\x05\0")
            assert b"PAM authentication failed" in protocol.message(encrypted)


def test_without_an_emulator_an_access_key_is_its_own_secret(front):
    assert front.secret("some", "user") == Secret("some")


@pytest.fixture
def emulator():
    """An emulator that lets one access key pass, and what it was asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path, question))
            allowed = {"refused": "", "secret": "its secret", "session": "its session"}
            body = json.dumps(allowed if question["access_key"] == "AKIA" else {"refused": "it may not"}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments):
            pass

    with http.server.HTTPServer((HOST, 0), Handler) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://{HOST}:{made.server_port}", asked
        made.shutdown()
        thread.join()


def test_the_emulator_knows_what_an_access_key_may(front, emulator):
    url, asked = emulator
    front = dataclasses.replace(front, port=5432, emulator=url, keys={"root": "local"})
    assert front.secret("AKIA", "shop") == Secret("its secret", "its session")
    assert asked == [
        (module.EMULATOR_PATH, {"access_key": "AKIA", "user": "shop", "port": 5432, "region": front.region})
    ]
    with pytest.raises(TokenRefused, match="it may not"):
        front.secret("other", "shop")
    assert front.secret("root", "shop") == Secret("local")
    assert len(asked) == 2


def test_without_an_answer_of_the_emulator_s_nobody_passes(front):
    away = dataclasses.replace(front, emulator=f"http://{HOST}:{free_port()}")
    with pytest.raises(TokenRefused, match="the emulator does not know"):
        away.secret("AKIA", "shop")


def test_a_server_that_is_not_there_is_a_broken_connection(server, front, tmp_path):
    away = Front(0, tmp_path / "nobody", front.certificate, [])
    with served(away) as (ours, raised), pytest.raises((InterfaceError, OSError)):
        connect(server, ours)
    assert isinstance(raised[0], FileNotFoundError)


def test_what_is_no_client_is_hung_up_on(front):
    with served(front) as (ours, raised):
        ours.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(ConnectionResetError):  # its words were not all read
            assert ours.recv(1) or ours.recv(1) is None
    assert isinstance(raised[0], protocol.ProtocolError)


def test_a_killed_server_is_a_refused_connection(server):
    server.process().kill()
    server.front().wait(5)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, server.port))
    assert server.start() is True
    with server.administrator() as admin:  # what the killed one left behind says that it is ready
        assert admin.run("SELECT 1") == [[1]]


def test_a_killed_front_is_started_again_with_the_server(server):
    before = server.process()
    front = server.front()
    front.kill()
    front.wait(5)
    assert server.start() is True
    assert server.process().pid != before.pid
    assert not port_is_free(server.port)


def test_a_front_that_is_ended_ends_its_server(server):
    server.front().terminate()
    deadline = time.monotonic() + 10
    while server.process() or server.front():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert server.start() is True


def test_a_server_that_dies_in_a_storm_of_connections_takes_its_front_along(server):
    """The news of its end comes while processes for connections are made."""
    storm = threading.Event()

    def knock():
        while not storm.is_set():
            try:
                socket.create_connection((HOST, server.port), 1).close()
            except OSError:
                time.sleep(0.001)

    threads = [threading.Thread(target=knock) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            time.sleep(0.2)
            assert server.stop(signal.SIGQUIT) is True  # which waits for both
            assert server.start() is True
    finally:
        storm.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def signals(monkeypatch):
    """The handlers that are set, by signal, instead of this process's own."""
    handlers = {}
    monkeypatch.setattr(module.signal, "signal", handlers.__setitem__)
    monkeypatch.setattr(module.signal, "set_wakeup_fd", lambda *_arguments, **_options: -1)
    return handlers


@pytest.fixture
def children(monkeypatch):
    """What waitpid says, one after the other: children that have ended, then that there are others."""
    ended = []
    monkeypatch.setattr(module.os, "waitpid", lambda _pid, _flags: (ended.pop(0) if ended else 0, 0))
    return ended


@contextmanager
def listening(front, clients):
    """Yield a listener that has clients waiting."""
    with socket.create_server((HOST, 0)) as listener:
        connections = [socket.create_connection(listener.getsockname()) for _ in range(clients)]
        yield listener
        for connection in connections:
            connection.close()


class Forked(Exception):
    """The process of a connection."""


def test_each_connection_has_a_process(front, signals, children, monkeypatch):
    forked, served_here = iter([17, 0]), []
    monkeypatch.setattr(module.os, "fork", lambda: next(forked))

    def connection(_front, client, _context):
        served_here.append(client.getsockname())
        raise Forked

    monkeypatch.setattr(module, "_connection", connection)
    with listening(front, 2) as listener:
        with pytest.raises(Forked):
            module.listen(front, listener, 99)
        assert listener.fileno() == -1  # it is the parent's
    assert len(served_here) == 1


def test_the_end_of_the_server_is_the_front_s(front, signals, children, monkeypatch):
    monkeypatch.setattr(module.os, "fork", lambda: 1)
    children[:] = [0, 17, 18, 0, 99]  # at the beginning none; then two connections; then the server
    with listening(front, 2) as listener:
        module.listen(front, listener, 99)
    assert children == []


def test_a_signal_wakes_the_loop(front, children, monkeypatch):
    woken = []

    def wake(number, **_options):
        if number >= 0:
            children[:] = [0, 99]
            os.write(number, b"\x11")  # as the interpreter does, whatever the process is doing
            woken.append(number)

    monkeypatch.setattr(module.signal, "set_wakeup_fd", wake)
    handlers = {}
    monkeypatch.setattr(module.signal, "signal", handlers.__setitem__)
    with listening(front, 0) as listener:
        module.listen(front, listener, 99)
    assert (len(woken), children) == (1, [])
    assert handlers[signal.SIGCHLD](signal.SIGCHLD, None) is None


def test_a_server_that_never_came_up_is_noticed(front, signals, children):
    children[:] = [99]
    with listening(front, 0) as listener:
        module.listen(front, listener, 99)


def test_nothing_to_wait_for_is_no_end(monkeypatch):
    def waitpid(_pid, _flags):
        raise ChildProcessError

    monkeypatch.setattr(module.os, "waitpid", waitpid)
    assert module.ended(99) is False


@pytest.mark.parametrize("gone", [False, True])
def test_a_request_to_stop_is_the_server_s(front, signals, children, monkeypatch, gone):
    asked = []

    def kill(pid, number):
        asked.append((pid, number))
        if gone:
            raise ProcessLookupError

    monkeypatch.setattr(module.os, "kill", kill)
    children[:] = [99]
    with listening(front, 0) as listener:
        module.listen(front, listener, 99)
    signals[signal.SIGTERM](signal.SIGTERM, None)
    assert asked == [(99, signal.SIGINT)]


@pytest.mark.parametrize("error", [None, ConnectionResetError(), protocol.ProtocolError("no client")])
def test_a_connection_s_process_ends_in_silence(front, signals, monkeypatch, error):
    codes = []

    def serve(_self, _client, _context):
        if error:
            raise error

    monkeypatch.setattr(Front, "serve", serve)
    monkeypatch.setattr(module.os, "_exit", codes.append)
    module._connection(front, None, None)
    assert codes == [0]
    assert signals == {signal.SIGCHLD: signal.SIG_DFL, signal.SIGTERM: signal.SIG_DFL}


def test_it_listens_before_it_starts_the_server(front, server, monkeypatch):
    seen = []
    popen = module.subprocess.Popen

    def start(command, **options):
        seen.append((port_is_free(given.port), command))
        process = popen(["true"])
        process.wait()
        return process

    given = Front(free_port(), server.socket, front.certificate, ["postgres", "-D", "x"], None)
    monkeypatch.setattr(module.subprocess, "Popen", start)
    monkeypatch.setattr(module, "listen", lambda front_, _listener, pid: seen.append((front_, pid > 0)))
    module.main(given.arguments()[-1])
    assert seen == [(False, ["postgres", "-D", "x"]), (given, True)]
