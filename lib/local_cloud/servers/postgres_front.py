"""The process before a PostgreSQL server: it has the port and the certificate, and starts the server behind it.

The server itself listens on a socket in a folder that nobody else can enter. Clients get what an RDS instance with
``rds.force_ssl=1`` gives them: TLS or a refusal
(https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html). Each connection has a
process of its own here too, which ends with it. Members of ``rds_iam``, whom the server trusts, show a token first.

    python -m lib.local_cloud.servers.postgres_front '{"port": 5432, ...}'
"""

import importlib
import json
import os
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from lib.common.json_types import JsonObject
from lib.local_cloud.names import HOST
from lib.local_cloud.servers import certificates, iam_tokens
from lib.local_cloud.servers import postgres_protocol as protocol
from lib.local_cloud.servers.relay import relay

SUPERUSER = "postgres"
AUTHENTICATION_SECONDS = 60.0  # the server's authentication_timeout
BACKLOG = 200
EMULATOR_SECONDS = 5.0
EMULATOR_PATH = "/_ministack/rds/iam-auth"
NOT_AUTHORIZED = "28000"  # invalid_authorization_specification


@dataclass(frozen=True)
class Front:
    """What is before one server.

    Attributes:
        port: where it listens.
        path: of the socket where the server listens.
        certificate: a file with the server's key and certificate.
        command: what starts the server.
        user: as whom the server runs, None for whoever runs this.
        region: that tokens of IAM are for.
        emulator: the URL of the emulated AWS, which knows access keys and what their owners may do. Without one an
            access key is its own secret.
        keys: the secrets of access keys that may do everything.
        host: the address of loopback where it listens.
    """

    port: int
    path: Path
    certificate: Path
    command: Sequence[str]
    user: str | None = None
    region: str = ""
    emulator: str = ""
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    host: str = HOST

    def arguments(self) -> list[str]:
        """Return the command that starts this in a process of its own."""
        return [sys.executable, "-m", __name__, json.dumps(vars(self), default=str)]

    @classmethod
    def read(cls, text: str) -> "Front":
        """Return what :meth:`arguments` wrote."""
        values: JsonObject = json.loads(text)
        return cls(**{**values, "path": Path(values["path"]), "certificate": Path(values["certificate"])})

    def context(self) -> ssl.SSLContext:
        """Return how TLS is spoken."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        return context

    def server(self) -> socket.socket:
        """Return a connection to the server.

        Raises:
            OSError: it is not there.
        """
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(self.path))
        except OSError:
            connection.close()
            raise
        return connection

    def serve(self, client: socket.socket, context: ssl.SSLContext) -> None:
        """Let a client in, or not, and be between it and the server until one of both has gone.

        Raises:
            ProtocolError: it is no client of PostgreSQL's.
            OSError: a connection broke.
        """
        client.settimeout(AUTHENTICATION_SECONDS)
        # A question and its answer are small: each goes out at once.
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection, first = protocol.startup(client, context)
        with connection, self.server() as server:
            server.settimeout(AUTHENTICATION_SECONDS)
            if first.code == protocol.CANCEL_REQUEST:
                server.sendall(first.content)
                server.recv(1)  # the server has nothing to say, and ends the connection when it has done it
                return
            refused = refusal(first.parameters, isinstance(connection, ssl.SSLSocket))
            if refused:
                connection.sendall(protocol.fatal(NOT_AUTHORIZED, refused))
                return
            server.sendall(first.content)
            answer = protocol.message(server)
            if answer == protocol.AUTHENTICATION_OK:  # the server trusts nobody else than members of rds_iam
                refused = self._ask_for_token(connection, first.parameters["user"])
                if refused:
                    connection.sendall(protocol.fatal(NOT_AUTHORIZED, refused))
                    return
            connection.sendall(answer)
            relay(connection, server)

    def _ask_for_token(self, connection: socket.socket, user: str) -> str:
        """Return why a user is refused, as RDS says it, or nothing; the reason is in the server's log."""
        connection.sendall(protocol.CLEARTEXT_PASSWORD)
        content = protocol.message(connection)
        try:
            if content[:1] != b"p":
                raise iam_tokens.TokenRefused("it is not a token")
            database = iam_tokens.Database(certificates.NAMES, self.port, self.region)
            database.verify(content[5:].rstrip(b"\0").decode("latin-1"), user, self.secret)
        except iam_tokens.TokenRefused as error:
            print(f"The token of {user!r} is refused: {error}.", file=sys.stderr, flush=True)
            return f'PAM authentication failed for user "{user}"'
        return ""

    def secret(self, access_key: str, user: str) -> iam_tokens.Secret:
        """Return what belongs to an access key, whose owner may connect as a user.

        Raises:
            TokenRefused: there is no such key, or its owner may not.
        """
        if access_key in self.keys or not self.emulator:
            return iam_tokens.Secret(self.keys.get(access_key, access_key))
        question = {"access_key": access_key, "user": user, "port": self.port, "region": self.region}
        url = f"{self.emulator}{EMULATOR_PATH}"
        try:
            with urllib.request.urlopen(  # noqa: S310  # the local cloud's own
                url, json.dumps(question).encode(), timeout=EMULATOR_SECONDS
            ) as response:
                answer = json.loads(response.read())
        except (OSError, ValueError) as error:
            raise iam_tokens.TokenRefused(f"the emulator does not know whether it may pass ({error})") from error
        if answer["refused"]:
            raise iam_tokens.TokenRefused(answer["refused"])
        return iam_tokens.Secret(answer["secret"], answer["session"])


