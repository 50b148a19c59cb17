"""A front for a PostgreSQL that was built without TLS: it speaks TLS, pipes bytes, counts and cuts.

PostgreSQL's clients ask for TLS with a message of their own before the handshake:
https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
"""

import datetime
import select
import socket
import socketserver
import ssl
import struct
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lib.local_cloud.names import HOST

SSL_REQUEST = struct.pack("!ii", 8, 80877103)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """A certificate authority: its certificate in a file, and servers' certificates on demand."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(_name("Test CA"), self._key.public_key(), x509.BasicConstraints(True, None))
        self.file = folder / "ca.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *extensions: Any) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(_name("Test CA"))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def serve(self, host: str) -> ssl.SSLContext:
        """Return the TLS context of a server with a certificate for a host name."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(_name(host), key.public_key(), x509.SubjectAlternativeName([x509.DNSName(host)]))
        file = self._folder / f"{host}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


class _Connection(socketserver.BaseRequestHandler):
    server: "Front"

    def handle(self) -> None:
        """Speak TLS if the client asks for it, then pipe until one side is gone."""
        # What is suppressed: a handshake that the client broke off, or a side that is gone.
        with socket.create_connection((HOST, self.server.behind)) as inner, suppress(OSError), self._outer() as outer:
            self._pipe(outer, inner)

    def _outer(self) -> socket.socket:
        first = self.request.recv(len(SSL_REQUEST), socket.MSG_PEEK)
        self.server.asked.append(first == SSL_REQUEST)
        if first == SSL_REQUEST and self.server.context:
            self.request.recv(len(SSL_REQUEST))
            self.request.sendall(b"S")
            return self.server.context.wrap_socket(self.request, server_side=True)
        return self.request

    def _pipe(self, outer: socket.socket, inner: socket.socket) -> None:
        asking = False
        while not self.server.stopping.is_set():
            pending = isinstance(outer, ssl.SSLSocket) and outer.pending()
            for ready in [outer] if pending else select.select([outer, inner], [], [], 0.05)[0]:
                data = ready.recv(65536)
                if not data:
                    return
                if ready is outer and not asking:
                    self.server.turns += 1
                asking = ready is outer
                if not asking and self.server.swallow:
                    self.server.swallow -= 1
                    return
                (inner if asking else outer).sendall(data)


class Front(socketserver.ThreadingTCPServer):
    """Listens on a loopback port in front of another one; use it in a ``with`` statement.

    Args:
        behind: the real server's port.
        context: how to speak TLS; without it the SSLRequest goes to the real server.

    ``turns`` counts round trips, ``asked`` tells for each connection whether it asked for TLS, and ``swallow``
    is how many of the server's next answers get lost, with the connection.
    """

    def __init__(self, behind: int, context: ssl.SSLContext | None = None) -> None:
        super().__init__((HOST, 0), _Connection)
        self.behind, self.context = behind, context
        self.turns = self.swallow = 0
        self.asked: list[bool] = []
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def server_close(self) -> None:
        """Stop listening and end every connection."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        super().server_close()
