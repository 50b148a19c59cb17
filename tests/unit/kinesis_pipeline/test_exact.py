"""What is read back from PostgreSQL is what was sent, number for number; what differs at all is another event."""

import json
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pg8000.native import Connection

from lib.kinesis_pipeline.events import encode
from tests.support.kinesis_pipeline.kinesis import event, read, records

# pylint: disable=redefined-outer-name

Store = Callable[..., tuple[int, int, list[str]]]
CONFLICT = "another event was stored under this event_id"
OVERFLOW = "refused by the database (SQLSTATE 22003)"
EXAMPLES = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def store(consumer: SimpleNamespace, as_consumer: Callable[..., Any], sql: Connection) -> Store:
    """Stores the texts of events: how many were stored, how many were duplicates, and why others were refused."""
    del sql
    database = as_consumer()

    def run(*texts: bytes) -> tuple[int, int, list[str]]:
        valid, poison = read(consumer, records(*texts))
        assert poison == []
        stored, duplicates, refused, _unfinished, cause = consumer.store.store(database, valid, 10.0)
        assert cause == ""
        return stored, duplicates, [found.reason for found in refused]

    return run


def exactly(text: str) -> Any:
    """Read JSON without losing a digit."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def with_json(name: str, text: str, **changes: Any) -> bytes:
    """Return an event that has this JSON under a name, beside its other fields."""
    body = event(**changes)
    body.pop(name, None)
    return encode(body)[:-1] + f",{json.dumps(name)}:{text}}}".encode()


DIGITS = st.text("0123456789", min_size=1, max_size=40)
NUMBERS = st.builds(
    lambda sign, whole, fraction, exponent: sign + (whole.lstrip("0") or "0") + fraction + exponent,
    st.sampled_from(["", "-"]),
    DIGITS,
    st.just("") | DIGITS.map(lambda digits: f".{digits}"),
    st.just("") | st.integers(-1000, 1000).map(lambda power: f"e{power}"),
)
# Text without what jsonb cannot hold, which the database refuses: a zero character, and halves of characters.
TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=8)
VALUES = st.recursive(
    NUMBERS | st.sampled_from(["true", "false", "null"]) | TEXT.map(json.dumps),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]")
        | st.dictionaries(TEXT, inner, max_size=4).map(
            lambda items: f"{{{','.join(f'{json.dumps(name)}:{text}' for name, text in items.items())}}}"
        )
    ),
    max_leaves=12,
)


@EXAMPLES
@given(value=VALUES)
def test_attributes_are_stored_as_they_were_sent(store: Store, sql: Connection, value: str) -> None:
    """Any JSON, each number to its last digit."""
    sql.run("TRUNCATE stored_events, event_ids")
    assert store(with_json("attributes", f'{{"x":{value}}}')) == (1, 0, [])
    ((kept,),) = sql.run("SELECT attributes::text FROM stored_events")
    assert exactly(kept) == {"x": exactly(value)}


@EXAMPLES
@given(name=TEXT, value=VALUES)
def test_a_field_that_nobody_knows_is_stored_as_it_was_sent(
    store: Store, sql: Connection, name: str, value: str
) -> None:
    """Beside the columns, under its name."""
    assume(name not in event())
    sql.run("TRUNCATE stored_events, event_ids")
    assert store(with_json(name, value)) == (1, 0, [])
    ((kept,),) = sql.run("SELECT unmapped::text FROM stored_events")
    assert exactly(kept) == {name: exactly(value)}


@pytest.mark.parametrize("field", ["attributes", "later"])
@EXAMPLES
@given(one=NUMBERS, other=NUMBERS)
def test_a_second_event_is_a_duplicate_if_its_numbers_are_the_same(
    store: Store, field: str, one: str, other: str
) -> None:
    """However they are spelled; and another event if they are not, however near."""
    body = event()
    first, second = (with_json(field, f'{{"x":{number}}}', **body) for number in (one, other))
    same = exactly(one) == exactly(other)
    assert store(first, second) == ((1, 1, []) if same else (1, 0, [CONFLICT]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12345678901234567.89", "12345678901234568"),
        ("1e-400", "0"),
        ("1e400", "1e401"),
        ("0.1", "0.10000000000000001"),
    ],
)
def test_what_a_double_cannot_tell_apart_is_told_apart(store: Store, one: str, other: str) -> None:
    """As numbers of the attributes, and of a field that nobody knows."""
    for field in ("attributes", "later"):
        body = event()
        first, second = (with_json(field, f'{{"x":{number}}}', **body) for number in (one, other))
        assert float(one) == float(other) or one == "1e400"
        assert store(first, second, first) == (1, 1, [CONFLICT])


@pytest.mark.parametrize("number", ["1" * 131_072, "1e131071", "1e-16383", f"0.{'7' * 16_383}"])
def test_a_number_of_postgresqls_size_is_stored(store: Store, sql: Connection, number: str) -> None:
    """The limits are those of numeric: https://www.postgresql.org/docs/17/datatype-numeric.html ."""
    assert store(with_json("attributes", f'{{"x":{number}}}')) == (1, 0, [])
    ((kept,),) = sql.run("SELECT attributes::text FROM stored_events")
    assert exactly(kept) == {"x": Decimal(number)}


