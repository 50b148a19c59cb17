"""Nobody gets the password who cannot prove to be the database, and no setting encrypts without looking."""

import os
import socket
import ssl
import struct
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pg8000.core
import pytest
from pg8000.exceptions import InterfaceError

from lib.common import rds_ca
from lib.local_cloud.names import HOST
from tests.support.database import TestServer
from tests.support.tls_front import Authority, Front

# pylint: disable=redefined-outer-name

Connect = Callable[..., Any]
NAME = "localhost"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Whom the functions trust here."""
    return Authority(tmp_path)


@pytest.fixture
def verified(connect: Connect, authority: Authority) -> Callable[[Front], Any]:
    """Makes a Database that trusts the authority, in front of the real server."""

    def make(front: Front, **environ: str) -> Any:
        settings = {
            "DB_HOST": NAME,
            "DB_PORT": str(front.port),
            "DB_CA_FILE": str(authority.file),
        }
        return connect(**settings | environ)

    return make


def test_the_right_name_and_authority_are_accepted(
    verified: Callable[..., Any], authority: Authority, postgres: TestServer
) -> None:
    """The bytes go through TLS: the front asks for it, and what comes back is the server's."""
    with Front(postgres.server, authority.serve(NAME)) as front:
        database = verified(front)
        assert database.run("SELECT 1 + CAST(:n AS int)", seconds=5, n=1) == [[2]]
        assert front.asked == [True]
        assert isinstance(database._connection._usock, ssl.SSLSocket)  # pylint: disable=protected-access
        database.close()


def test_verification_is_the_default(connect: Connect, authority: Authority, postgres: TestServer) -> None:
    """Without a file of authorities in the environment nothing is trusted but the certificates of RDS."""
    with Front(postgres.server, authority.serve(NAME)) as front:
        environ = postgres.environ | {"DB_HOST": NAME, "DB_PORT": str(front.port)}
        del environ["DB_CA_FILE"]
        database = connect()
        database._environ = environ  # pylint: disable=protected-access  # connect() adds to the environment, only
        with pytest.raises(ssl.SSLCertVerificationError):
            database.run("SELECT 1", seconds=5)


def test_another_authority_is_refused_at_once(
    verified: Callable[..., Any], tmp_path: Path, postgres: TestServer
) -> None:
    """It is no outage, so nothing is tried again."""
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    with Front(postgres.server, other.serve(NAME)) as front:
        began = time.monotonic()
        with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
            verified(front).run("SELECT 1", seconds=30)
        assert time.monotonic() - began < 2
        assert (front.asked, front.turns) == ([True], 0)  # one connection, and not a byte of PostgreSQL in it
        with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
            verified(front).once("SELECT 1", seconds=30)


def test_another_name_is_refused_at_once(
    verified: Callable[..., Any], authority: Authority, postgres: TestServer
) -> None:
    """A certificate of the right authority for another server is no proof."""
    with Front(postgres.server, authority.serve("other.example")) as front:
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            verified(front).run("SELECT 1", seconds=30)
        assert (front.asked, front.turns) == ([True], 0)


def test_a_server_without_tls_never_sees_the_user(
    consumer: SimpleNamespace, verified: Callable[..., Any], postgres: TestServer
) -> None:
    """It refuses TLS, and the connection ends there."""
    with Front(postgres.server, None) as front:
        with pytest.raises(consumer.postgres.DatabaseUnavailable, match="InterfaceError"):
            verified(front).run("SELECT 1", seconds=0.05)
        assert (front.asked, front.turns) == ([True], 1)  # the question for TLS, and no more


class Opened(list[int]):
    """File descriptors of connections; ``closed`` tells of each whether it is."""

    @property
    def closed(self) -> list[bool]:
        """Look at them now: what is left to the garbage collector does not count."""
        return [not os.path.exists(f"/proc/self/fd/{number}") for number in self]


