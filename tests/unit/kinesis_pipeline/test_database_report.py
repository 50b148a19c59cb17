"""The database function tells what is stored, to the cent, and which actions it knows."""

from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from pg8000.native import Connection

from tests.support.functions import Context
from tests.support.kinesis_pipeline.kinesis import events, read, records


def test_a_report_on_nothing_is_of_zeros(admin: Any, sql: Connection) -> None:
    """There is no first and no last event."""
    del sql
    report = admin.handler.handler({"action": "report"}, Context())
    assert report == {
        "rows": 0,
        "distinct": 0,
        "amount": "0",
        "first_stored_at": None,
        "last_stored_at": None,
        "migrations": sorted(path.name for path in admin.handler.MIGRATIONS.glob("*.sql")),
    }


def test_a_report_counts_and_adds_up(
    admin: Any, sql: Connection, consumer: SimpleNamespace, as_consumer: Callable[..., Any]
) -> None:
    """All sources or one of them, exact to the cent."""
    mine, others = events(20), events(5)
    found, _ = read(consumer, records(*mine, *others))
    consumer.store.store(as_consumer(), found, 10.0)
    everything = admin.handler.handler({"action": "report", "source": None}, Context())
    assert (everything["rows"], everything["distinct"]) == (25, 25)
    assert Decimal(everything["amount"]) == sum(Decimal(body["amount"]) for body in mine + others)
    ((first, last),) = sql.run("SELECT min(stored_at)::text, max(stored_at)::text FROM stored_events")
    assert (everything["first_stored_at"], everything["last_stored_at"]) == (first, last)
    one = admin.handler.handler({"action": "report", "source": mine[0]["source"]}, Context())
    assert (one["rows"], one["distinct"]) == (20, 20)
    assert Decimal(one["amount"]) == sum(Decimal(body["amount"]) for body in mine)


def test_a_report_on_everything_has_as_long_as_the_function(
    admin: Any, sql: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than any other statement, whose limit is the connection's; afterwards there is that limit again."""
    del sql
    slow = "SELECT count(*), 0, pg_sleep(1)::text, current_setting('statement_timeout'), NULL FROM stored_events"
    monkeypatch.setattr(admin.handler, "REPORT", slow)
    monkeypatch.setattr(admin.handler.database, "_answer_seconds", 0.5)
    admin.handler.database.close()
    margin = admin.migrations.MARGIN_SECONDS
    report = admin.handler.handler({"action": "report"}, Context(margin + 20.0))
    assert report["first_stored_at"] == "20s"
    assert admin.handler.database.run("SHOW statement_timeout", seconds=5) == [["400ms"]]


@pytest.mark.parametrize("event", [{}, {"action": "drop"}, {"action": None}])
def test_an_unknown_action_is_refused(admin: Any, event: dict[str, Any]) -> None:
    """The message says which there are."""
    with pytest.raises(ValueError, match=r"^action .* is unknown: use 'migrate', 'weeks' or 'report'\.$"):
        admin.handler.handler(event, None)
