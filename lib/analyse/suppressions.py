"""The ignore file: what is known and accepted, each entry with a reason and the day on which it ends."""

import fnmatch
import json
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from lib.analyse.model import Finding
from lib.common.errors import SettingError
from lib.common.json_types import JsonMapping

_GAPS = ("region", "prefix_list", "account")  # what may be left unread
_WAYS = ("id", "tag", "pattern", *_GAPS)
_EXAMPLE = (
    '[[ignore]] with id, tag ("Key=value"), pattern, region, prefix_list or account, a reason, and expires = 2027-06-30'
)


@dataclass(frozen=True)
class Entry:
    """One accepted finding, kind of finding, or gap. Exactly one of the ways to match is set.

    ``region`` accepts that a region's calls are denied, ``prefix_list`` that a prefix list cannot be read,
    ``account`` that an account of the organization cannot be entered.
    """

    reason: str
    expires: date
    id: str = ""
    tag: str = ""
    pattern: str = ""
    region: str = ""
    prefix_list: str = ""
    account: str = ""
    check: str = ""

    def matches(self, check: str, finding: Finding) -> bool:
        """Return whether the entry is about a finding: by resource, group, rule or name."""
        if any(getattr(self, way) for way in _GAPS) or (self.check and self.check != check):
            return False
        if self.tag:
            name, given, value = self.tag.partition("=")
            return name in finding.tags and (not given or fnmatch.fnmatchcase(finding.tags[name], value))
        names = {finding.id, finding.arn, *(finding.details.get(key) or "" for key in ("group_id", "group_name"))}
        names.discard("")
        if self.id:
            return self.id in names
        return any(fnmatch.fnmatchcase(name, self.pattern) for name in names)

    def public(self) -> dict[str, str]:
        """Return the entry as the report has it."""
        way = next(name for name in _WAYS if getattr(self, name))
        check = {"check": self.check} if self.check else {}
        return {way: getattr(self, way), **check, "reason": self.reason, "expires": self.expires.isoformat()}


def key(public: Mapping[str, str]) -> str:
    """Return what tells an entry, as the report has it, from others."""
    return json.dumps(public, sort_keys=True)


def _entry(row: JsonMapping, number: int, path: Path, known: Collection[str]) -> Entry:
    where = f"{path}, entry {number}"
    if not isinstance(row, Mapping) or set(row) - {*_WAYS, "check", "reason", "expires"}:
        raise SettingError(f"{where}: {row!r} is refused: write {_EXAMPLE}.")
    if sum(bool(row.get(way)) for way in _WAYS) != 1:
        raise SettingError(f"{where}: exactly one of {', '.join(_WAYS)} is needed: write {_EXAMPLE}.")
    for name in (*_WAYS, "check", "reason"):
        if not isinstance(row.get(name, ""), str):
            raise SettingError(f"{where}: {name}={row[name]!r} is no text: write an entry for each, as {_EXAMPLE}.")
    if row.get("check", "") not in ("", *known):
        raise SettingError(f"{where}: check={row['check']!r} is unknown: use one of {', '.join(sorted(known))}.")
    if not row.get("reason", "").strip():
        raise SettingError(f"{where}: the reason is missing: write {_EXAMPLE}.")
    expires = row.get("expires")
    if not isinstance(expires, date) or isinstance(expires, datetime):
        raise SettingError(f"{where}: expires={expires!r} is no date: write {_EXAMPLE}.")
    texts = {name: row.get(name, "") for name in (*_WAYS, "check", "reason")}
    return Entry(expires=expires, **texts)


@dataclass(frozen=True)
class Suppressions:
    """The entries that hold today, and those whose day is past."""

    valid: Sequence[Entry] = ()
    expired: Sequence[Entry] = ()

    @classmethod
    def read(cls, path: Path | None, today: date, checks: Collection[str]) -> "Suppressions":
        """Return the entries of a file; an entry holds up to and including its last day.

        Args:
            path: the file, if there is one.
            today: the day of the run.
            checks: the ids of the checks that there are.

        Raises:
            SettingError: the file cannot be read, or an entry lacks a reason, a date or a way to match, names a check
                that there is not, or has a list in place of a text.
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
        entries = [_entry(row, number, path, checks) for number, row in enumerate(rows, 1)]
        return cls([e for e in entries if e.expires >= today], [e for e in entries if e.expires < today])

    def accepted(self, way: str, value: str) -> Entry | None:
        """Return the entry that accepts a gap: ``way`` is region, prefix_list or account."""
        return next((entry for entry in self.valid if getattr(entry, way) == value), None)

    def unmatched(self, seen: Collection[str]) -> list[Entry]:
        """Return the entries that hold today and gave no finding its reason; ``seen`` are keys of those that did."""
        return [entry for entry in self.valid if key(entry.public()) not in seen]

    def match(self, check: str, finding: Finding) -> Entry | None:
        """Return the first entry that is about a finding, if there is one."""
        return next((entry for entry in self.valid if entry.matches(check, finding)), None)
