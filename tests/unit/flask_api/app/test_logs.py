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
    names = (*names, "waitress", "waitress.queue")
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


@pytest.mark.usefixtures("_restored")
def test_the_server_s_errors_quote_no_request(capsys: pytest.CaptureFixture[str]) -> None:
    """Waitress writes the path, and an exception's words; what it is and where is enough. Its warnings are left out."""
    logs.configure("info")
    server = logging.getLogger("waitress")
    words = "4111111111111111"
    try:
        raise ValueError(words)
    except ValueError:
        server.exception("Exception while serving /%s", words)
    server.error("closing channel %s", words)
    server.warning("a client has gone")
    logging.getLogger("waitress.queue").warning("Task queue depth is 1")
    written = capsys.readouterr().out
    first, second = (json.loads(line) for line in written.splitlines())
    assert (first["message"], first["type"], "in test_" in first["stack"][0]) == ("defect", "ValueError", True)
    assert (second["message"], "stack" in second) == ("defect", False)
    assert "4111" not in written
