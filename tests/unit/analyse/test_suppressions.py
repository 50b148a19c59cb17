"""What is accepted has a reason and an end; an entry without either is refused, an expired one accepts nothing."""

from datetime import date

import pytest

from lib.analyse.model import Finding
from lib.analyse.suppressions import Entry, Suppressions, key
from lib.common.errors import SettingError

TODAY, CHECKS = date(2026, 11, 23), ("zombie-volume", "log-cost")
VOLUME = Finding(
    "vol-1", "arn:aws:ec2:r:1:volume/vol-1", "gp3", "low", "t", tags={"Keep": "yes", "Team": "web", "Empty": ""}
)
RULE = Finding("sgr-1", "arn:x", "web-port", "low", "t", details={"group_id": "sg-1", "group_name": "public-web"})


def entry(**values: str) -> Entry:
    return Entry(reason="r", expires=TODAY, **values)


@pytest.mark.parametrize(
    ("given", "finding", "matches"),
    [
        (entry(id="vol-1"), VOLUME, True),
        (entry(id="vol-2"), VOLUME, False),
        (entry(id=VOLUME.arn), VOLUME, True),
        (entry(id="sg-1"), RULE, True),
        (entry(tag="Keep"), VOLUME, True),
        (entry(tag="Keep=yes"), VOLUME, True),
        (entry(tag="Keep=no"), VOLUME, False),
        (entry(tag="Keep="), VOLUME, False),
        (entry(tag="Empty="), VOLUME, True),
        (entry(tag="Empty"), VOLUME, True),
        (entry(tag="Keep=*"), VOLUME, True),
        (entry(tag="Team=w*"), VOLUME, True),
        (entry(tag="Other"), VOLUME, False),
        (entry(pattern="public-*"), RULE, True),
        (entry(pattern="private-*"), RULE, False),
        (entry(id="vol-1", check="zombie-volume"), VOLUME, True),
        (entry(id="vol-1", check="log-cost"), VOLUME, False),
    ],
)
def test_an_entry_matches_by_id_tag_or_pattern(given, finding, matches):
    assert given.matches("zombie-volume", finding) is matches


def read(tmp_path, text: str) -> Suppressions:
    path = tmp_path / "ignore.toml"
    path.write_text(text, encoding="utf-8")
    return Suppressions.read(path, TODAY, CHECKS)


def test_an_entry_holds_up_to_its_last_day(tmp_path):
    days = "".join(f'[[ignore]]\nid = "{day}"\nreason = "r"\nexpires = 2026-11-{day}\n' for day in (22, 23, 24))
    found = read(tmp_path, days)
    assert [e.id for e in found.valid] == ["23", "24"]
    assert [e.public() for e in found.expired] == [{"id": "22", "reason": "r", "expires": "2026-11-22"}]


def test_the_first_entry_that_matches_gives_the_reason():
    entries = [entry(id="other"), entry(tag="Keep"), entry(id="vol-1")]
    assert Suppressions(entries).match("c", VOLUME) is entries[1]
    assert Suppressions(entries).match("c", RULE) is None


def test_no_file_ignores_nothing():
    assert Suppressions.read(None, TODAY, CHECKS) == Suppressions()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[ignore]]\nid = 'x'\nexpires = 2027-01-01", "the reason is missing"),
        ("[[ignore]]\nid = 'x'\nreason = ' '\nexpires = 2027-01-01", "the reason is missing"),
        ("[[ignore]]\nid = 'x'\nreason = 'r'", "expires=None is no date"),
        ("[[ignore]]\nid = 'x'\nreason = 'r'\nexpires = '2027-01-01'", "is no date"),
        ("[[ignore]]\nid = 'x'\nreason = 'r'\nexpires = 2027-01-01T00:00:00Z", "is no date"),
        ("[[ignore]]\nreason = 'r'\nexpires = 2027-01-01", "exactly one of id, tag, pattern, region"),
        (
            "[[ignore]]\nid = 'x'\ntag = 'y'\nreason = 'r'\nexpires = 2027-01-01",
            "exactly one of id, tag, pattern, region",
        ),
        ("[[ignore]]\nid = 'x'\nuntil = 2027-01-01", "is refused"),
        ("[[ignore]]\nid = ['x', 'y']\nreason = 'r'\nexpires = 2027-01-01", "id=.'x', 'y'. is no text"),
        ("[[ignore]]\nid = 'x'\nreason = ['r']\nexpires = 2027-01-01", "reason=.'r'. is no text"),
        ("[[ignore]]\nid = 'x'\ncheck = 1\nreason = 'r'\nexpires = 2027-01-01", "check=1 is no text"),
        ("ignore = [1]", "1 is refused"),
        ("ignore = 1", "something else than"),
        ("[[accept]]\nid = 'x'", "something else than"),
        ("[[ignore", "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_with_an_example(tmp_path, text, message):
    with pytest.raises(SettingError, match=message) as caught:
        read(tmp_path, text)
    assert "expires = 2027-06-30" in str(caught.value)


def test_an_unknown_check_is_refused_with_those_that_there_are(tmp_path):
    with pytest.raises(SettingError, match="check='volumes' is unknown: use one of log-cost, zombie-volume"):
        read(tmp_path, "[[ignore]]\nid = 'x'\ncheck = 'volumes'\nreason = 'r'\nexpires = 2027-01-01")


def test_entries_that_gave_no_reason_are_told():
    used, unused = entry(id="vol-1", check="log-cost"), entry(id="vol-1", check="zombie-volume")
    assert Suppressions([used, unused]).unmatched({key(used.public())}) == [unused]


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(SettingError, match="cannot be read"):
        Suppressions.read(tmp_path / "none", TODAY, CHECKS)
