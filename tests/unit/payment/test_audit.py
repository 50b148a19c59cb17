"""A chain of audit records is whole, or whatever was done to it is noticed."""

import hashlib
import json
from types import SimpleNamespace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

# pylint: disable=redefined-outer-name

PAYMENT, CREATED = "pay_b", "2026-11-23T23:59:59.000000Z"


@pytest.fixture(scope="module")
def audit(modules: SimpleNamespace) -> SimpleNamespace:
    """The module."""
    return modules.audit


def chain(audit, count=4, payment_id=PAYMENT):
    """Return the entries of one payment."""
    made, head = [], audit.NOTHING
    for number in range(count):
        made.append(
            audit.entry(
                head,
                payment_id=payment_id,
                created=CREATED,
                at=f"2026-12-0{number + 1}T00:00:00Z",
                event="payment_refunded",
                data={"amount": "1.00", "note": "für Ada", "number": number},
            )
        )
        head = made[-1].head
    return made


def bodies(entries):
    """Return them as they are kept."""
    return [entry.body.encode() for entry in entries]


def forged(audit, record, **changes):
    """Return a record with other content, its own hash made right."""
    found = {**json.loads(record), **changes}
    found.pop("hash")
    text = json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return json.dumps(
        {**found, "hash": hashlib.sha256(text.encode()).hexdigest()},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode()


def test_a_record_is_canonical_json_with_the_hash_of_the_rest(audit):
    entry = chain(audit, 1)[0]
    record = json.loads(entry.body)
    assert list(record) == sorted(record)
    assert " " not in entry.body.replace("für Ada", "")
    digest = record.pop("hash")
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert digest == hashlib.sha256(text.encode()).hexdigest() == entry.head.hash
    assert (record["sequence"], record["previous"], record["version"]) == (1, "0" * 64, 1)


def test_the_records_of_a_payment_are_under_its_day_in_their_order(audit):
    """The day of the payment, however late the refund, so that a chain is in one place."""
    keys = [entry.key for entry in chain(audit, 12)]
    assert keys[0] == "payments/2026/11/23/pay_b/000001.json"
    assert keys == sorted(keys)
    assert {key.rpartition("/")[0] + "/" for key in keys} == {audit.prefix(PAYMENT, CREATED)}


@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_a_whole_chain_is_whole_in_any_order(audit, count):
    entries = chain(audit, count)
    head = entries[-1].head if entries else audit.NOTHING
    assert audit.verify_chain(bodies(entries), head) == []
    assert audit.verify_chain(reversed(bodies(entries))) == []


@given(data=st.data())
def test_any_changed_byte_is_noticed(audit, data):
    records = bodies(chain(audit))
    which = data.draw(st.integers(0, len(records) - 1))
    place = data.draw(st.integers(0, len(records[which]) - 1))
    byte = data.draw(st.integers(0, 255))
    assume(records[which][place] != byte)
    records[which] = records[which][:place] + bytes([byte]) + records[which][place + 1 :]
    assert audit.verify_chain(records)


@given(st.lists(st.integers(0, 3), max_size=6))
def test_any_other_choice_of_records_is_noticed(audit, choice):
    """What is missing, what is there twice."""
    entries = chain(audit)
    wrong = audit.verify_chain([bodies(entries)[place] for place in choice], entries[-1].head)
    assert bool(wrong) == (sorted(choice) != [0, 1, 2, 3])


@pytest.mark.parametrize("which", range(4))
def test_a_record_that_was_forged_with_its_hash_breaks_the_next_one(audit, which):
    """Or, at the end of the chain, differs from what the payment's row says."""
    entries = chain(audit)
    records = bodies(entries)
    records[which] = forged(audit, records[which], data={"amount": "9.00"})
    (wrong,) = audit.verify_chain(records, entries[-1].head)
    assert wrong.startswith(f"record {which + 2}: it was not written after" if which < 3 else "the chain ends with")


def test_a_chain_that_was_forged_from_the_beginning_ends_otherwise(audit):
    """All hashes are right; only the row knows better."""
    mine, others = chain(audit), chain(audit)
    head = audit.NOTHING
    for place, entry in enumerate(others):
        record = forged(audit, entry.body, previous=head.hash, data={"amount": "9.00"})
        head = audit.Head(place + 1, json.loads(record)["hash"])
        others[place] = audit.Entry(entry.key, record.decode(), head)
    assert audit.verify_chain(bodies(others)) == []
    assert audit.verify_chain(bodies(others), mine[-1].head) == [
        "the chain ends with record 4, and not with record 4 as it should be"
    ]


def test_a_missing_end_is_noticed_by_the_row_only(audit):
    entries = chain(audit)
    assert audit.verify_chain(bodies(entries[:3])) == []
    assert audit.verify_chain(bodies(entries[:3]), entries[-1].head) == [
        "the chain ends with record 3, and not with record 4 as it should be"
    ]


@pytest.mark.parametrize("sequence", [1, 3, 7])
def test_a_record_with_another_number_is_noticed(audit, sequence):
    """Although its hash and the one before it are right."""
    entries = chain(audit, 2)
    wrong = audit.verify_chain([bodies(entries)[0], forged(audit, entries[1].body, sequence=sequence)])
    assert [text for text in wrong if text.startswith(f"record {sequence}: ")]


@given(st.data())
def test_a_record_is_kept_to_the_byte(audit, data):
    """White space that means nothing to JSON is none of the record's."""
    entry = chain(audit, 1)[0]
    places = [0, len(entry.body), *(place + 1 for place, sign in enumerate(entry.body) if sign in "{,:}")]
    place = data.draw(st.sampled_from(places))
    padded = f"{entry.body[:place]}{data.draw(st.sampled_from([' ', chr(10)]))}{entry.body[place:]}"
    assert audit.verify_chain([padded.encode()])


def test_a_record_of_another_payment_is_noticed(audit):
    entries, foreign = chain(audit), forged(audit, chain(audit)[1].body, payment_id="pay_c")
    records = bodies(entries)
    records[1] = foreign
    assert audit.verify_chain(records, entries[-1].head)[0] == "record 2: it is of another payment"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"1",
        b'{"hash": 1}',
        b'{"sequence": 1}',
        b"\xff",
        b"[" * 100_000,
        b'{"hash":"x","sequence":NaN}',
    ],
)
def test_what_is_no_record_is_told_and_not_raised(audit, body):
    assert audit.verify_chain([body])


@pytest.mark.parametrize("changes", [{"extra": 1}, {"sequence": "1"}, {"sequence": True}, {"sequence": 1.0}])
def test_a_record_with_other_members_is_none(audit, changes):
    """Even when its hash is right."""
    entry = chain(audit, 1)[0]
    wrong = audit.verify_chain([forged(audit, entry.body, **changes)])
    assert wrong
    assert audit.verify_chain([forged(audit, entry.body)], entry.head) == []