@pytest.mark.parametrize("number", ["1" * 131_073, "1e131072", "1e400000", "1e-16384", f"0.{'7' * 16_384}"])
def test_a_number_beyond_that_is_refused_instead_of_rounded(store: Store, number: str) -> None:
    """It is poison, and its neighbours are stored."""
    good = encode(event())
    assert store(good, with_json("attributes", f'{{"x":{number}}}'), encode(event())) == (2, 0, [OVERFLOW])


NANO, NANO_ELSEWHERE = "2026-03-01T12:00:00.123456789Z", "2026-03-01T14:00:00.12345678900+02:00"


@pytest.mark.parametrize(
    ("moment", "fraction"),
    [
        (NANO, {"occurred_at": Decimal("0.123456789")}),
        ("2026-03-01T12:00:00.9999999Z", {"occurred_at": Decimal("0.9999999")}),
        ("2026-03-01T12:00:00.123456000Z", {}),
        ("2026-03-01T12:00:00Z", {}),
    ],
)
def test_a_time_finer_than_a_microsecond_is_kept(
    store: Store, sql: Connection, moment: str, fraction: dict[str, Decimal]
) -> None:
    """Producers in Go and Java send nanoseconds; the column has microseconds."""
    assert store(encode(event(occurred_at=moment))) == (1, 0, [])
    ((kept,),) = sql.run("SELECT unmapped::text FROM stored_events")
    assert exactly(kept) == fraction


@pytest.mark.parametrize(
    ("other", "outcome"),
    [
        (NANO_ELSEWHERE, (1, 1, [])),
        ("2026-03-01T12:00:00.123456788Z", (1, 0, [CONFLICT])),
        ("2026-03-01T12:00:00.123457Z", (1, 0, [CONFLICT])),
    ],
)
def test_times_are_compared_to_the_last_digit(store: Store, other: str, outcome: tuple[int, int, list[str]]) -> None:
    """The same moment may be spelled in another time zone."""
    body = event(occurred_at=NANO)
    assert store(encode(body), encode({**body, "occurred_at": other})) == outcome


def test_a_field_more_is_another_event(store: Store) -> None:
    """Under the same id."""
    body = event()
    assert store(encode(body), encode({**body, "later": None})) == (1, 0, [CONFLICT])


def test_a_field_cannot_write_a_column_of_the_tables_own(store: Store, sql: Connection) -> None:
    """A producer's fields that are called like columns are fields that nobody knows."""
    extra = {"stored_at": "2000-01-01T00:00:00Z", "shard_id": "theirs", "unmapped": {"x": 1}}
    assert store(encode(event(**extra))) == (1, 0, [])
    ((shard, recent, kept),) = sql.run(
        "SELECT shard_id, stored_at > now() - interval '1 hour', unmapped FROM stored_events"
    )
    assert (shard.startswith("shardId-"), recent, kept) == (True, True, extra)