def refusal(parameters: Mapping[str, str], encrypted: bool) -> str:
    """Return why a connection is refused, in PostgreSQL's words, or nothing."""
    user = parameters.get("user", "")
    whose = f'host "{HOST}", user "{user}", database "{parameters.get("database", user)}"'
    if not encrypted:
        return f"no pg_hba.conf entry for {whose}, no encryption"
    if user == SUPERUSER:  # RDS keeps its own superuser for itself
        return f"pg_hba.conf rejects connection for {whose}, SSL encryption"
    return ""


def ended(server: int) -> bool:
    """Take note of children that have ended; return whether the server is one of them."""
    with suppress(ChildProcessError):
        while (child := os.waitpid(-1, os.WNOHANG)[0]) != 0:
            if child == server:
                return True
    return False


def listen(front: Front, listener: socket.socket, server: int) -> None:
    """Accept connections until the server ends.

    A handler of a signal may run anywhere, in a hook of fork as well, where nothing can be raised: it wakes the loop.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(server, signal.SIGINT)  # it closes its connections and ends, and so does this

    listener.setblocking(False)
    waking, woken = socket.socketpair()
    with waking, woken:
        for end in (waking, woken):
            end.setblocking(False)
        signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.signal(signal.SIGTERM, stop)
        context = front.context()
        for module in iam_tokens.SIGNING:  # once, while the server starts, and not in each connection's process
            importlib.import_module(module)
        while not ended(server):
            select.select([listener, woken], [], [])
            with suppress(BlockingIOError):
                woken.recv(4096)
            with suppress(BlockingIOError):
                client, _address = listener.accept()
                with client:
                    if os.fork() == 0:
                        listener.close()
                        _connection(front, client, context)
        signal.set_wakeup_fd(-1)


def _connection(front: Front, client: socket.socket, context: ssl.SSLContext) -> None:
    """Serve a connection in a process that is its own, and end the process."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        front.serve(client, context)
    except (OSError, protocol.ProtocolError, struct.error):
        pass  # a side that has gone says nothing, as with the server alone
    finally:
        os._exit(0)  # nothing of the parent's is tidied up here


def main(text: str) -> None:
    """Listen, start the server, and let clients through to it until it ends.

    Raises:
        OSError: the port is taken, or the server cannot be started.
    """
    front = Front.read(text)
    with socket.create_server((front.host, front.port), backlog=BACKLOG) as listener:
        # It gets no signal of a terminal's: whoever started this ends it.
        server = subprocess.Popen(  # pylint: disable=consider-using-with  # it is waited for by listen
            front.command, stdin=subprocess.DEVNULL, user=front.user, cwd="/", process_group=0
        )
        listen(front, listener, server.pid)


if __name__ == "__main__":
    main(sys.argv[1])
