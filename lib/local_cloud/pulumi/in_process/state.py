"""What the in-process way made: enough to know it again, and to remove it."""

import hashlib
import json
import os
import secrets
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import RLock

from lib.common.json_types import JsonMapping, JsonObject
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.servers.process import Server


@dataclass
class StateEntry:
    """One resource.

    Args:
        type: the Pulumi type.
        title: the logical name.
        region: where it is.
        server: which run of which emulator has it.
        inputs: a fingerprint of each input; the values are not kept.
        id: what AWS calls it.
        outputs: what the program could read, without secrets.
        handle: the parameters of its deletion.
        done: False while its making goes on, and forever where that was interrupted.
        differs: what the emulator could not give it: what, why.
    """

    type: str
    title: str
    region: str
    server: str
    inputs: dict[str, str]
    id: str = ""
    outputs: JsonObject = field(default_factory=dict)
    handle: JsonObject = field(default_factory=dict)
    done: bool = False
    differs: list[tuple[str, str]] = field(default_factory=list)


def identity(server: Server) -> str:
    """Return what tells this run of an emulator from another: it keeps everything in memory."""
    process = server.process()
    return f"{server.name} {process.pid}@{process.create_time()}" if process else "-"


def state_file(cloud: LocalCloud, stack: str) -> Path:
    """Return where a stack's state is."""
    return cloud.folder / "pulumi" / f"{stack}.json"


class StackState:
    """The records of one stack in the order of their making, in a file that is written after each change."""

    def __init__(self, path: Path, servers: Collection[str]) -> None:
        """Read the file, but for the records of emulators that have ended: nothing of those exists any more."""
        self._path, self._lock = path, RLock()
        self.records: dict[str, StateEntry] = {}
        self.exports: JsonObject = {}
        self._salt = secrets.token_hex(16)
        if path.exists():
            data = json.loads(path.read_text(encoding="utf-8"))
            entries = {urn: StateEntry(**record) for urn, record in data["records"].items()}
            self.records = {urn: record for urn, record in entries.items() if record.server in servers}
            self._salt, self.exports = data["salt"], data["exports"] if self.records else {}

    @classmethod
    def of(cls, cloud: LocalCloud, stack: str) -> "StackState":
        """Return a stack's state in a running cloud."""
        return cls(state_file(cloud, stack), [identity(server) for server in cloud.servers()])

    def fingerprints(self, inputs: JsonMapping) -> dict[str, str]:
        """Return a fingerprint of each input: salted, so that no short secret can be guessed from it."""
        return {
            name: hashlib.blake2b(
                json.dumps(value, sort_keys=True, default=repr).encode(), key=self._salt.encode(), digest_size=12
            ).hexdigest()
            for name, value in inputs.items()
        }

    def put(self, urn: str, record: StateEntry) -> None:
        """Write a record down; the first writing settles its place."""
        with self._lock:
            self.records[urn] = record
            self.save()

    def remove(self, urn: str) -> None:
        """Strike a record out."""
        with self._lock:
            del self.records[urn]
            self.save()

    def save(self) -> None:
        """Write the file, for its owner alone, in one go."""
        data = {
            "salt": self._salt,
            "exports": self.exports,
            "records": {urn: asdict(record) for urn, record in self.records.items()},
        }
        with self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            new = self._path.with_suffix(".new")
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                json.dump(data, file, indent=1)
            new.replace(self._path)

    def close(self) -> None:
        """Remove the file: nothing is left that it could speak of."""
        self._path.unlink(missing_ok=True)
