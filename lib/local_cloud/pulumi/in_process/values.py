"""Values as they travel between a Pulumi program and Pulumi's engine, with secrets, assets and references unpacked."""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from lib.common.json_types import JsonObject, JsonValue

# pulumi.runtime.rpc's own marks, https://www.pulumi.com/docs/reference/pkg/python/pulumi/
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  # Pulumi's mark of a secret value
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
MASK = "[secret]"


class UnknownValue(ValueError):
    """An input whose value the program does not know."""


@dataclass(frozen=True)
class Content:
    """An asset or an archive: a file, a folder, a text, or several of them under names of their own."""

    path: str = ""
    text: str = ""
    parts: tuple[tuple[str, "Content"], ...] = ()

    def read(self) -> bytes:
        """Return the bytes: of the file, or of a zip file with fixed times, so that equal content is equal."""
        if self.parts or (Path(self.path).is_dir() and self.path):
            return self._zipped()
        return Path(self.path).read_bytes() if self.path else self.text.encode()

    def _zipped(self) -> bytes:
        paths = sorted(path for path in Path(self.path).rglob("*") if path.is_file()) if not self.parts else []
        files = [(path.relative_to(self.path).as_posix(), path.read_bytes()) for path in paths]
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in [*files, *((name, part.read()) for name, part in self.parts)]:
                archive.writestr(zipfile.ZipInfo(name), content)
        return buffer.getvalue()

    def __repr__(self) -> str:
        return hashlib.sha256(self.read()).hexdigest()  # what a state's fingerprint is made of


def plain(value: JsonValue) -> tuple[JsonValue, bool]:
    """Return a value without its wrappings, and whether any of it is secret.

    Raises:
        UnknownValue: a part of it is not known.
    """
    if isinstance(value, list):
        items = [plain(item) for item in value]
        return [item for item, _secret in items], any(secret for _item, secret in items)
    if isinstance(value, dict):
        return _unpacked(value) if SIGNATURE in value else _fields(value)
    if value == UNKNOWN:
        raise UnknownValue
    whole = isinstance(value, float) and value.is_integer()  # every number travels as a float
    return int(value) if whole else value, False


def _fields(value: JsonObject) -> tuple[JsonObject, bool]:
    fields = {name: plain(item) for name, item in value.items()}
    return {name: item for name, (item, _secret) in fields.items()}, any(secret for _item, secret in fields.values())


def _unpacked(value: JsonObject) -> tuple[JsonValue, bool]:
    mark = value[SIGNATURE]
    if mark == SECRET:
        return plain(value["value"])[0], True
    if mark == RESOURCE:
        return value.get("id", value["urn"]), False
    if mark in (ASSET, ARCHIVE) and {"path", "text", "assets"} & set(value):
        parts = tuple((name, plain(part)[0]) for name, part in sorted(value.get("assets", {}).items()))
        return Content(value.get("path", ""), value.get("text", ""), parts), False
    raise UnknownValue("an asset of a kind that this way does not know: give a file or a text")


def texts(value: JsonValue) -> tuple[str, ...]:
    """Return every text in a value."""
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return tuple(text for item in items for text in texts(item))
    return (value,) if isinstance(value, str) and value else ()


def secret(value: JsonValue) -> JsonObject:
    """Return a value wrapped as a secret."""
    return {SIGNATURE: SECRET, "value": value}


def masked(value: JsonValue) -> JsonValue:
    """Return a value to show: secrets replaced, the rest unpacked."""
    if isinstance(value, dict) and value.get(SIGNATURE) == SECRET:
        return MASK
    if isinstance(value, dict) and SIGNATURE not in value:
        return {name: masked(item) for name, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    return plain(value)[0]
