"""Clients that trust the local authority know to whom they speak, and nobody else reads the server's key."""

import socket
import ssl
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.local_cloud.servers import certificates


def handshake(folder, ca_file, name):
    """Let a client that verifies speak to a server; return the server's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / certificates.SERVER)
    ours, theirs = socket.socketpair()
    with ours, theirs, ThreadPoolExecutor() as pool:
        answering = pool.submit(context.wrap_socket, theirs, server_side=True)
        try:
            with ssl.create_default_context(cafile=ca_file).wrap_socket(ours, server_hostname=name) as client:
                found = client.getpeercert()
        finally:
            ours.close()
            answering.exception(10)
    answering.result().close()
    return found


@pytest.mark.parametrize("name", certificates.NAMES)
def test_a_client_that_verifies_everything_is_satisfied(tmp_path, name):
    folder = certificates.provide(tmp_path)
    assert handshake(folder, folder / certificates.AUTHORITY, name)


def test_another_name_is_refused(tmp_path):
    folder = certificates.provide(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(folder, folder / certificates.AUTHORITY, "other.example")


def test_another_authority_is_refused(tmp_path):
    (tmp_path / "ca.pem").write_bytes(certificates.Authority().certificate)
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
        handshake(certificates.provide(tmp_path), tmp_path / "ca.pem", "localhost")


def test_the_key_is_for_its_owner_alone(tmp_path):
    file = certificates.provide(tmp_path) / certificates.SERVER
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "PRIVATE KEY" in file.read_text()


def test_they_are_made_once_whoever_comes_first(tmp_path):
    with ThreadPoolExecutor() as pool:
        assert set(pool.map(certificates.provide, [tmp_path] * 8)) == {tmp_path / certificates.FOLDER}
    before = (tmp_path / certificates.FOLDER / certificates.SERVER).read_bytes()
    assert (certificates.provide(tmp_path) / certificates.SERVER).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [certificates.FOLDER]
