"""On the local cloud a failing function, books that are wrong and a taken port are told in one sentence."""

import io
import json
import socket

import pytest

import tap
from lib.common.errors import ExerciseError, SettingError
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.pulumi import deployer
from lib.local_cloud.systems import payment
from lib.payment.exercise import Mix

OUTPUTS = {"apiKeyId": "k", "apiUrl": "https://abc.execute-api.example/v1", "auditBucket": "b"}
SOUND = {
    "database": {
        "ledger": {"EUR": {"entries": 2, "balance": "0.00", "processor": "1.00"}},
        "payments": [],
        "refunds": 0,
    },
    "report": {"chains": {"whole": 1, "broken": {}, "unreadable": {}, "unread": 0}},
    "drain": {"written": 0, "pending": 0, "mismatches": 0, "unreadable": 0},
}


def silent(_text):
    """Tell nobody."""


class Function:
    """Answers as Lambda does."""

    def __init__(self, **answers):
        self.answers = answers

    def invoke(self, *, FunctionName, Payload):
        asked = json.loads(Payload).get("action")
        part = "database" if "database" in FunctionName else "report" if asked == "report" else "drain"
        answer = {"Payload": io.BytesIO(json.dumps(self.answers[part]).encode())}
        return answer | ({"FunctionError": "Unhandled"} if "errorMessage" in self.answers[part] else {})


@pytest.fixture
def exercised(monkeypatch, tmp_path):
    """Exercise a system whose functions answer like this."""

    def run(**answers):
        clients = {"lambda": Function(**{**SOUND, **answers}), "apigateway": Key()}
        monkeypatch.setattr(LocalCloud, "client", lambda _self, service: clients.get(service, Key()))
        monkeypatch.setattr(deployer, "outputs", lambda _cloud, _stack: OUTPUTS)
        mix = Mix({201: 1}, 1.0, 1.0, 1.0, 1, 0, 0, 0, 0)
        monkeypatch.setattr(payment, "exercise", lambda *_, **__: mix)
        cloud = LocalCloud.read({"LOCAL_CLOUD_FOLDER": str(tmp_path)})
        return dict(payment.SYSTEM.exercise(cloud, silent))

    return run


class Key:
    """The other services: one key, and nothing in any list."""

    def get_api_key(self, **_call):
        return {"value": "secret"}

    def get_paginator(self, _operation):
        return self

    def paginate(self, **_call):
        return [{"KeyCount": 0, "MetricAlarms": [{"StateValue": "OK"}]}]


def test_sound_books_are_shown(exercised):
    assert exercised()["ledger"] == "2 entries, every currency sums to zero; taken in: 1.00 EUR"


def test_the_callers_key_is_not_shown(exercised):
    assert "secret" not in " ".join(exercised().values())


@pytest.mark.parametrize(
    "answers",
    [
        {"drain": {**SOUND["drain"], "pending": 3}},
        {"drain": {**SOUND["drain"], "mismatches": 1}},
        {"drain": {**SOUND["drain"], "unreadable": 1}},
        {"report": {"chains": {"whole": 0, "broken": {"p": ["changed"]}, "unreadable": {}, "unread": 0}}},
        {"report": {"chains": {"whole": 0, "broken": {}, "unreadable": {"p": ["key: code"]}, "unread": 0}}},
        {"report": {"chains": {"whole": 0, "broken": {}, "unreadable": {}, "unread": 2}}},
        {"database": {"ledger": {"EUR": {"entries": 1, "balance": "0.01", "processor": "1.00"}}}},
    ],
)
def test_wrong_books_are_an_error(exercised, answers):
    with pytest.raises(ExerciseError, match="The books are wrong"):
        exercised(**answers)


def test_a_function_that_fails_is_named(exercised):
    with pytest.raises(ExerciseError, match=r"The function payment-drain-dev failed: .*no table"):
        exercised(drain={"errorMessage": "no table"})


def test_a_taken_port_is_told_before_the_deployment(tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("DATABASE_PORT", str(port - list(tap.SYSTEMS).index("payment")))
        with pytest.raises(LocalCloudError, match=f"Port {port}, meant for PostgreSQL"):
            payment.SYSTEM.deploy(LocalCloud.read({"LOCAL_CLOUD_FOLDER": str(tmp_path)}), silent)


def test_the_last_port_is_refused():
    with pytest.raises(SettingError, match="DATABASE_PORT='65534'"):
        payment.environment({"DATABASE_PORT": "65534"})


def test_what_somebody_chose_is_kept():
    found = payment.environment({"ENVIRONMENT": "staging", "API_RATE": "7"})
    assert (found["ENVIRONMENT"], found["API_RATE"]) == ("staging", "7")