@pytest.fixture
def opened(consumer: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """The connections to the database that the test makes."""
    found, connect = Opened(), consumer.postgres.connect

    def listening(*arguments: Any) -> Any:
        sock = connect(*arguments)
        found.append(sock.fileno())
        return sock

    monkeypatch.setattr(consumer.postgres, "connect", listening)
    return found


def test_no_connection_stays_open_that_breaks_after_the_handshake(
    consumer: SimpleNamespace,
    verified: Callable[..., Any],
    authority: Authority,
    postgres: TestServer,
    opened: Opened,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The driver sends its first message and leaves the socket behind if it cannot."""

    def broken(*_arguments: object) -> None:
        raise InterfaceError("network error")

    with Front(postgres.server, authority.serve(NAME)) as front:
        database = verified(front)
        monkeypatch.setattr(pg8000.core, "_flush", broken)
        with pytest.raises(consumer.postgres.DatabaseUnavailable) as caught:
            database.once("SELECT 1", seconds=5)
        assert opened.closed == [True]
        assert caught.value.__context__ is not None  # the objects are still there


def test_a_connection_that_is_dropped_is_closed_at_once(
    verified: Callable[..., Any], authority: Authority, postgres: TestServer, opened: Opened
) -> None:
    """Whatever still refers to the driver's file, such as the traceback of what broke it."""
    with Front(postgres.server, authority.serve(NAME)) as front:
        database = verified(front)
        database.run("SELECT 1", seconds=5)
        assert opened.closed == [False]
        file = database._connection._sock  # pylint: disable=protected-access
        database.close()
        assert opened.closed == [True]
        file.close()


def test_a_server_that_ends_before_the_handshake_leaves_nothing_open(consumer: SimpleNamespace) -> None:
    """It said that it speaks TLS, and was killed."""
    timed = consumer.timed_socket
    with socket.create_server((HOST, 0)) as listener:
        sock = timed.connect(listener.getsockname()[:2], timed.Deadline(time.monotonic() + 5))
        descriptor = sock.fileno()
        server, _address = listener.accept()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, at once
        server.close()
        with pytest.raises(ConnectionResetError):
            consumer.postgres.tls_context(None).wrap_socket(sock, server_hostname=NAME)
        assert Opened([descriptor]).closed == [True]


def test_a_connection_that_is_made_too_late_is_closed(
    consumer: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time ends while the network connects."""
    opened, create, deadline = Opened(), socket.create_connection, consumer.timed_socket.Deadline(time.monotonic() + 5)

    def late(*arguments: Any) -> socket.socket:
        sock = create(*arguments)
        opened.append(sock.fileno())
        deadline.moment = time.monotonic()
        return sock

    monkeypatch.setattr(socket, "create_connection", late)
    with socket.create_server((HOST, 0)) as listener:
        with pytest.raises(TimeoutError):
            consumer.timed_socket.connect(listener.getsockname()[:2], deadline)
        assert opened.closed == [True]


def subjects(context: ssl.SSLContext) -> set[str]:
    """Return the common names of the authorities that a context trusts."""
    parts = [part for found in context.get_ca_certs() for (part,) in found["subject"]]
    return {value for name, value in parts if name == "commonName"}


def test_the_roots_of_rds_alone_are_trusted(consumer: SimpleNamespace) -> None:
    """Not the system's authorities: everybody can get a certificate from one of those."""
    names = subjects(consumer.postgres.tls_context(None))
    assert {rds_ca.COMMON_NAME.format(region=name) for name in rds_ca.regions()} <= names
    assert all(name.startswith("Amazon RDS ") for name in names)


def test_a_file_of_one_s_own_replaces_the_bundle(consumer: SimpleNamespace, authority: Authority) -> None:
    """For a database that is not RDS."""
    context = consumer.postgres.tls_context(str(authority.file))
    assert subjects(context) == {"Test CA"}
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED
