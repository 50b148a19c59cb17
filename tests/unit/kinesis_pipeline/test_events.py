"""Any record is either a valid event or poison with a reason that tells nothing of the payload."""

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.kinesis_pipeline import events as realistic
from tests.support import functions
from tests.support.kinesis_pipeline.kinesis import SHARD, event, read, record, records

MARK = "Zq7-leak"


def fate(consumer: SimpleNamespace, body: object) -> str | None:
    """Return the reason why a body is poison, or None when it is an event."""
    events, poison = read(consumer, records(body))
    assert len(events) + len(poison) == 1
    return poison[0].reason if poison else None


def test_a_valid_event_is_accepted_as_it_is(consumer: SimpleNamespace) -> None:
    """Its text is not changed, and the record that carried it is kept."""
    body = event()
    raw = records(body)
    events, poison = read(consumer, raw)
    assert poison == []
    assert events[0].text == realistic.encode(body).decode()
    assert events[0].event_id == body["event_id"]
    assert events[0].record == consumer.events.Record(SHARD, "1000", raw[0])


def test_an_event_is_sent_with_its_place_and_time(consumer: SimpleNamespace) -> None:
    """What the record says goes beside what the event says."""
    body = event()
    (found,), _ = read(consumer, records(body))
    assert json.loads(found.json()) == {
        "shard_id": SHARD,
        "sequence_number": "1000",
        "sub_sequence_number": 0,
        "arrived_at": 1767225600.25,
        "event": body,
    }


@pytest.mark.parametrize(
    "name", ["event_id", "event_type", "source", "occurred_at", "customer_id", "amount", "currency"]
)
def test_a_missing_field_is_poison(consumer: SimpleNamespace, name: str) -> None:
    """Every field but the attributes is required."""
    body = event()
    del body[name]
    assert fate(consumer, body) == "data: breaks the rule 'required'"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"event_id": MARK}, "data.event_id: breaks the rule 'pattern'"),
        ({"event_id": "0" * 8 + "-0000-0000-0000-" + "A" * 12}, "data.event_id: breaks the rule 'pattern'"),
        ({"event_id": "0" * 8 + "-0000-0000-0000-" + "0" * 12 + "\n"}, "data.event_id: breaks the rule 'pattern'"),
        ({"event_id": 7}, "data.event_id: breaks the rule 'type'"),
        ({"event_type": MARK}, "data.event_type: breaks the rule 'enum'"),
        ({"source": ""}, "data.source: breaks the rule 'pattern'"),
        ({"source": MARK * 9}, "data.source: breaks the rule 'pattern'"),
        ({"source": [MARK]}, "data.source: breaks the rule 'type'"),
        ({"occurred_at": MARK}, "data.occurred_at: breaks the rule 'format'"),
        ({"occurred_at": "2026-01-01T00:00:00"}, "data.occurred_at: breaks the rule 'format'"),
        ({"occurred_at": 1767225600}, "data.occurred_at: breaks the rule 'type'"),
        ({"occurred_at": "2026-02-30T10:00:00+00:00"}, "data.occurred_at: breaks the rule 'format'"),
        ({"occurred_at": "2026-02-29T10:00:00Z"}, "data.occurred_at: breaks the rule 'format'"),
        ({"occurred_at": "2026-01-01T24:00:00Z"}, "data.occurred_at: breaks the rule 'format'"),
        ({"customer_id": f"{MARK} x"}, "data.customer_id: breaks the rule 'pattern'"),
        ({"customer_id": f"{MARK}\n"}, "data.customer_id: breaks the rule 'pattern'"),
        ({"customer_id": "c" * 65}, "data.customer_id: breaks the rule 'pattern'"),
        ({"amount": 12.5}, "data.amount: breaks the rule 'type'"),
        ({"amount": MARK}, "data.amount: breaks the rule 'pattern'"),
        ({"amount": "1e3"}, "data.amount: breaks the rule 'pattern'"),
        ({"amount": "0.12345"}, "data.amount: breaks the rule 'pattern'"),
        ({"amount": "1" * 16}, "data.amount: breaks the rule 'pattern'"),
        ({"amount": "１"}, "data.amount: breaks the rule 'pattern'"),
        ({"currency": "eur"}, "data.currency: breaks the rule 'pattern'"),
        ({"currency": "EUR\n"}, "data.currency: breaks the rule 'pattern'"),
        ({"attributes": MARK}, "data.attributes: breaks the rule 'type'"),
        ({"attributes": {f"{MARK}{n}": n for n in range(51)}}, "data.attributes: breaks the rule 'maxProperties'"),
        ({f"{MARK}{n}": n for n in range(51)}, "data: breaks the rule 'maxProperties'"),
    ],
)
def test_each_rule_has_its_reason(consumer: SimpleNamespace, changes: dict[str, Any], reason: str) -> None:
    """The reason names the place and the rule, and nothing of the value."""
    assert fate(consumer, event(**changes)) == reason
    assert MARK not in reason


