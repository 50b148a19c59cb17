"""Nobody gets the password who cannot prove to be the database, and no setting encrypts without looking."""

import ssl
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lib.common import rds_ca
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
