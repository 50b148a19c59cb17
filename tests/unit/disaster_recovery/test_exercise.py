"""The exercise tells what both regions did, and ends with a sentence when one of them did something else."""

import io
import json

import pytest

from lib.common.errors import ExerciseError
from lib.disaster_recovery import exercise
from lib.disaster_recovery.drill.load import Response
from lib.disaster_recovery.settings import Settings

URLS = ("http://primary", "http://secondary")
CLEAN = {"result": "clean", "findings": []}


def silent(_text):
    """Tell nobody."""


class Regions:
    """Both regions' APIs; a test puts another answer in the place of one."""

    def __init__(self, settings):
        self.settings, self.keys, self.other = settings, set(), {}
        self.writer = settings.primary.region
        self.closed = False

    def send(self, method, url, body=None, key=""):
        active = url.startswith(
            URLS[[region_config.region for region_config in self.settings.region_configs].index(self.writer)]
        )
        kind = "health" if "/health/" in url else "pay" if method == "POST" else "show"
        what = kind if active else f"{kind} passive"
        what = "again" if what == "pay" and key in self.keys else what
        if what in self.other:
            return self.other[what]
        if "health" in what:
            return Response(200, {"writer": self.writer, "epoch": 2})
        if what == "pay passive":
            return Response(503, {"code": "region_passive"})
        self.keys.add(key)
        return Response(201 if method == "POST" else 200, {"payment_id": f"pay-{key}"}, what == "again")

    def close(self):
        self.closed = True


class Aws:
    """Verification and alarms of a region."""

    def __init__(self, report, **more):
        self.report, self.more = report, more

    def __call__(self, _service, _place):
        return self

    def invoke(self, **_arguments):
        return {"Payload": io.BytesIO(json.dumps(self.report).encode()), **self.more}

    def get_paginator(self, _name):
        return self

    def paginate(self, **_arguments):
        return [{"MetricAlarms": [{"StateValue": "OK"}, {"StateValue": "ALARM"}, {"StateValue": "OK"}]}]


@pytest.fixture
def settings():
    return Settings.read({})


@pytest.fixture
def regions(settings, monkeypatch):
    found = Regions(settings)
    monkeypatch.setattr(exercise, "HttpClient", lambda: found)
    monkeypatch.setattr(exercise, "WAIT_SECONDS", 0.0)
    monkeypatch.setattr(exercise, "PAUSE_SECONDS", 0.0)
    return found


def run(settings, aws=None):
    return dict(exercise.exercise(aws or Aws(CLEAN), settings, URLS, silent))


@pytest.mark.parametrize("number", [0, 1])
def test_it_pays_where_payments_are_written(regions, settings, number):
    regions.writer = settings.region_configs[number].region
    rows = run(settings)
    assert rows["active (writer) region"] == f"{settings.region_configs[number].region}, epoch 2"
    assert rows["payments"] == "40, 10 of them sent again and recognised"
    assert rows["verification in the primary region"] == "clean"
    assert rows["alarms"] == "primary: 1 ALARM, 2 OK; secondary: 1 ALARM, 2 OK"
    assert regions.closed


def test_findings_of_the_verification_are_shown(regions, settings):
    finding = {"region": "r", "check": "c", "code": "x"}
    rows = run(settings, Aws({"result": "findings", "findings": [finding]}))
    assert rows["verification in the secondary region"] == "findings: r c x"


def test_a_verification_that_fails_is_told(regions, settings):
    with pytest.raises(ExerciseError, match=r"verification.* failed: .*boom"):
        run(settings, Aws({"errorMessage": "boom"}, FunctionError="Unhandled"))


@pytest.mark.parametrize(
    ("what", "answer", "words"),
    [
        ("health passive", Response(503, {}), "health/ready: answered 503"),
        ("health", Response(0, {"code": "NewConnectionError"}), "answered nothing NewConnectionError instead of 200"),
        ("pay", Response(403, {"message": "Forbidden"}), "a payment: answered 403 Forbidden instead of 201"),
        ("again", Response(201, {"payment_id": "another"}, True), "became another one"),
        ("pay passive", Response(201, {}), "the other region: answered 201"),
        ("pay passive", Response(503, {"code": "table_busy"}), "does not write answered 'table_busy'"),
        ("show passive", Response(404, {}), "the last payment in the other region: answered 404"),
    ],
)
def test_what_is_not_as_it_should_be_ends_it(regions, settings, what, answer, words):
    regions.other[what] = answer
    with pytest.raises(ExerciseError, match=words):
        run(settings)
    assert regions.closed


def test_what_comes_later_is_waited_for(monkeypatch):
    answers = iter([Response(404, {}), Response(200, {"a": 1})])
    monkeypatch.setattr(exercise, "PAUSE_SECONDS", 0.0)
    answer, seconds = exercise.awaited(lambda: next(answers), 200, "it")
    assert answer.body == {"a": 1}
    assert seconds >= 0


def test_a_payment_that_is_not_recognised_is_told(regions, settings, monkeypatch):
    send = Regions.send
    monkeypatch.setattr(Regions, "send", lambda self, *a: send(self, *a)._replace(replayed=False))
    with pytest.raises(ExerciseError, match="became another one"):
        run(settings)
