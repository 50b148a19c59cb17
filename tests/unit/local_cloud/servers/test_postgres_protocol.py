"""The beginning of a connection is read as PostgreSQL's documentation has it, and nothing else is taken for one."""

import socket
import ssl
import struct
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.local_cloud.servers import certificates
from lib.local_cloud.servers import postgres_protocol as protocol

VERSION = 196608  # 3.0


def request(code):
    return struct.pack("!ii", 8, code)


def first(**parameters):
    """Return a startup message."""
    words = b"".join(f"{name}\0{value}\0".encode() for name, value in parameters.items()) + b"\0"
    return struct.pack("!ii", len(words) + 8, VERSION) + words


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """A server's context, and that of a client that trusts it."""
    folder = certificates.provide(tmp_path_factory.mktemp("tls"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / certificates.SERVER)
    return context, ssl.create_default_context(cafile=folder / certificates.AUTHORITY)


def said(content, context=None):
    """Return what a client's bytes begin, or raise what they are refused with."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(content)
        ours.shutdown(socket.SHUT_WR)
        return protocol.startup(theirs, context)[1]


def test_parameters_are_read():
    found = said(first(user="shop", database="orders"))
    assert (found.code, found.parameters) == (VERSION, {"user": "shop", "database": "orders"})
    assert found.content == first(user="shop", database="orders")


def test_what_asks_for_kerberos_is_told_no_and_goes_on():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(request(protocol.GSSENC_REQUEST) + first(user="x"))
        assert protocol.startup(theirs, None)[1].parameters == {"user": "x"}
        assert ours.recv(10) == b"N"


def test_what_asks_for_tls_gets_it_once(tls):
    server, client = tls
    ours, theirs = socket.socketpair()
    with ours, theirs, ThreadPoolExecutor() as pool:
        answering = pool.submit(protocol.startup, theirs, server)
        ours.sendall(request(protocol.SSL_REQUEST))
        assert ours.recv(1) == b"S"
        with client.wrap_socket(ours, server_hostname="localhost") as encrypted:
            encrypted.sendall(request(protocol.SSL_REQUEST))
            assert encrypted.recv(1) == b"N"
            encrypted.sendall(first(user="x"))
            connection, message = answering.result(10)
        with connection:
            assert isinstance(connection, ssl.SSLSocket)
        assert message.parameters == {"user": "x"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "ended after 0 of 8 bytes"),
        (b"GET / HTTP/1.1\r\n\r\n", "a first message of 1195725856 bytes"),
        (struct.pack("!ii", 7, VERSION), "a first message of 7 bytes"),
        (struct.pack("!ii", 10_001, VERSION), "a first message of 10001 bytes"),
        (first(user="x")[:-3], "ended after"),
    ],
)
def test_what_is_no_client_is_refused(content, words):
    with pytest.raises(protocol.ProtocolError, match=words):
        said(content)


def test_a_message_is_read_to_its_end():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"p" + struct.pack("!i", 9) + b"word\0" + b"X")
        assert protocol.message(theirs) == b"p" + struct.pack("!i", 9) + b"word\0"


@pytest.mark.parametrize("length", [3, -1, 65_537])
def test_a_message_without_a_sensible_length_is_refused(length):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"p" + struct.pack("!i", length))
        with pytest.raises(protocol.ProtocolError, match=f"a message of {length} bytes"):
            protocol.message(theirs)


def test_an_error_has_its_length_and_fields():
    content = protocol.fatal("28000", "no")
    assert struct.unpack("!i", content[1:5]) == (len(content) - 1,)
    assert content[5:].split(b"\0") == [b"SFATAL", b"VFATAL", b"C28000", b"Mno", b"", b""]
