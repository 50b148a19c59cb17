"""Events come in weeks, which are made ahead and go as a whole; an id goes behind its week (lambda/.../weeks.py)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from tests.support.functions import Context

# pylint: disable=redefined-outer-name

OWN = Path(__file__).parents[3] / "lambda" / "kinesis_pipeline" / "database" / "migrations"
UNTIL, LONG_AGO = "+ interval '5 weeks'", "- interval '20 weeks'"
DAYS = 30
ADD = """
INSERT INTO stored_events (event_id, event_type, source, occurred_at, customer_id, amount, currency, attributes,
                           shard_id, sequence_number, arrived_at, stored_at)
SELECT gen_random_uuid(), 'order_placed', 's', now(), 'c', 1, 'EUR', '{}', 'shard', '1', now(),
       now() - CAST(:days AS float8) * interval '24 hours'
FROM generate_series(1, CAST(:count AS int)) ON CONFLICT DO NOTHING
"""
PARTS = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'stored_events'::regclass ORDER BY 1"


def monday(weeks: int = 0) -> date:
    """Return the Monday of this week, or so many weeks later."""
    today = datetime.now(UTC).date()
    return today - timedelta(days=today.weekday()) + timedelta(weeks=weeks)


def named(*weeks: int) -> list[str]:
    """Return the names of weeks, by how far they are from this one."""
    return [f"events_{monday(week):%Y_%m_%d}" for week in weeks]


@pytest.fixture
def handler(load: Callable[[], Any], write: Callable[[str, str], None]) -> Any:
    """The function, with a table of before that took events until sixteen weeks ago."""
    for path in OWN.glob("*.sql"):
        write(path.name, path.read_text(encoding="utf-8").replace(UNTIL, LONG_AGO))
    found = load()
    found.migrate(30.0)
    return found


@pytest.fixture
def keep(handler: Any) -> Callable[..., Any]:
    """Looks after the weeks."""

    def run(days: int = DAYS, seconds: float = 60.0) -> Any:
        return handler.weeks.keep(handler.database, seconds, days)

    return run


def add(connection: Connection, days: float = 0.0, count: int = 1) -> None:
    """Add events that were stored so many days ago."""
    connection.run(ADD, days=days, count=count)


def counts(connection: Connection) -> tuple[int, int]:
    """Return how many events and how many ids there are."""
    ((events, ids),) = connection.run("SELECT (SELECT count(*) FROM stored_events), (SELECT count(*) FROM event_ids)")
    return events, ids


def test_weeks_are_there_before_they_begin(keep: Callable[..., Any], fresh: Connection) -> None:
    """This one and four more; the next run finds them, and makes none."""
    done = keep()
    assert (done.made, done.ahead) == (named(0, 1, 2, 3, 4), 4)
    assert keep().made == []
    assert [name for (name,) in fresh.run(PARTS) if name[7:8].isdigit()] == named(0, 1, 2, 3, 4)


def test_an_event_goes_into_its_week(keep: Callable[..., Any], fresh: Connection) -> None:
    keep()
    add(fresh)
    assert fresh.run("SELECT tableoid::regclass::text FROM stored_events") == [[named(0)[0]]]


def test_a_week_begins_on_monday_at_midnight_utc(keep: Callable[..., Any], fresh: Connection) -> None:
    """Wherever the session is."""
    fresh.run("SET TimeZone = 'America/New_York'")
    keep()
    for hours in (-1, 0):
        moment = datetime.combine(monday(1), datetime.min.time(), UTC) + timedelta(hours=hours)
        fresh.run(f"CREATE TEMPORARY VIEW moment{-hours} AS SELECT CAST('{moment.isoformat()}' AS timestamptz) AS at")
        fresh.run(ADD.replace("now() - CAST(:days", f"(SELECT at FROM moment{-hours}) - CAST(:days"), days=0.0, count=1)
    found = fresh.run("SELECT tableoid::regclass::text FROM stored_events ORDER BY stored_at")
    assert [name for (name,) in found] == named(0, 1)


def test_an_event_without_a_week_is_stored_and_moves_into_its_week(keep: Callable[..., Any], fresh: Connection) -> None:
    """The schedule stopped, or a clock goes wrong: nothing is refused, and nothing stays behind."""
    add(fresh)
    add(fresh, days=50)
    assert fresh.run("SELECT count(*) FROM events_without_week") == [[2]]
    done = keep(days=400)
    past = monday_of(50)
    assert done.made == [f"events_{past:%Y_%m_%d}", *named(0, 1, 2, 3, 4)]
    assert fresh.run("SELECT count(*) FROM events_without_week") == [[0]]
    assert counts(fresh) == (2, 2)


def monday_of(days: int) -> date:
    """Return the Monday of the week of so many days ago."""
    day = (datetime.now(UTC) - timedelta(days=days)).date()
    return day - timedelta(days=day.weekday())


def test_a_week_goes_when_all_of_it_is_old_enough(keep: Callable[..., Any], fresh: Connection) -> None:
    """With all ids of its events; what is younger stays."""
    keep()
    add(fresh, days=DAYS - 1)
    add(fresh, days=DAYS + 8, count=3)
    keep(days=400)  # the weeks of both
    done = keep()
    assert done.dropped == [f"events_{monday_of(DAYS + 8):%Y_%m_%d}"]
    assert (done.forgotten, counts(fresh)) == (3, (1, 1))


def test_a_week_stays_until_its_last_event_is_old_enough(keep: Callable[..., Any], fresh: Connection) -> None:
    """An event is kept for so many days at least, and an id for as long as its event."""
    add(fresh, days=DAYS + 1)
    keep(days=400)
    age = (
        datetime.now(UTC) - datetime.combine(monday_of(DAYS + 1) + timedelta(weeks=1), datetime.min.time(), UTC)
    ).days
    assert counts(fresh) == (1, 1)
    assert keep(days=age + 1).forgotten == 0
    assert counts(fresh) == (1, 1)
    assert keep(days=age).forgotten == 1


def test_ids_go_in_portions_and_all_of_them(
    keep: Callable[..., Any], fresh: Connection, handler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    weeks = handler.weeks
    monkeypatch.setattr(weeks, "FORGET", weeks.FORGET.replace(f"LIMIT {weeks.PORTION}", "LIMIT 2"))
    monkeypatch.setattr(weeks, "PORTION", 2)
    add(fresh, days=200, count=5)
    keep(days=400)
    assert counts(fresh) == (5, 5)
    assert keep().forgotten == 5
    assert counts(fresh) == (0, 0)


def test_ids_that_there_is_no_time_for_go_with_the_next_run(
    keep: Callable[..., Any], fresh: Connection, handler: Any
) -> None:
    """Until then an event that comes again is known, although it is gone."""
    add(fresh, days=200, count=5)
    keep(days=400)
    done = keep(seconds=handler.weeks.STEP_SECONDS)
    assert (len(done.dropped) > 0, done.forgotten, counts(fresh)) == (True, 0, (0, 5))
    ((event_id,),) = fresh.run("SELECT event_id::text FROM event_ids LIMIT 1")
    fresh.run(ADD.replace("gen_random_uuid()", f"'{event_id}'"), days=0.0, count=1)
    assert counts(fresh) == (0, 5)
    assert keep().forgotten == 5


def test_no_id_of_an_event_without_a_week_goes(keep: Callable[..., Any], fresh: Connection, handler: Any) -> None:
    """Its week may be one that has gone."""
    keep()
    add(fresh, days=200)
    fresh.run(handler.weeks.FORGET)
    assert counts(fresh) == (1, 1)


def test_an_event_is_one_row_whichever_week_it_comes_in(keep: Callable[..., Any], fresh: Connection) -> None:
    """PostgreSQL itself has no key over the weeks."""
    add(fresh, days=10)
    keep()
    ((event_id,),) = fresh.run("SELECT event_id::text FROM event_ids")
    fresh.run(ADD.replace("gen_random_uuid()", f"'{event_id}'"), days=0.0, count=1)
    assert counts(fresh) == (1, 1)


def test_a_week_that_was_made_is_not_made_again(handler: Any, keep: Callable[..., Any], fresh: Connection) -> None:
    """The answer was lost, and the statement is sent again."""
    keep()
    (name,), first, until = named(0), str(monday()), str(monday(1))
    fresh.run(handler.weeks.MAKE.format(name=name, first=first, until=until))
    assert keep().made == []


def test_who_reads_for_a_long_time_does_not_keep_writers_waiting(
    keep: Callable[..., Any], fresh: Connection, handler: Any
) -> None:
    """A week goes when it can: the run waits for a second, and ends with its time."""
    add(fresh, days=200)
    keep(days=400)
    fresh.run("START TRANSACTION")
    fresh.run("SELECT count(*) FROM stored_events")
    with pytest.raises(handler.migrations.DatabaseUnavailable, match="55P03"):
        keep(seconds=2.0)
    fresh.run("COMMIT")
    assert len(keep().dropped) > 0


def test_a_migration_and_a_run_wait_for_each_other(keep: Callable[..., Any], fresh: Connection, handler: Any) -> None:
    fresh.run(f"SELECT pg_advisory_lock({handler.migrations.LOCK})")
    with pytest.raises(handler.migrations.DatabaseUnavailable, match="another migration is running"):
        keep(seconds=0.5)


def test_without_a_table_of_events_it_is_an_error(load: Callable[[], Any]) -> None:
    """The deployment migrates first."""
    handler = load()
    with pytest.raises(DatabaseError, match="42P01"):
        handler.weeks.keep(handler.database, 5.0, DAYS)


def test_the_schedule_s_call_says_how_many_weeks_are_ahead(
    deployed: Callable[[str], Any], sql: Connection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the name that the alarm has."""
    del sql
    monkeypatch.setenv("EVENT_RETENTION_DAYS", str(DAYS))
    answer = deployed("database").handler({"action": "weeks"}, Context(60.0))
    assert answer["ahead"] == 4
    assert '"WeeksAhead":[4.0]' in capsys.readouterr().out
