"""A record is written once, with a checksum, and what is kept is never given a second version."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber
from moto import mock_aws

from lib.common import region
from lib.local_cloud.names import HOST
from lib.local_cloud.servers.process import free_port
from tests.support import payment

# pylint: disable=redefined-outer-name

KEY = "payments/2026/11/23/pay_b/000001.json"


@pytest.fixture
def s3() -> Iterator[Any]:
    """S3 with the audit bucket as the stack makes it: versions, and an object lock with a default retention."""
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(
            Bucket=payment.BUCKET,
            CreateBucketConfiguration={"LocationConstraint": region.primary({})},
            ObjectLockEnabledForBucket=True,
        )
        client.put_object_lock_configuration(
            Bucket=payment.BUCKET,
            ObjectLockConfiguration={
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}},
            },
        )
        yield client


@pytest.fixture
def trail(modules: SimpleNamespace, s3: Any) -> Any:
    """The bucket as the functions see it, by the functions' own client."""
    del s3
    return modules.trail.Trail(lambda: modules.aws.clients()("s3"))


def versions(s3: Any) -> int:
    """Return how many versions there are in the bucket."""
    return len(s3.list_object_versions(Bucket=payment.BUCKET).get("Versions", []))


def test_a_record_is_kept_as_it_is(trail, s3):
    trail.write(KEY, '{"note":"für Ada"}')
    found = s3.get_object(Bucket=payment.BUCKET, Key=KEY, ChecksumMode="ENABLED")
    body = found["Body"].read()
    assert body == '{"note":"für Ada"}'.encode() == trail.read(KEY)
    assert found["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(body).digest()).decode()
    assert found["ContentType"] == "application/json"
    assert found["ObjectLockRetainUntilDate"] > datetime.now(UTC) + timedelta(hours=23)


def test_the_same_record_again_is_no_second_version(trail, s3):
    for _ in range(3):
        trail.write(KEY, "{}")
    assert versions(s3) == 1


def test_another_record_under_the_key_is_told_and_not_written(modules, trail, s3):
    trail.write(KEY, "{}")
    with pytest.raises(modules.trail.TrailConflict, match=KEY):
        trail.write(KEY, '{"amount":"9.00"}')
    assert versions(s3) == 1
    assert trail.read(KEY) == b"{}"


def test_keys_come_in_order_and_in_pages(modules, trail, s3, monkeypatch):
    del s3
    for number in (3, 1, 2):
        trail.write(f"payments/a/{number}", "{}")
    trail.write("payments/b/1", "{}")
    assert trail.keys(prefix="payments/a/") == [f"payments/a/{number}" for number in (1, 2, 3)]
    assert trail.keys(after="payments/a/2") == ["payments/a/3", "payments/b/1"]
    assert trail.keys(prefix="payments/c/") == trail.keys(after="payments/b/1") == []
    monkeypatch.setattr(modules.trail, "PAGE", 3)
    assert trail.keys() == trail.keys(prefix="payments/a/")


@pytest.mark.parametrize("code", ["SlowDown", "AccessDenied", "ConditionalRequestConflict"])
def test_a_refusal_is_told_by_its_code(modules, code):
    """A conflict of two writers at once too: nothing is known, so it is tried again."""
    client = boto3.client("s3")
    with Stubber(client) as stub:
        expected = {
            "Bucket": payment.BUCKET,
            "Key": KEY,
            "Body": b"{}",
            "ContentType": "application/json",
            "ChecksumAlgorithm": "SHA256",
            "IfNoneMatch": "*",
        }
        stub.add_client_error("put_object", code, http_status_code=503, expected_params=expected)
        with pytest.raises(modules.trail.TrailUnavailable, match=f"^{code}$"):
            modules.trail.Trail(lambda: client).write(KEY, "{}")
        stub.assert_no_pending_responses()


def test_what_cannot_be_compared_is_not_known(modules):
    """The record is there, and cannot be read: neither well nor a conflict."""
    client = boto3.client("s3")
    with Stubber(client) as stub:
        stub.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
        stub.add_client_error("get_object", "AccessDenied", expected_params={"Bucket": ANY, "Key": KEY})
        with pytest.raises(modules.trail.TrailUnavailable, match=r"^AccessDenied$"):
            modules.trail.Trail(lambda: client).write(KEY, "{}")


def test_an_unreachable_bucket_is_told_soon(modules, monkeypatch):
    """By the error's name, for all three calls."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{HOST}:{free_port()}")
    trail = modules.trail.Trail(lambda: modules.aws.clients()("s3"))
    for call in (lambda: trail.write(KEY, "{}"), lambda: trail.read(KEY), lambda: trail.keys(prefix="a")):
        with pytest.raises(modules.trail.TrailUnavailable, match=f"^{EndpointConnectionError.__name__}$"):
            call()


def test_the_sdk_is_as_impatient_as_the_function(modules):
    """One try, and a read when it was refused: that fits into what the handler keeps back for it."""
    config = modules.aws.clients()("s3").meta.config
    assert config.retries["total_max_attempts"] == 1
    assert 8 * config.connect_timeout + 2 * config.read_timeout < modules.outbox.SECONDS


def test_the_client_is_made_once_and_when_it_is_needed(modules):
    made: list[object] = []
    trail = modules.trail.Trail(lambda: made.append(1) or payment.Bucket())
    assert not made
    trail.connect()
    trail.write(KEY, "{}")
    assert trail.keys(prefix="payments/") == [KEY]
    assert made == [1]