@pytest.mark.parametrize("body", [None, MARK, 7, True, [event()]])
def test_json_that_is_no_object_is_poison(consumer: SimpleNamespace, body: object) -> None:
    """A list of events is no event either."""
    assert fate(consumer, body) == "data: breaks the rule 'type'"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        MARK.encode(),
        b"\xff\xfe\xfd",
        realistic.encode(event())[:-1],
        realistic.encode(event()) + b"}",
        json.dumps(event(attributes={"x": float("nan")})).encode(),
        json.dumps(event(attributes={"x": float("inf")})).encode(),
        b"[" * 200_000,
        json.dumps(event(attributes={"x": 1}), ensure_ascii=False).encode("utf-16").replace(b"x\0", b"\0\xd8"),
    ],
    ids=["empty", "text", "bytes", "cut", "more", "NaN", "Infinity", "deep", "half a character"],
)
def test_what_is_no_json_is_poison(consumer: SimpleNamespace, data: bytes) -> None:
    """Python's reader is more lenient than JSON is, and runs out of stack where a payload wants it to."""
    assert fate(consumer, data) == "not JSON"


@pytest.mark.parametrize("data", [MARK, "Zq7=é", "e30", "e3 0="])
def test_what_is_no_base64_is_poison(consumer: SimpleNamespace, data: str) -> None:
    """Kinesis never sends such a record; whoever replays one by hand may."""
    _, poison = read(consumer, [record(1, data)])
    assert [found.reason for found in poison] == ["not JSON"]


def nested(levels: int) -> bytes:
    """Return a valid event but for its depth: as many levels as asked for."""
    inner = levels - 2  # the event and its attributes
    return (
        json.dumps(event(attributes={"x": 0}))
        .encode()
        .replace(b'{"x": 0}', b'{"x": ' + b"[" * inner + b"]" * inner + b"}")
    )


def test_as_deep_as_promised_is_an_event(consumer: SimpleNamespace) -> None:
    """The limit itself is allowed."""
    assert fate(consumer, nested(consumer.schema.DEEPEST)) is None


@pytest.mark.parametrize("more", [1, 900])
def test_deeper_is_poison(consumer: SimpleNamespace, more: int) -> None:
    """Such an event could be read but neither be written as JSON again nor be stored, and it would block its batch."""
    assert fate(consumer, nested(consumer.schema.DEEPEST + more)) == "data: nested deeper than 32 levels"


def test_objects_count_as_levels_too(consumer: SimpleNamespace) -> None:
    """Depth is depth, of lists or of objects."""
    body: dict[str, Any] = {}
    for _ in range(consumer.schema.DEEPEST):
        body = {"x": body}
    assert fate(consumer, event(attributes=body)) == "data: nested deeper than 32 levels"


def test_a_wide_event_is_not_a_deep_one(consumer: SimpleNamespace) -> None:
    """Many lists beside each other are no nesting."""
    assert fate(consumer, event(attributes={"x": [[] for _ in range(100)]})) is None


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "a": 1}', '{"a": 1, "\\u0061": 2}', '[{"b": {"": 1, "c": 2, "": 3}}]'],
    ids=["twice", "spelled differently", "deep"],
)
def test_a_name_that_occurs_twice_is_poison(consumer: SimpleNamespace, text: str) -> None:
    """Who reads the first of them sees another event than who reads the last."""
    data = realistic.encode(event(attributes={"x": 0})).replace(b'"x":0', b'"x":' + text.encode())
    assert fate(consumer, data) == "data: a name occurs twice in one object"


