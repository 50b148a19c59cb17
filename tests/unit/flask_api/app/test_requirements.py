"""The image installs what the tests ran with, nothing else, and only files with a known hash."""

import re
import tomllib

from tests.support.flask_api import FOLDER

ROOT = FOLDER.parents[1]
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)((?: ;.*?)?) \\$", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
TEXT = (FOLDER / "app" / "requirements.txt").read_text(encoding="utf-8")
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def pins(text: str) -> dict[str, tuple[str, set[str]]]:
    """Return version and hashes of each package."""
    starts = [*PIN.finditer(text)]
    ends = [match.start() for match in starts[1:]] + [len(text)]
    return {
        match[1]: (match[2], set(HASH.findall(text[match.end() : end])))
        for match, end in zip(starts, ends, strict=True)
    }


def test_each_pin_is_the_lock_s() -> None:
    """Version and hashes."""
    locked = pins(LOCK)
    found = pins(TEXT)
    assert len(found) > 10
    assert {name: locked.get(name) for name in found} == found
    assert all(hashes for _, hashes in found.values())


def test_no_line_is_anything_else() -> None:
    """No registry's address, no option, no package without a hash."""
    for line in TEXT.splitlines():
        assert PIN.match(f"{line}") or re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line), line


def test_what_the_project_declares_for_the_application_is_there() -> None:
    """And boto3, which reads the password again."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    declared = {re.split(r"[\[<>=~ ]", name)[0] for name in groups["app"]} | {"boto3", "psycopg-binary", "psycopg-pool"}
    assert declared <= pins(TEXT).keys()
