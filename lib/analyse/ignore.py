"""The ignore file: what is known and accepted, each entry with a reason and the day on which it ends."""

import fnmatch
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from lib.analyse.model import Finding
from lib.common.errors import SettingError

_WAYS = ("id", "tag", "pattern")
_EXAMPLE = '[[ignore]] with id, tag ("Key=value") or pattern, a reason, and expires = 2027-06-30'


@dataclass(frozen=True)
class Entry:
    """One accepted finding or kind of finding. Exactly one of ``id``, ``tag`` and ``pattern`` is set."""

    reason: str
    expires: date
    id: str = ""
    tag: str = ""
    pattern: str = ""
    check: str = ""

    def matches(self, check: str, finding: Finding) -> bool:
        """Return whether the entry is about a finding: by resource, group, rule or name."""
        if self.check and self.check != check:
            return False
        if self.tag:
            key, _, value = self.tag.partition("=")
            return key in finding.tags and (not value or fnmatch.fnmatchcase(finding.tags[key], value))
        names = {finding.id, finding.arn, *(finding.details.get(key) or "" for key in ("group_id", "group_name"))}
        names.discard("")
        if self.id:
            return self.id in names
        return any(fnmatch.fnmatchcase(name, self.pattern) for name in names)

    def public(self) -> dict[str, str]:
        """Return the entry as the report has it."""
        way = next(name for name in _WAYS if getattr(self, name))
        return {way: getattr(self, way), "reason": self.reason, "expires": self.expires.isoformat()}


def _entry(row: Mapping[str, Any], number: int, path: Path) -> Entry:
    where = f"{path}, entry {number}"
    if not isinstance(row, Mapping) or set(row) - {*_WAYS, "check", "reason", "expires"}:
        raise SettingError(f"{where}: {row!r} is refused: write {_EXAMPLE}.")
    if sum(bool(row.get(way)) for way in _WAYS) != 1:
        raise SettingError(f"{where}: exactly one of id, tag and pattern is needed: write {_EXAMPLE}.")
    if not str(row.get("reason", "")).strip():
        raise SettingError(f"{where}: the reason is missing: write {_EXAMPLE}.")
    expires = row.get("expires")
    if not isinstance(expires, date) or isinstance(expires, datetime):
        raise SettingError(f"{where}: expires={expires!r} is no date: write {_EXAMPLE}.")
    texts = {name: str(row.get(name, "")) for name in (*_WAYS, "check", "reason")}
    return Entry(expires=expires, **texts)


@dataclass(frozen=True)
class Ignores:
    """The entries that hold today, and those whose day is past."""

    valid: Sequence[Entry] = ()
    expired: Sequence[Entry] = ()

    @classmethod
    def read(cls, path: Path | None, today: date) -> "Ignores":
        """Return the entries of a file; an entry holds up to and including its last day.

        Raises:
            SettingError: the file cannot be read, or an entry lacks a reason, a date or a way to match.
        """
        if path is None:
            return cls()
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SettingError(f"The ignore file {path} cannot be read: {error}. Write {_EXAMPLE}.") from None
        rows = data.get("ignore", [])
        if set(data) - {"ignore"} or not isinstance(rows, list):
            raise SettingError(f"The ignore file {path} has something else than [[ignore]] entries: write {_EXAMPLE}.")
        entries = [_entry(row, number, path) for number, row in enumerate(rows, 1)]
        return cls([e for e in entries if e.expires >= today], [e for e in entries if e.expires < today])

    def match(self, check: str, finding: Finding) -> Entry | None:
        """Return the first entry that is about a finding, if there is one."""
        return next((entry for entry in self.valid if entry.matches(check, finding)), None)
