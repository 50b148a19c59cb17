"""Times are aware and in UTC, and AWS's refusals are told apart."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from hypothesis import given
from hypothesis import strategies as st

from lib.analyse import aws, errors, region_client
from lib.common.errors import SettingError
from tests.support.analyse.auditor import HERE


@pytest.mark.parametrize(
    "value",
    [
        *("2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05Z", "2026-01-02T05:04:05+02:00", "2026-01-02T03:04:05"),
        *(1767323045, "1767323045", "1767323045.0"),
    ],
)
def test_every_form_of_time_is_the_same_aware_moment(value):
    found = aws.timestamp(value)
    assert found == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert found.utcoffset() == timedelta(0)


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_are_read_as_they_are_written(moment):
    assert aws.timestamp(moment.isoformat()) == moment


def test_milliseconds_of_logs_are_aware():
    assert aws.milliseconds(1500) == datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)


def test_a_role_names_its_account():
    assert aws.role_account("arn:aws-cn:iam::123456789012:role/path/auditor") == "123456789012"
    with pytest.raises(SettingError, match="is no role"):
        aws.role_account("arn:aws:iam::12:user/x")


def refusal(code: str, message: str = "m") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeVolumes")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refusal("UnauthorizedOperation"), "denied"),
        (refusal("OptInRequired"), "denied"),
        (refusal("InvalidClientTokenId"), "denied"),
        (refusal("ExpiredTokenException"), "expired"),
        (refusal("InternalError"), "failed"),
        (errors.Stopped(), "interrupted"),
        (ValueError("x"), "failed"),
    ],
)
def test_refusals_are_told_apart(error, kind):
    assert errors.kind(error) == kind


def test_a_refusal_is_one_short_line():
    assert errors.sentence(refusal("A", "two\n lines")) == "A: two lines"
    assert len(errors.sentence(refusal("A", "x" * 10_000))) == errors.LIMIT
    assert errors.sentence(errors.Stopped()) == "interrupted"


@pytest.fixture
def retried():
    """Return a function that calls a service that only fails, and how often it was asked."""

    def call(error: Exception, stop: threading.Event, after: int = 100) -> tuple[int, Exception]:
        session = aws._session(region_name=HERE, aws_access_key_id="a", aws_secret_access_key="b")
        account, attempts = aws.Account("1", session, stop=stop), list[int]()

        def fail(**_):
            attempts.append(1)
            if len(attempts) == after:
                stop.set()
            raise error

        client = account.client("ec2", HERE)
        client.meta.events.register_first("before-send.ec2", fail)
        with pytest.raises(Exception) as caught:  # noqa: PT011
            client.describe_volumes()
        account.close()
        return len(attempts), caught.value

    return call


@pytest.mark.parametrize("kind", [ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError])
def test_a_dead_endpoint_is_asked_twice(retried, monkeypatch, kind):
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    error = kind(endpoint_url="x", error="e")
    assert retried(error, threading.Event()) == (aws.CONNECTION_ATTEMPTS, error)


def test_a_connection_that_was_closed_is_tried_as_often_as_any_call(retried, monkeypatch):
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    assert retried(ConnectionClosedError(endpoint_url="x"), threading.Event())[0] == aws.ATTEMPTS


def test_an_interrupted_run_tries_nothing_again(retried):
    number, error = retried(ConnectionClosedError(endpoint_url="x"), threading.Event(), after=1)
    assert (number, type(error)) == (1, errors.Stopped)


def test_an_interrupted_run_sends_nothing(retried):
    stop = threading.Event()
    stop.set()
    number, error = retried(ConnectionClosedError(endpoint_url="x"), stop)
    assert (number, type(error)) == (0, errors.Stopped)


def test_a_client_reads_no_more_than_it_is_asked_for():
    session = aws._session(region_name=HERE)
    rows = {}
    for fields in (None, ("VolumeId", "Size")):
        client = session.client("ec2", region_name=HERE, aws_access_key_id="a", aws_secret_access_key="b")
        if fields:
            region_client.trim(client, "describe_volumes", "Volumes", fields)
            region_client.trim(client, "describe_volumes", "Volumes", fields)
        row = client.meta.service_model.operation_model("DescribeVolumes").output_shape.members["Volumes"].member
        rows[fields] = set(row.members)
        client.close()
    assert rows["VolumeId", "Size"] == {"VolumeId", "Size"} < rows[None]
