"""Ids grow with time and are UUIDs of version 7; a cursor leads back to its id and nothing else is one."""

import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.flask_api.app import ids


def test_an_id_is_a_uuid_of_version_7() -> None:
    """RFC 9562: version, variant, and the time in milliseconds."""
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(ids.new())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000


def test_ids_are_distinct() -> None:
    """Also within a millisecond."""
    assert len({ids.new() for _ in range(2000)}) == 2000


def test_a_later_id_is_greater(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL compares UUIDs byte by byte, and so do texts of one length."""
    made = []
    for milliseconds in (0, 1, 2**32, 2**47):
        monkeypatch.setattr(ids.time, "time_ns", lambda now=milliseconds: now * 1_000_000)
        made.append(ids.new())
    assert made == sorted(made)


@given(st.uuids())
def test_a_cursor_leads_back(which: uuid.UUID) -> None:
    """Every id has a cursor that fits into a URL."""
    cursor = ids.cursor(str(which))
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&?#")
    assert ids.after(cursor) == str(which)


@given(st.from_regex(ids.CURSOR_PATTERN, fullmatch=True))
def test_whatever_looks_like_a_cursor_leads_to_an_id(text: str) -> None:
    """Also one that nobody made: its page is just another place in the list."""
    assert ids.valid(ids.after(text))


def test_the_first_page_begins_after_every_id() -> None:
    """Nothing is greater."""
    assert ids.new() < ids.after("") == ids.LAST


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "urn:uuid:01936a5e-7c00-7000-8000-000000000000",
        "01936a5e7c0070008000000000000000",
        "01936a5e-7c00-7000-8000-00000000000g",
        "01936a5e-7c00-7000-8000-000000000000\n",
        "\u0661" * 8,
    ],
)
def test_a_text_that_is_no_id(text: str) -> None:
    """One way of writing is enough."""
    assert not ids.valid(text)


def test_an_id_may_be_written_in_capitals() -> None:
    """RFC 9562, section 4: in either case on input."""
    assert ids.valid(ids.new().upper())
