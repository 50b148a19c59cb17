"""The exercise does what it says over real HTTP, and notices every answer that is not what it should be."""

import dataclasses
import json

import pytest

from lib.common.errors import ExerciseError
from lib.local_cloud.names import HOST
from lib.local_cloud.servers.process import free_port
from lib.payment import exercise
from tests.support.payment.wsgi import application, served, unchanged


@pytest.fixture
def run(api):
    """Exercises the API, whose answers a test may change, and returns the mix and what was reported."""

    def call(change=unchanged, payments=30, **options):
        heard = []
        with served(application(api, change)) as url:
            return exercise.exercise(url, heard.append, payments=payments, clients=4, **options), heard

    return call


@pytest.fixture
def hurry(monkeypatch):
    """Lets nobody wait."""
    monkeypatch.setattr(exercise, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(exercise, "PAUSE_SECONDS", 0.01)


def test_a_sound_service_accounts_for_everything(run, sql, bucket):
    mix, heard = run()
    # Every 4th is repeated, every 10th conflicts, every 5th is refunded (with a repetition each and one too many).
    assert (mix.payments, mix.refunds, mix.replays, mix.conflicts, mix.refused) == (30, 12, 8 + 12, 3 + 6, 10)
    assert 0 < mix.p50 <= mix.p95 <= mix.p99
    assert sum(mix.statuses.values()) == 1 + 30 * 2 + 12 + mix.replays + mix.conflicts + mix.refused
    assert mix.statuses[201] == 30 + 12 + mix.replays
    assert {400, 404, 405, 409, 422} <= mix.statuses.keys()
    assert heard == ["paid 25 of 30", "paid 30 of 30"]
    assert sql.run("SELECT count(*), count(*) FILTER (WHERE status = 'refunded') FROM payments") == [[30, 6]]
    assert len(bucket.objects) == 30 + 12
    with pytest.raises(dataclasses.FrozenInstanceError):
        mix.payments = 0


def test_every_kind_of_bad_request_comes_up():
    kinds = {exercise.invalid(number * exercise.INVALID, "run")[0] for number in range(40)}
    assert len(kinds) == 10
    assert sum("card number" in kind for kind in kinds) == 2


def test_its_headers_are_sent_with_every_request(run):
    """Such as the key that API Gateway wants."""
    seen = []

    def look(event, answer):
        seen.append(event["headers"].get("X-Api-Key"))
        return answer

    run(look, payments=3, headers={"x-api-key": "the key"})
    assert len(seen) > 3
    assert set(seen) == {"the key"}


def test_a_second_run_is_another_run(run, sql):
    """Its keys are new."""
    for count in (5, 10):
        run(payments=5)
        assert sql.run("SELECT count(*) FROM payments") == [[count]]


def changing(where, **changes):
    """Return what changes answers for which a test is true."""

    def change(event, answer):
        if not where(event, answer):
            return answer
        return answer._replace(**{name: value(answer) for name, value in changes.items()})

    return change


def path(ending):
    """Return a test of a request's path, for answers of success."""
    return lambda event, answer: event["path"].endswith(ending) and answer.status < 300


def replayed(event, answer):
    """Tell whether an answer is a repeated one to a payment."""
    return event["path"] == "/payments" and "idempotent-replayed" in answer.headers


def member(name, value):
    """Return what changes a member of an answer's body."""
    return lambda answer: json.dumps({**json.loads(answer.text), name: value})


def refund_replayed(event, answer):
    """Tell whether an answer is a repeated one to a refund."""
    return event["path"].endswith("/refunds") and "idempotent-replayed" in answer.headers


def shown(event, answer):
    """Tell whether an answer shows a payment."""
    return event["httpMethod"] == "GET" and event["path"].startswith("/payments/") and answer.status == 200


def refused(code):
    """Return a test of an answer's code."""
    return lambda _event, answer: answer.body.get("code") == code


def constant(value):
    """Return a change to a value."""
    return lambda _answer: value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changing(path("/payments"), status=constant(500)), r"^A payment: answered 500 instead of 201"),
        (changing(path("/health"), status=constant(403), text=constant("no")), r"^Health: answered 403 instead of 200"),
        (changing(replayed, text=member("created_at", "")), "A repeated payment of key exercise-.* another answer"),
        (changing(replayed, headers=constant({})), "A repeated payment of key exercise-.* has another answer"),
        (changing(refund_replayed, text=member("amount", "0")), "A repeated refund of pay_.* has another answer"),
        (changing(refused("idempotency_conflict"), status=constant(201)), "Another payment with a used key: "),
        (changing(refused("refund_too_large"), status=constant(201)), "A refund of more than is left: answered 201"),
        (changing(refused("card_number"), status=constant(201)), r"A card number .*: answered 201 "),
        (changing(refused("card_number"), text=constant('"4111 1111 1111 1111"')), "the refusal repeats it"),
        (changing(refused("card_number"), text=constant('{"a": "4111-1111-1111-1111"}')), "the refusal repeats it"),
        (changing(refused("invalid_json"), status=constant(201)), r"No JSON: .* instead of 400 or 422"),
        (changing(shown, text=member("amount", "1.00")), r"^30 payments for 30 keys; 30 wrong: pay_"),
        (changing(shown, text=member("refunded", "0.01")), "30 wrong: pay_.* is .* with 0.01 of"),
        (changing(shown, text=member("status", "captured")), "6 wrong: pay_.* is captured"),
        (changing(shown, text=member("refunds", [])), "6 wrong"),
        (changing(shown, status=constant(404)), "that was made"),
    ],
)
def test_an_unsound_service_is_told_from_a_sound_one(run, change, message):
    with pytest.raises(ExerciseError, match=message):
        run(change)


