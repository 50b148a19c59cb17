"""The beginning of a connection in PostgreSQL's protocol, as far as who stands before a server has to understand it.

https://www.postgresql.org/docs/17/protocol-flow.html, https://www.postgresql.org/docs/17/protocol-message-formats.html
"""

import socket
import ssl
import struct
from collections.abc import Mapping
from dataclasses import dataclass

CANCEL_REQUEST, SSL_REQUEST, GSSENC_REQUEST = 80877102, 80877103, 80877104
MAX_STARTUP_BYTES = 10_000  # the server's own limit
MAX_MESSAGE_BYTES = 65_536  # of a password: a token with a session's token in it has some 2,000
AUTHENTICATION_OK = b"R" + struct.pack("!ii", 8, 0)
CLEARTEXT_PASSWORD = b"R" + struct.pack("!ii", 8, 3)


class ProtocolError(Exception):
    """The other side does not speak PostgreSQL's protocol, or left in the middle of a message."""


@dataclass(frozen=True)
class Message:
    """The first message of a client after its questions for encryption.

    Attributes:
        content: all of it, as it goes on to the server.
        code: the protocol's version, or what is asked for in its place.
    """

    content: bytes
    code: int

    @property
    def parameters(self) -> Mapping[str, str]:
        """What a startup message says: user, database, and settings."""
        words = self.content[8:].rstrip(b"\0").split(b"\0")
        texts = [word.decode("utf-8", errors="replace") for word in words]
        return dict(zip(texts[::2], texts[1::2], strict=False))


def read(connection: socket.socket, size: int) -> bytes:
    """Return exactly so many bytes.

    Raises:
        ProtocolError: the other side has ended the connection.
    """
    content = b""
    while len(content) < size:
        part = connection.recv(size - len(content))
        if not part:
            raise ProtocolError(f"the connection ended after {len(content)} of {size} bytes")
        content += part
    return content


def startup(client: socket.socket, context: ssl.SSLContext) -> tuple[socket.socket, Message]:
    """Return a client's connection, encrypted if it asks for that, and its first message.

    Args:
        client: a new connection.
        context: the server's certificate.

    Raises:
        ProtocolError: it is no client of PostgreSQL's.
        OSError: the connection is broken, or encryption cannot be agreed on.
    """
    connection = client
    while True:
        head = read(connection, 8)
        length, code = struct.unpack("!ii", head)
        if not 8 <= length <= MAX_STARTUP_BYTES:
            raise ProtocolError(f"a first message of {length} bytes")
        if code == SSL_REQUEST and connection is client:
            client.sendall(b"S")
            connection = context.wrap_socket(client, server_side=True)
        elif code in (SSL_REQUEST, GSSENC_REQUEST):
            connection.sendall(b"N")
        else:
            return connection, Message(head + read(connection, length - 8), code)


def message(connection: socket.socket) -> bytes:
    """Return the next message, its type and length included.

    Raises:
        ProtocolError: the connection has ended, or the message is too long.
    """
    head = read(connection, 5)
    (length,) = struct.unpack("!i", head[1:])
    if not 4 <= length <= MAX_MESSAGE_BYTES:
        raise ProtocolError(f"a message of {length} bytes")
    return head + read(connection, length - 4)


def fatal(code: str, text: str) -> bytes:
    """Return the message that ends a connection.

    Args:
        code: its SQLSTATE.
        text: what a person reads.
    """
    fields = b"".join(
        letter.encode() + value.encode() + b"\0"
        for letter, value in (("S", "FATAL"), ("V", "FATAL"), ("C", code), ("M", text))
    )
    return b"E" + struct.pack("!i", len(fields) + 5) + fields + b"\0"
