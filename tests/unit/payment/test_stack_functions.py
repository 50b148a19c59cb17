"""The functions run real code in the network, each with exactly its rights; the outbox is drained."""

import json
import zipfile

import pytest

from lib.common.iam_statements import VPC_ENI_ACTIONS
from tests.support.program import program

FUNCTION = "lambda/function:Function"
PARTS = ("api", "drain", "database")


def payment(**environ):
    return program(system="payment", **environ)


def allowed(part):
    """Return what a function's role allows: resource by action."""
    statements = json.loads(payment().one("iam/rolePolicy:RolePolicy", part)["policy"])["Statement"]
    given = [s for s in statements if s["Effect"] == "Allow"]
    return [(action, resource) for s in given for action in s["Action"] for resource in s["Resource"]]


@pytest.mark.parametrize("part", PARTS)
def test_the_package_holds_the_function(part):
    code = payment().one(FUNCTION, part)["code"]
    with zipfile.ZipFile(code.path) as package:
        assert {"handler.py", "postgres.py", "rds-ca.pem"} <= set(package.namelist())


@pytest.mark.parametrize("part", PARTS)
def test_a_function_runs_in_the_network_with_traces_and_dead_letters(part):
    function = payment().one(FUNCTION, part)
    assert function["vpcConfig"]["subnetIds"] == ["functions-1-id", "functions-2-id", "functions-3-id"]
    assert function["tracingConfig"] == {"mode": "Active"}
    assert function["deadLetterConfig"]["targetArn"].endswith("payment-dead-letters-dev")
    assert function["runtime"] == "python3.14"


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(("tracing", "mode"), [("true", "Active"), ("false", "PassThrough")])
def test_a_function_writes_traces_where_it_may_and_shall(part, tracing, mode):
    found = payment(TRACING=tracing)
    assert found.one(FUNCTION, part)["tracingConfig"] == {"mode": mode}
    assert ("xray:PutTraceSegments" in found.one("iam/rolePolicy:RolePolicy", part)["policy"]) is (mode == "Active")
    assert found.one("apigateway/stage:Stage")["xrayTracingEnabled"] is (mode == "Active")


def test_concurrency_is_reserved():
    found = payment(FUNCTION_CONCURRENCY="7", API_BURST="7")
    assert found.one(FUNCTION, "api")["reservedConcurrentExecutions"] == 7
    assert found.one(FUNCTION, "drain")["reservedConcurrentExecutions"] == 1


def test_nothing_is_reserved_where_the_account_has_nothing_to_reserve():
    functions = payment(FUNCTION_CONCURRENCY="0").of(FUNCTION)
    assert [f.inputs.get("reservedConcurrentExecutions") for f in functions] == [None] * 3


def test_a_function_ends_before_api_gateway_gives_up():
    assert payment().one(FUNCTION, "api")["timeout"] < 29


@pytest.mark.parametrize("part", PARTS)
def test_functions_are_told_where_things_are_and_no_password(part):
    given = payment().one(FUNCTION, part)["environment"]["variables"]
    assert given["DB_HOST"] == payment().outputs["databaseEndpoint"]
    assert given.get("AUDIT_BUCKET") == (None if part == "database" else payment().outputs["auditBucket"])
    secret = {"DB_SECRET_ARN": payment().outputs["databaseSecretArn"]}
    expected = secret if part == "database" else {"DB_USER": f"payment_{part}"}
    assert {name: given[name] for name in ("DB_USER", "DB_SECRET_ARN") if name in given} == expected


@pytest.mark.parametrize("part", PARTS)
def test_a_function_signs_in_as_itself_and_the_one_that_migrates_with_the_secret(part):
    """By IAM, as one user of one database."""
    migrates = part == "database"
    users = [resource for action, resource in allowed(part) if action == "rds-db:connect"]
    assert ("secretsmanager:GetSecretValue" in dict(allowed(part))) is migrates
    assert [user.rpartition(":dbuser:")[2] for user in users] == ([] if migrates else [f"db-1/payment_{part}"])


@pytest.mark.parametrize(("part", "writes"), [("api", True), ("drain", True), ("database", False)])
def test_who_needs_the_audit_trail_may_write_it(part, writes):
    assert ("s3:PutObject" in [action for action, _resource in allowed(part)]) is writes


@pytest.mark.parametrize("part", PARTS)
def test_nobody_may_delete_from_the_trail_or_shorten_its_lock(part):
    actions = {action for action, _resource in allowed(part)}
    assert not {action for action in actions if "Delete" in action and action.startswith("s3:")}
    assert not {action for action in actions if "Retention" in action or "Bypass" in action}


@pytest.mark.parametrize("part", PARTS)
def test_a_function_writes_its_own_log_only(part):
    resources = {resource for action, resource in allowed(part) if action == "logs:PutLogEvents"}
    (resource,) = resources
    assert resource.endswith(f"/aws/lambda/payment-{part}-dev:*")


@pytest.mark.parametrize("part", PARTS)
def test_a_functions_own_code_is_denied_the_network_interfaces_that_lambda_makes(part):
    statements = json.loads(payment().one("iam/rolePolicy:RolePolicy", part)["policy"])["Statement"]
    (denied,) = [s for s in statements if s["Effect"] == "Deny"]
    assert denied["Action"] == list(VPC_ENI_ACTIONS)
    assert denied["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"].endswith(f":function:payment-{part}-dev")


@pytest.mark.parametrize("part", PARTS)
def test_a_function_uses_keys_through_their_services_only(part):
    statements = json.loads(payment().one("iam/rolePolicy:RolePolicy", part)["policy"])["Statement"]
    uses = [s for s in statements if any(a.startswith("kms:") and a != "kms:GenerateMac" for a in s["Action"])]
    assert len(uses) >= 3
    assert all("kms:ViaService" in s["Condition"]["StringEquals"] for s in uses)


def test_the_outbox_is_drained_every_minute():
    found = payment()
    assert found.one("cloudwatch/eventRule:EventRule")["scheduleExpression"] == "rate(1 minute)"
    assert found.one("cloudwatch/eventTarget:EventTarget")["arn"].endswith("payment-drain-dev")
    permission = found.one("lambda/permission:Permission", "drain")
    assert permission["principal"] == "events.amazonaws.com"
    assert "payment-drain-dev" in permission["sourceArn"]


def test_migrations_run_in_the_deployment_and_again_when_they_change(monkeypatch, tmp_path):
    before = payment().one("lambda/invocation:Invocation")
    assert json.loads(before["input"]) == {"action": "migrate"}
    assert before["triggers"]["database"] == "db-1"
    assert len(before["triggers"]["migrations"]) == 64


@pytest.mark.parametrize("part", ["api", "drain"])
def test_new_code_waits_for_the_migrations(part):
    found = payment()
    (function,) = [f for f in found.of("lambda/function:Function") if f.name == part]
    (schema,) = found.of("lambda/invocation:Invocation")
    assert schema.urn in function.depends_on


def test_the_schedule_waits_for_the_migrations():
    found = payment()
    (target,) = found.of("cloudwatch/eventTarget:EventTarget")
    (schema,) = found.of("lambda/invocation:Invocation")
    assert schema.urn in target.depends_on