def test_one_payment_for_several_keys_is_noticed(run, monkeypatch):
    """Although every single answer looks well."""
    customer = exercise.customer
    monkeypatch.setattr(exercise, "customer", lambda client, name, _number: customer(client, name, 1))
    with pytest.raises(ExerciseError, match=r"^1 payments for 30 keys; 0 wrong"):
        run()


def test_a_service_that_asks_to_come_again_is_asked_again(run, monkeypatch):
    """Throttled, away for a moment: the same key, the same payment."""
    monkeypatch.setattr(exercise, "PAUSE_SECONDS", 0.0)
    counts = {"seen": 0}

    def change(_event, answer):
        counts["seen"] += 1
        away = {1: 429, 2: 502, 3: 503, 4: 504}.get(counts["seen"] % 7)
        return answer._replace(status=away, text="<html>") if away else answer

    mix, _heard = run(change, payments=10)
    assert mix.payments == 10
    assert all(mix.statuses[status] for status in (429, 502, 503, 504))


@pytest.mark.usefixtures("hurry")
def test_a_service_that_stays_away_is_an_error(run):
    change = changing(path("/payments"), status=constant(503), text=constant('{"code": "database_unavailable"}'))
    with pytest.raises(
        ExerciseError, match=r"^POST /payments: no answer after 0 s, the last try gave 503 database_unava"
    ):
        run(change)


@pytest.mark.usefixtures("hurry")
def test_nobody_at_the_other_end_is_an_error():
    url = f"http://{HOST}:{free_port()}"
    with pytest.raises(ExerciseError, match=r"^GET /health: no answer after 0 s, the last try gave NewConnectionError"):
        exercise.exercise(url, print, payments=1)


@pytest.mark.parametrize(("text", "body"), [("<html>", {}), ("[1]", {}), ('{"code": "x"}', {"code": "x"}), ("", {})])
def test_an_answer_of_somebody_else_has_no_body(text, body):
    """A page of something in between."""
    assert exercise.Answer(502, text, False).body == body
