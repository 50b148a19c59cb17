"""The local cloud denies what a role's policy does not allow, and takes its requests for ones that came over TLS."""

import json
import os
import pathlib
import sys
import types

import boto3
import pytest
from botocore.exceptions import ClientError

from lib.local_cloud.cloud import ACCOUNT, LocalCloud
from lib.local_cloud.servers import ministack_main
from lib.local_cloud.servers.process import free_port

ROLE, BUCKET = "writer", "enforced"


def document(effect, *actions, **more):
    statement = {"Effect": effect, "Action": actions, "Resource": [f"arn:aws:s3:::{BUCKET}/*"], **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_SESSION_TOKEN", raising=False)
        made = LocalCloud.read(
            {"LOCAL_CLOUD_FOLDER": str(tmp_path_factory.mktemp("enforced")), "LOCAL_CLOUD_PORT": str(free_port())}
        )
        made.emulator.start()
        try:
            trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
            made.client("iam").create_role(
                RoleName=ROLE, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
            )
            where = {"LocationConstraint": made.region}
            made.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
            yield made
        finally:
            made.stop()


@pytest.fixture
def write(cloud):
    """Write as the role, once it has a policy."""

    def attempt(policy):
        cloud.client("iam").put_role_policy(RoleName=ROLE, PolicyName="own", PolicyDocument=policy)
        role = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
        found = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        session = boto3.session.Session(
            found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], region_name=cloud.region
        )
        s3 = session.client("s3", endpoint_url=cloud.environment()["AWS_ENDPOINT_URL"])
        return s3.put_object(Bucket=BUCKET, Key="x", Body=b"x")["ResponseMetadata"]["HTTPStatusCode"]

    return attempt


def test_what_is_allowed_is_done(write):
    assert write(document("Allow", "s3:PutObject")) == 200


def test_what_is_not_allowed_is_denied(write):
    with pytest.raises(ClientError, match="AccessDenied"):
        write(document("Allow", "s3:GetObject"))


def test_a_policy_against_plain_requests_lets_loopback_in(cloud, write):
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    policy = document("Deny", "s3:*", Principal="*", Condition=plain)
    cloud.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=policy)
    assert write(document("Allow", "s3:PutObject")) == 200


@pytest.fixture(autouse=True)
def gateway(monkeypatch):
    """Stand in for the emulator's API Gateway, which has one key."""

    def build(_api, *, headers):
        return {"headers": headers, "requestContext": {"identity": {"sourceIp": "127.0.0.1"}}}

    made = types.SimpleNamespace(
        _build_lambda_event_v1=build,
        _resolve_api_key=lambda value: {"id": "k1", "value": value} if value == "the value" else None,
    )
    monkeypatch.setitem(sys.modules, "ministack.services", types.SimpleNamespace(apigateway_v1=made))
    monkeypatch.setitem(sys.modules, "ministack.services.apigateway_v1", made)
    return made


@pytest.mark.parametrize(
    ("headers", "more"),
    [
        ({"X-Api-Key": "the value"}, {"apiKeyId": "k1", "apiKey": "the value"}),
        ({"x-api-key": "another"}, {}),
        ({}, {}),
    ],
)
def test_a_function_is_told_whose_api_key_came_with_a_request(gateway, headers, more):
    ministack_main.name_callers()
    event = gateway._build_lambda_event_v1("api", headers=headers)
    assert event["requestContext"]["identity"] == {"sourceIp": "127.0.0.1", **more}


@pytest.fixture
def evaluator(monkeypatch):
    """Stand in for the emulator's IAM, which allows everything."""
    asked = []

    def decide(*arguments, **options):
        asked.append((arguments, options))
        return "allowed"

    made = types.SimpleNamespace(enforce=decide, asked=asked, EvalContext=type("EvalContext", (), {}))
    core = types.SimpleNamespace(iam_evaluator=made, rds_iam=types.SimpleNamespace())
    monkeypatch.setitem(sys.modules, "ministack", types.SimpleNamespace(core=core, app=types.SimpleNamespace(main=str)))
    monkeypatch.setitem(sys.modules, "ministack.core", core)
    monkeypatch.setitem(sys.modules, "ministack.core.iam_evaluator", made)
    return made


def recorded(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_what_iam_is_asked_is_written_down_and_decided(evaluator, tmp_path):
    ministack_main.record(str(tmp_path / "calls"))
    assert evaluator.enforce("key", "s3:GetObject", "s3", "here", resource_arn="arn:x") == "allowed"
    assert evaluator.enforce("key", "ec2:RunInstances", "ec2", "here", "arn:y", service_context={}) == "allowed"
    assert recorded(tmp_path / "calls") == [
        {"key": "key", "action": "s3:GetObject", "resource": "arn:x", "region": "here"},
        {"key": "key", "action": "ec2:RunInstances", "resource": "arn:y", "region": "here"},
    ]
    assert evaluator.asked[0] == (("key", "s3:GetObject", "s3", "here"), {"resource_arn": "arn:x"})


def test_nothing_is_written_down_unless_a_file_is_named(evaluator, monkeypatch):
    decide = evaluator.enforce
    monkeypatch.setenv("AUTH", "")
    monkeypatch.delenv(ministack_main.CALLS_VARIABLE, raising=False)
    monkeypatch.setattr(ministack_main, "replicate", lambda: None)
    ministack_main.main()
    assert evaluator.enforce is decide


def test_a_file_that_is_named_is_written(evaluator, monkeypatch, tmp_path):
    monkeypatch.setenv("AUTH", "")
    monkeypatch.setenv(ministack_main.CALLS_VARIABLE, str(tmp_path / "calls"))
    monkeypatch.setattr(ministack_main, "replicate", lambda: None)
    ministack_main.main()
    evaluator.enforce("key", "sts:GetCallerIdentity", "sts", "here")
    assert recorded(tmp_path / "calls")[0]["resource"] == "*"


def test_enforcement_is_on_before_the_emulator_is_imported(monkeypatch):
    seen = []

    class EvalContext:
        def __init__(self):
            self.secure_transport = False

    evaluator = types.SimpleNamespace(EvalContext=EvalContext)
    app = types.SimpleNamespace(main=lambda: seen.append((os.environ["AUTH"], EvalContext().secure_transport)))
    monkeypatch.setenv("AUTH", "")
    core = types.SimpleNamespace(rds_iam=types.SimpleNamespace())
    monkeypatch.setitem(sys.modules, "ministack", types.SimpleNamespace(app=app, core=core))
    monkeypatch.setitem(sys.modules, "ministack.core", core)
    monkeypatch.setitem(sys.modules, "ministack.core.iam_evaluator", evaluator)
    monkeypatch.setattr(ministack_main, "replicate", lambda: None)
    ministack_main.main()
    assert seen == [("true", True)]


def test_what_is_replicated_is_looked_after_in_the_emulator_s_own_folder(monkeypatch, tmp_path):
    from lib.local_cloud.servers import aurora_global, ministack_aurora, ministack_tables

    seen = []
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(ministack_aurora, "install", lambda cloud: seen.append(cloud.folder))
    monkeypatch.setattr(ministack_tables, "install", seen.append)
    monkeypatch.setattr(aurora_global.Keeper, "start", lambda self: seen.append(self._cloud.region))
    for name, value in {"STATE_DIR": tmp_path / "state", "GATEWAY_PORT": 4599, "MINISTACK_REGION": "xx"}.items():
        monkeypatch.setenv(name, str(value))
    ministack_main.replicate()
    assert seen == [tmp_path, tmp_path, "xx"]
    assert (pathlib.Path(sys.path[-1]) / "lib" / "local_cloud").is_dir()