def test_a_field_that_occurs_twice_is_poison(consumer: SimpleNamespace) -> None:
    """Of the event itself too."""
    assert fate(consumer, realistic.encode(event())[:-1] + b',"amount":"0.01"}') is not None


def test_a_field_that_nobody_knows_is_no_poison(consumer: SimpleNamespace) -> None:
    """A producer may be deployed before the consumer learns what it sends."""
    assert fate(consumer, event(loyalty={"points": 12})) is None


def test_a_field_that_nobody_knows_can_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the stack's setting says."""
    monkeypatch.setenv("UNKNOWN_FIELDS", "refuse")
    strict = functions.load("kinesis_pipeline", "consumer")
    assert fate(strict, event(**{MARK: MARK})) == "data: breaks the rule 'additionalProperties'"
    assert fate(strict, event()) is None


@pytest.mark.parametrize("moment", ["2024-02-29T23:59:59Z", "2026-01-31T10:00:00.123456-11:30", "2026-01-31t10:00:00z"])
def test_a_time_with_an_offset_is_valid(consumer: SimpleNamespace, moment: str) -> None:
    """Leap days, fractions, offsets other than UTC, and the small letters that RFC 3339 allows."""
    assert fate(consumer, event(occurred_at=moment)) is None


def test_what_producers_send_is_sorted_as_they_mean_it(consumer: SimpleNamespace) -> None:
    """A batch of real events and of each kind of poison; the character PostgreSQL cannot store is its own to refuse."""
    good = list(realistic.make(50, "sorted"))
    bad = [realistic.poison(number, "sorted") for number in range(5)]
    events, poison = read(consumer, records(*good[:25], *bad, *good[25:]))
    bodies = [json.loads(found.text) for found in events]
    assert [body for body in bodies if body["attributes"].keys() != {"note"}] == good
    assert [(found.record.sequence_number, found.reason) for found in poison] == [
        ("1025", "not JSON"),
        ("1026", "data.amount: breaks the rule 'type'"),
        ("1027", "data: a name occurs twice in one object"),
        ("1028", "data.occurred_at: breaks the rule 'format'"),
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
FIELDS = st.sampled_from(
    ["event_id", "event_type", "source", "occurred_at", "customer_id", "amount", "currency", "attributes"]
)
NEARLY = st.dictionaries(FIELDS, JSON, max_size=3).map(lambda changes: realistic.encode(event(**changes)))


@settings(deadline=None)  # the machine may be busy
@given(data=st.binary(max_size=200) | JSON.map(realistic.encode) | NEARLY)
def test_any_bytes_are_an_event_or_poison(consumer: SimpleNamespace, data: bytes) -> None:
    """Never an exception, and whatever is called an event can be sent to the database."""
    events, poison = read(consumer, [record(1, base64.b64encode(data).decode())])
    assert len(events) + len(poison) == 1
    for found in events:
        json.loads(found.json())


@settings(deadline=None)  # the machine may be busy
@given(data=st.text(max_size=50))
def test_any_text_in_place_of_base64_is_an_event_or_poison(consumer: SimpleNamespace, data: str) -> None:
    """Never an exception."""
    events, poison = read(consumer, [record(1, data)])
    assert len(events) + len(poison) == 1


@settings(deadline=None)  # the machine may be busy
@given(
    field=FIELDS,
    junk=st.text("abcdefgh", min_size=5, max_size=70),
    wrap=st.sampled_from([str, lambda junk: [junk], lambda junk: {junk: junk}]),
)
def test_no_reason_holds_anything_of_the_payload(consumer: SimpleNamespace, field: str, junk: str, wrap: Any) -> None:
    """Wherever a value stands, and whether as a value or as a name."""
    reason = fate(consumer, event(**{field: wrap(junk)})) or ""
    assert junk not in reason.replace(field, "")
    assert junk not in (fate(consumer, event(**{junk: 1})) or "").replace(field, "")
