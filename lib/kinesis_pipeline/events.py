"""Realistic shop events, and ones that are broken in realistic ways."""

import json
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

TYPES = ("order_placed", "payment_captured", "order_shipped", "order_returned")
WEIGHTS = (50, 30, 15, 5)
CURRENCIES = ("EUR", "EUR", "EUR", "CHF", "GBP", "USD")
CHANNELS = ("web", "app", "shop", "phone")
START = datetime(2026, 1, 1, tzinfo=UTC)


def make(count: int, source: str) -> Iterator[dict[str, object]]:
    """Yield valid events; the same source yields the same events again.

    Args:
        count: how many.
        source: who sends them; also what the pseudo-random choices follow from.
    """
    chance = random.Random(source)  # noqa: S311 - test data, to be the same again
    for number in range(count):
        kind = chance.choices(TYPES, WEIGHTS)[0]
        amount = Decimal(chance.randrange(199, 89_999)).scaleb(-2)
        yield {
            "event_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:tap:{source}:{number}")),
            "event_type": kind,
            "source": source,
            "occurred_at": (START + timedelta(seconds=number)).isoformat(),
            "customer_id": f"customer-{chance.randrange(500):04}",
            "amount": str(-amount if kind == "order_returned" else amount),
            "currency": chance.choice(CURRENCIES),
            "attributes": {"channel": chance.choice(CHANNELS), "items": chance.randrange(1, 9)},
        }


def encode(event: object) -> bytes:
    """Return an event as a record's data."""
    return json.dumps(event, separators=(",", ":")).encode()


def poison(number: int, source: str) -> bytes:
    """Return data that can never be an event: five kinds in turn.

    Cut short; an amount as a float; an amount twice; 30 February; a character that PostgreSQL cannot store.
    """
    good = next(make(1, f"{source}-poison-{number}"))
    broken: tuple[bytes, ...] = (
        encode(good)[:-9],
        encode({**good, "amount": 12.5}),
        encode(good)[:-1] + b',"amount":"0.01"}',
        encode({**good, "occurred_at": "2026-02-30T10:00:00+00:00"}),
        encode({**good, "source": source, "attributes": {"note": "\x00"}}),
    )
    return broken[number % len(broken)]
