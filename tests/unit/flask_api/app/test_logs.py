"""Each log line is one JSON object, whoever writes it."""

import json
import logging
from collections.abc import Iterator
from datetime import datetime

import pytest

from lib.flask_api.app import logs


def line(message: str, *arguments: object, **others: object) -> dict[str, object]:
    """Return what the formatter makes of a record, decoded."""
    record = logging.LogRecord("shop", logging.WARNING, "file", 1, message, arguments, others.pop("exc_info", None))
    record.__dict__.update(others)
    text = logs.JsonFormatter().format(record)
    assert "\n" not in text
    return dict(json.loads(text))


def test_a_line_tells_when_how_bad_who_and_what() -> None:
    """The time has its zone."""
    found = line("%s of %s", 1, 2)
    assert found.keys() == {"time", "level", "logger", "message"}
    assert (found["level"], found["logger"], found["message"]) == ("warning", "shop", "1 of 2")
    assert datetime.fromisoformat(str(found["time"])).tzinfo is not None


def test_fields_become_members() -> None:
    """So a query over the logs can use them; what JSON does not know is written as text."""
    found = line("request", fields={"status": 201, "what": ValueError("x")})
    assert (found["status"], found["what"]) == (201, "x")


def test_an_exception_is_a_member_too() -> None:
    """A traceback of many lines stays one event."""
    error = KeyError("missing")
    found = line("failed", exc_info=(KeyError, error, None))
    assert "KeyError: 'missing'" in str(found["exception"])


@pytest.fixture
def _restored() -> Iterator[None]:
    root, names = logging.getLogger(), ("gunicorn.error", "psycopg", "boto3", "botocore", "urllib3")
    handlers, level = root.handlers[:], root.level
    others = {name: (logging.getLogger(name).level, logging.getLogger(name).propagate) for name in names}
    yield
    root.handlers[:], root.level = handlers, level
    for name, (before, propagate) in others.items():
        logging.getLogger(name).setLevel(before)
        logging.getLogger(name).propagate = propagate


@pytest.mark.usefixtures("_restored")
def test_everything_goes_to_stdout_from_a_level_on(capsys: pytest.CaptureFixture[str]) -> None:
    """Gunicorn's own messages too, once; the pool's chatter does not."""
    logs.configure("info")
    logging.getLogger("gunicorn.error").info("listening")
    logging.getLogger("shop.request").debug("health")
    logging.getLogger("psycopg.pool").info("connection requested")
    captured = capsys.readouterr()
    assert [json.loads(text)["message"] for text in captured.out.splitlines()] == ["listening"]
    assert captured.err == ""
