"""Errors are told apart: an outage is waited for, refused data are named, a wrong statement is raised as it is."""

import traceback
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError

from tests.support.database import USER, Secrets

# pylint: disable=redefined-outer-name

Connect = Callable[..., Any]
RAISE = "DO $$ BEGIN RAISE EXCEPTION 'secret value' USING ERRCODE = '{code}'; END $$"


class Clock:
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.slept = 1000.0, []

    def monotonic(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(consumer: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The consumer's clock; the database answers in no time at all."""
    made = Clock()
    monkeypatch.setattr(consumer.postgres, "time", made)
    monkeypatch.setattr(consumer.timed_socket, "time", made)
    return made


def test_a_wrong_password_ends_with_the_time(consumer: SimpleNamespace, connect: Connect, clock: Clock) -> None:
    """It is told from other outages, and the password is not told."""
    # The first, again at once, and after each pause: one more try would be one too many.
    answers = iter([Secrets(USER, "never-Right.0").get_secret_value(SecretId="the-secret")] * 5)
    client = SimpleNamespace(get_secret_value=lambda SecretId: next(answers))
    with pytest.raises(consumer.postgres.DatabaseUnavailable) as caught:
        connect(lambda: client).run("SELECT 1", seconds=1)
    assert str(caught.value) == "no answer from the database within 1 s (SQLSTATE 28P01)"
    assert clock.slept == pytest.approx([0.1, 0.2, 0.4])
    assert next(answers, None) is None


def test_the_pauses_grow_and_end_with_the_time(consumer: SimpleNamespace, connect: Connect, clock: Clock) -> None:
    """From a tenth of a second to two; no pause is begun that would end too late."""
    with pytest.raises(consumer.postgres.DatabaseUnavailable):
        connect().run(RAISE.format(code="40001"), seconds=10)
    assert clock.slept == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0])


@pytest.mark.parametrize(
    "code", ["08006", "28000", "40001", "40P01", "53300", "55P03", "57014", "57P01", "58030", "25006"]
)
def test_an_outage_is_waited_for(consumer: SimpleNamespace, connect: Connect, clock: Clock, code: str) -> None:
    """Connection, authorization, rollback, resources, operator, system, and a primary that is none any more."""
    with pytest.raises(
        consumer.postgres.DatabaseUnavailable, match=rf"^no answer from the database within 0 s \(SQLSTATE {code}\)$"
    ):
        connect().run(RAISE.format(code=code), seconds=0.2)
    assert clock.slept == [0.1]


@pytest.mark.parametrize("code", ["22012", "22P05", "23505", "23514"])
def test_refused_data_is_told_without_the_data(
    consumer: SimpleNamespace, connect: Connect, clock: Clock, code: str
) -> None:
    """The server's message quotes values, so only the code is kept."""
    with pytest.raises(consumer.postgres.DataRejected) as caught:
        connect().run(RAISE.format(code=code), seconds=10)
    assert (caught.value.sqlstate, str(caught.value)) == (code, f"SQLSTATE {code}")
    assert "secret value" not in "".join(traceback.format_exception(caught.value))
    assert clock.slept == []


@pytest.mark.parametrize("code", ["42501", "42601", "25P02", "54001", "XX000", "3D000"])
def test_a_wrong_statement_is_raised_as_it_is(connect: Connect, clock: Clock, code: str) -> None:
    """No waiting cures it."""
    with pytest.raises(DatabaseError, match=code):
        connect().run(RAISE.format(code=code), seconds=10)
    assert clock.slept == []


def test_a_missing_table_is_raised_as_it_is(connect: Connect) -> None:
    """What this looks like from a real statement."""
    with pytest.raises(DatabaseError, match="42P01"):
        connect().run("SELECT FROM nowhere WHERE :n = 1", seconds=10, n=1)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DatabaseError({"C": "42P01"}), "42P01"),
        (DatabaseError({}), ""),
        (DatabaseError("text"), ""),
        (DatabaseError(), ""),
    ],
)
def test_an_error_of_the_driver_has_no_code(consumer: SimpleNamespace, error: DatabaseError, code: str) -> None:
    """Only the server's errors have one."""
    assert consumer.postgres.sqlstate(error) == code
