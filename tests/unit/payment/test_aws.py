"""Deployed, the functions find database and bucket by the environment; the SDK costs no cold start twice."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from lib.common import lambda_sources, region
from tests.support import functions
from tests.support import payment as support
from tests.support.functions import Context


@pytest.fixture
def deployed(server: Any, sql: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Loads functions as they are deployed, in an AWS account in memory."""
    del sql
    made: list[Any] = []
    # Without credentials of moto's own: the database takes an access key that is its own secret.
    with mock_aws(config={"core": {"mock_credentials": False}}):
        value = json.dumps({"username": support.USER, "password": support.PASSWORD})
        secrets, s3 = boto3.client("secretsmanager"), boto3.client("s3")
        arn = secrets.create_secret(Name=f"rds!db-{time.time_ns()}", SecretString=value)["ARN"]
        s3.create_bucket(
            Bucket=support.BUCKET,
            CreateBucketConfiguration={"LocationConstraint": region.primary({})},
            ObjectLockEnabledForBucket=True,
        )
        key = boto3.client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]
        monkeypatch.setenv("HASH_KEY_ARN", key)
        monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", support.NAMESPACE)
        monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "deployed")

        def load(function: str) -> Any:
            environ = support.environ(server, function)
            for name, text in (environ | {name: arn for name in environ if name == "DB_SECRET_ARN"}).items():
                monkeypatch.setenv(name, text)
            made.append(functions.load("payment", function))
            return made[-1]

        yield load
        for modules in made:
            modules.handler.database.close()


def test_the_three_functions_work_together(deployed, capsys):
    """With nothing but their environment: a payment, its record, the reports."""
    api = support.Api(deployed("api"))
    answer = api.pay("key")
    assert answer.status == 201
    keys = [found["Key"] for found in boto3.client("s3").list_objects_v2(Bucket=support.BUCKET)["Contents"]]
    assert [key.split("/")[4] for key in keys] == [answer.body["id"]]
    report = deployed("drain").handler.handler({"action": "report"}, Context(60))
    assert report == {
        "chains": {"whole": 1, "broken": {}, "unreadable": {}, "unread": 0},
        "pending": 0,
        "oldest_seconds": 0.0,
    }
    found = deployed("database").handler.handler({"action": "report"}, None)
    assert found["ledger"]["EUR"]["balance"] == "0.00"
    assert support.PASSWORD not in capsys.readouterr().out


def test_the_drain_writes_to_the_bucket(deployed, monkeypatch):
    """What the API could not: its bucket was not there."""
    api = support.Api(deployed("api"))
    monkeypatch.setenv("AUDIT_BUCKET", "gone")
    api.pay("key")
    monkeypatch.setenv("AUDIT_BUCKET", support.BUCKET)
    assert deployed("drain").handler.handler({}, Context(60))["written"] == 1


def test_a_refused_secret_is_like_a_database_that_is_away(modules):
    """An OSError, which the database module waits for; its cause keeps the name of the error."""
    with mock_aws():
        secrets = modules.aws.Secrets()
        with Stubber(secrets._client) as stub:  # pylint: disable=protected-access
            stub.add_client_error("get_secret_value", "AccessDeniedException", "arn:secret")
            with pytest.raises(ConnectionError, match=r"^no answer from Secrets Manager$") as caught:
                secrets.get_secret_value(SecretId="x")
    assert type(caught.value.__cause__).__name__ == "ClientError"


def test_a_refused_code_of_kms_is_like_kms_that_is_away(modules):
    with mock_aws():
        kms = modules.aws.Kms()
        with Stubber(kms._client) as stub:  # pylint: disable=protected-access
            stub.add_client_error("generate_mac", "AccessDeniedException", "arn:key")
            with pytest.raises(ConnectionError, match=r"^no answer from KMS$") as caught:
                kms.generate_mac(KeyId="x", MacAlgorithm="HMAC_SHA_256", Message=b"x")
    assert type(caught.value.__cause__).__name__ == "ClientError"


def test_modules_that_tests_share_keep_no_credentials_of_one_test(server, modules, monkeypatch):
    """Whose environment the first token is made in does not matter: the database takes the next."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-its-secret")
    loaded = support.load(server, "api")
    for each in (modules, loaded):
        assert each.handler.database.run("SELECT current_user", seconds=5) == [[support.USERS["api"]]]
        each.handler.database.close()


def test_the_secret_s_client_gives_up_soon(modules):
    config = modules.aws.Secrets()._client.meta.config  # pylint: disable=protected-access
    longest = config.retries["total_max_attempts"] * (config.connect_timeout + config.read_timeout)
    assert longest <= modules.handler.PATIENCE_SECONDS


@pytest.mark.parametrize("function", ["api", "drain", "database"])
def test_importing_a_function_imports_no_sdk(function):
    """Nor anything else that a cold start could do without."""
    _files, folders = lambda_sources.modules("payment", function)
    code = f"import sys; sys.path[:0] = {folders!r}; import handler; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"handler", "pg8000", "aws_lambda_powertools"} <= loaded
    assert not loaded & {"boto3", "botocore.session", "urllib3", "jsonschema", "openapi"}
