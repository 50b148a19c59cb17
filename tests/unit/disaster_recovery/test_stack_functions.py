"""Both functions in both regions: real packages, the environment they read, their rights, the API before them."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from lib.common import lambda_package, region
from lib.common.iam_statements import VPC_ENI_ACTIONS
from lib.disaster_recovery.api import ANSWERS
from lib.disaster_recovery.network import TABLE_ACTIONS
from tests.support.disaster_recovery import ROLES, Configuration, configuration, production, synthesise, with_domain

DOCUMENT = Path(__file__).parents[3] / "docs" / "systems" / "disaster-recovery.md"
PARTS = ("payment", "verification")
REGIONS = dict(zip(ROLES, region.pair({}), strict=True))


def function(found: Configuration, role: str, part: str):
    return found.one("aws_lambda_function", role, f"/{part}")


def environment(role: str, part: str) -> dict[str, str]:
    return function(production(), role, part)["environment"]["variables"]


def rights(role: str, part: str) -> dict[str, set[str]]:
    """Return a function's actions, and what they are allowed on."""
    role_name = function(production(), role, part)["role"]
    found: dict[str, set[str]] = {}
    for policy in production().of("aws_iam_role_policy", role):
        if policy["role"].removesuffix(".name}") == role_name.removesuffix(".arn}"):
            for statement in json.loads(policy["policy"])["Statement"]:
                for action in statement["Action"]:
                    found.setdefault(action, set()).update(statement["Resource"])
    return found


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("part", PARTS)
def test_the_package_is_the_real_one(role, part):
    path = synthesise({})
    found = function(configuration(), role, part)
    package = path.parent / found["filename"]
    built = lambda_package.build("disaster_recovery", part)
    assert hashlib.sha256(package.read_bytes()).digest() == hashlib.sha256(built.read_bytes()).digest()
    assert found["source_code_hash"] == f'${{filebase64sha256("{found["filename"]}")}}'
    assert (found["runtime"], found["architectures"]) == (f"python{lambda_package.RUNTIME}", ["arm64"])


@pytest.mark.parametrize("role", ROLES)
def test_the_payment_function_knows_its_table_its_peer_and_its_home(role):
    found = environment(role, "payment")
    other = ROLES[1 - ROLES.index(role)]
    assert found["TABLE_NAME"] == production().one("aws_dynamodb_table")["name"]
    assert found["HOME_REGION"] == REGIONS["primary"]
    assert found["PEER_REGION"] == REGIONS[other]
    cluster = production().one("aws_rds_cluster", role)
    # Of both roles that a cluster can have, this endpoint answers in either.
    assert found["DB_HOST"] == f"${{{cluster.address}.reader_endpoint}}"
    assert found["DB_PORT"] == str(cluster["port"])


@pytest.mark.parametrize("role", ROLES)
def test_the_payment_function_is_in_its_regions_private_subnets(role):
    config = function(production(), role, "payment")["vpc_config"]
    assert len(config["subnet_ids"]) == 3
    assert all(f"networking-{role}_functions-" in subnet for subnet in config["subnet_ids"])
    assert len(config["security_group_ids"]) == 1


@pytest.mark.parametrize("role", ROLES)
def test_the_payment_functions_own_code_is_denied_the_network_interfaces_that_lambda_makes(role):
    denied = [s for r, s in production().statements() if r["provider"] == f"aws.{role}" and s["Effect"] == "Deny"]
    (statement,) = [s for s in denied if "ec2:CreateNetworkInterface" in s["Action"]]
    name = function(production(), role, "payment")["function_name"]
    assert statement["Action"] == list(VPC_ENI_ACTIONS)
    source = statement["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"]
    assert source.endswith(f":function:{name}")
    assert f":lambda:{REGIONS[role]}:" in source


@pytest.mark.parametrize("role", ROLES)
def test_undelivered_events_reach_the_encrypted_queue(role):
    """EventBridge sends KMS no source, and the queue's policy names the rule."""
    key = json.loads(production().one("aws_kms_key", role, "operations")["policy"])["Statement"]
    (statement,) = [s for s in key if s["Principal"].get("Service") == "events.amazonaws.com"]
    assert "Condition" not in statement


@pytest.mark.parametrize("role", ROLES)
def test_verification_is_in_no_network_for_it_asks_both_regions(role):
    assert "vpc_config" not in function(production(), role, "verification").values


@pytest.mark.parametrize("role", ROLES)
def test_the_verification_function_knows_both_sides(role):
    found = environment(role, "verification")
    assert json.loads(found["REGIONS"]) == list(REGIONS.values())
    clusters = {REGIONS[r]: production().one("aws_rds_cluster", r)["cluster_identifier"] for r in ROLES}
    assert json.loads(found["CLUSTERS"]) == clusters
    # As it is called in AWS: one that was made under another name keeps it.
    whole = production().one("aws_rds_global_cluster").address
    assert found["GLOBAL_CLUSTER"] == f"${{{whole}.global_cluster_identifier}}"
    assert found["TOPIC_ARN"] == f"${{{production().one('aws_sns_topic', role).address}.arn}}"
    assert found["REPORT_BUCKET"] == f"${{{production().one('aws_s3_bucket', role).address}.bucket}}"
    assert found["DELETION_PROTECTION"] == "true"
    numbers = {name: float(found[name]) for name in ("SNAPSHOT_MAX_AGE_HOURS", "PITR_MIN_HOURS", "LAG_MAX_MS")}
    assert all(value > 0 for value in numbers.values())


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("part", PARTS)
def test_figures_are_told_apart_by_the_functions_name(role, part):
    found = environment(role, part)
    assert found["POWERTOOLS_SERVICE_NAME"] == function(production(), role, part)["function_name"]
    assert found["POWERTOOLS_METRICS_NAMESPACE"] == "DisasterRecovery"


@pytest.mark.parametrize("role", ROLES)
def test_the_payment_function_may_use_its_table_and_nothing_of_the_other_region(role):
    found = rights(role, "payment")
    assert {action for action in found if action.startswith("dynamodb:")} == set(TABLE_ACTIONS)
    resources = {resource for action in TABLE_ACTIONS for resource in found[action]}
    assert all(f":dynamodb:{REGIONS[role]}:" in resource for resource in resources)
    assert not {"dynamodb:DeleteItem", "dynamodb:UpdateItem", "dynamodb:Scan"} & set(found)


@pytest.mark.parametrize("role", ROLES)
def test_the_verification_function_looks_at_both_regions_and_writes_in_its_own(role):
    found = rights(role, "verification")
    for action in (
        "rds:DescribeDBClusters",
        "rds:DescribeDBClusterSnapshots",
        "dynamodb:DescribeTable",
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:GetItem",
    ):
        assert {r.split(":")[3] for r in found[action]} == set(REGIONS.values()), action
    (whole,) = found["rds:DescribeGlobalClusters"]
    assert re.fullmatch(r"arn:aws:rds::\$\{.+\}:global-cluster:\$\{.+\.global_cluster_identifier\}", whole)
    assert f"keys-{role}" in json.dumps(sorted(found["kms:GenerateDataKey"]))
    # The writer item is read in both tables, each encrypted with its own region's key.
    assert {
        region_config
        for region_config in ROLES
        if f"keys-{region_config}_data" in json.dumps(sorted(found["kms:Decrypt"]))
    } == set(ROLES)
    assert all(f"-{role}_" in r for r in found["sns:Publish"] | found["sqs:SendMessage"] | found["s3:PutObject"])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("part", PARTS)
def test_a_function_waits_for_its_rights_and_its_log_group(role, part):
    found = function(production(), role, part)
    (group,) = [
        g
        for g in production().of("aws_cloudwatch_log_group", role)
        if g["name"] == f"/aws/lambda/{found['function_name']}"
    ]
    assert group.address in found["depends_on"]
    assert any(name.startswith("aws_iam_role_policy.") for name in found["depends_on"])


@pytest.mark.parametrize(("hours", "words"), [("1", "rate(1 hour)"), ("8", "rate(8 hours)")])
def test_verification_runs_on_a_schedule_in_both_regions(hours, words):
    found = configuration(VERIFY_HOURS=hours)
    rules = found.of("aws_cloudwatch_event_rule")
    assert [(rule["schedule_expression"], rule["provider"]) for rule in rules] == [
        (words, "aws.primary"),
        (words, "aws.secondary"),
    ]


@pytest.mark.parametrize("role", ROLES)
def test_what_cannot_be_run_is_kept(role):
    found = production()
    queue = f"${{{found.one('aws_sqs_queue', role).address}.arn}}"
    assert function(found, role, "verification")["dead_letter_config"] == {"target_arn": queue}
    assert found.one("aws_cloudwatch_event_target", role)["dead_letter_config"] == {"arn": queue}
    statements = json.loads(found.one("aws_sqs_queue_policy", role)["policy"])["Statement"]
    (allowed,) = [s for s in statements if s["Effect"] == "Allow"]
    rule = found.one("aws_cloudwatch_event_rule", role)["name"]
    assert allowed["Condition"]["ArnEquals"]["aws:SourceArn"].endswith(f":rule/{rule}")


@pytest.mark.parametrize("role", ROLES)
def test_only_the_api_and_the_schedule_may_call(role):
    sources: dict[str, list[str]] = {}
    for permission in production().of("aws_lambda_permission", role):
        sources.setdefault(permission["principal"], []).append(permission["source_arn"])
    assert set(sources) == {"apigateway.amazonaws.com", "events.amazonaws.com"}
    (schedule,) = sources["events.amazonaws.com"]
    assert f"verification-{role}_schedule" in schedule
    calls = sources["apigateway.amazonaws.com"]
    assert all(f"api-{role}_rest" in source for source in calls)
    assert sorted(source.partition(".execution_arn}/")[2] for source in calls) == [
        "v1/GET/health",
        "v1/GET/health/ready",
        "v1/GET/payments/*",
        "v1/POST/payments",
    ]


@pytest.mark.parametrize("role", ROLES)
def test_every_route_of_the_contract_leads_to_the_function(role):
    found = production()
    resources = {f"${{{r.address}.id}}": r for r in found.of("aws_api_gateway_resource", role)}

    def path(reference: str) -> str:
        here = resources.get(reference)
        return f"{path(here['parent_id'])}/{here['path_part']}" if here else ""

    routes = {f"{m['http_method']} {path(m['resource_id'])}" for m in found.of("aws_api_gateway_method", role)}
    assert routes == {"POST /payments", "GET /payments/{id}", "GET /health", "GET /health/ready"}
    integrations = found.of("aws_api_gateway_integration", role)
    assert len(integrations) == 4
    uri = f"${{{function(found, role, 'payment').address}.invoke_arn}}"
    assert {(i["type"], i["uri"], i["integration_http_method"]) for i in integrations} == {("AWS_PROXY", uri, "POST")}


@pytest.mark.parametrize("role", ROLES)
def test_a_payment_needs_its_idempotency_key(role):
    found = production()
    posts = [m for m in found.of("aws_api_gateway_method", role) if m["http_method"] == "POST"]
    assert [m["request_parameters"] for m in posts] == [{"method.request.header.Idempotency-Key": True}]
    assert found.one("aws_api_gateway_request_validator", role).address in posts[0]["request_validator_id"]


@pytest.mark.parametrize("role", ROLES)
def test_the_stage_is_throttled_traced_and_logged_without_bodies(role):
    found = production()
    stage = found.one("aws_api_gateway_stage", role)
    limits = {r["method_path"]: r["settings"] for r in found.of("aws_api_gateway_method_settings", role)}
    assert stage["xray_tracing_enabled"] is True
    assert "aws_cloudwatch_log_group" in stage["access_log_settings"]["destination_arn"]
    assert not {"$context.requestBody", "header"} & set(stage["access_log_settings"]["format"].split('"'))
    assert (limits["*/*"]["throttling_rate_limit"], limits["*/*"]["throttling_burst_limit"]) == (200, 200)
    assert [settings["data_trace_enabled"] for settings in limits.values()] == [False, False]


@pytest.mark.parametrize(("tracing", "mode"), [("true", "Active"), ("false", "PassThrough")])
def test_functions_write_traces_where_they_may_and_shall(tracing, mode):
    found = configuration(TRACING=tracing)
    assert {each["tracing_config"]["mode"] for each in found.of("aws_lambda_function")} == {mode}
    policies = [p["policy"] for p in found.of("aws_iam_role_policy") if "logs:PutLogEvents" in p["policy"]]
    allowed = {"xray:PutTraceSegments" in policy for policy in policies if "dynamodb:" in policy}
    assert allowed == {mode == "Active"}
    assert {s["xray_tracing_enabled"] for s in found.of("aws_api_gateway_stage")} == {mode == "Active"}


@pytest.mark.parametrize(
    ("given", "reserved"), [({}, 250), ({"API_BURST": "250"}, 300), ({"FUNCTION_CONCURRENCY": "0"}, None)]
)
def test_functions_are_kept_for_what_the_api_lets_through(given, reserved):
    found = configuration(**with_domain(ENVIRONMENT="production", ENVIRONMENT_SUFFIX="pr-7", **given))
    payments = [f for f in found.of("aws_lambda_function") if "payment" in f["function_name"]]
    assert [f.values.get("reserved_concurrent_executions") for f in payments] == [reserved] * 2


def test_a_flood_of_payments_leaves_the_health_checks_theirs():
    limits = {r["method_path"]: r["settings"] for r in production().of("aws_api_gateway_method_settings", "primary")}
    assert set(limits) == {"*/*", "~1health~1ready/GET"}
    # Fifteen places, every ten seconds, two checks.
    assert limits["~1health~1ready/GET"]["throttling_rate_limit"] >= 2 * 15 * 2 / 10


@pytest.mark.parametrize("role", ROLES)
def test_everything_that_is_in_the_deployment_is_behind_its_trigger_and_there_before_it(role):
    found = production()
    deployment = found.one("aws_api_gateway_deployment", role)
    kinds = ("rest_api", "resource", "method", "integration", "gateway_response", "request_validator")
    parts = [part.address for kind in kinds for part in found.of(f"aws_api_gateway_{kind}", role)]
    permissions = [p.address for p in found.of("aws_lambda_permission", role) if p["principal"].startswith("api")]
    assert {*parts, *permissions} == set(deployment["depends_on"])
    assert len(deployment["triggers"]) == len(parts) > len(ANSWERS)


def test_the_stage_keeps_the_old_deployment_until_it_has_the_new_one():
    for role in ROLES:
        deployment = production().one("aws_api_gateway_deployment", role)
        assert deployment["lifecycle"] == {"create_before_destroy": True}


@pytest.mark.parametrize("role", ROLES)
def test_each_region_has_its_end_of_the_domain(role):
    found = production()
    domain, mapping = (
        found.one("aws_api_gateway_domain_name", role),
        found.one("aws_api_gateway_base_path_mapping", role),
    )
    assert domain["domain_name"] == "pay.example.org"
    assert f":acm:{REGIONS[role]}:" in domain["regional_certificate_arn"]
    assert domain["endpoint_configuration"]["types"] == ["REGIONAL"]
    assert domain["security_policy"] == "TLS_1_2"
    assert f"aws_api_gateway_stage.api-{role}_stage" in mapping["api_id"]


def test_without_a_domain_there_is_none():
    assert configuration().of("aws_api_gateway_domain_name") == []
    assert "HOSTED_ZONE_ID" in with_domain()


@pytest.mark.parametrize("role", ROLES)
def test_reports_are_kept_private_and_end(role):
    found = production()
    bucket = found.one("aws_s3_bucket", role)
    assert bucket["force_destroy"] is False
    assert configuration().one("aws_s3_bucket", role)["force_destroy"] is True
    (rule,) = found.one("aws_s3_bucket_lifecycle_configuration", role)["rule"]
    assert rule["expiration"] == [{"days": 365}]
    assert found.one("aws_s3_bucket_versioning", role)["versioning_configuration"] == {"status": "Enabled"}


def test_the_document_tells_the_status_and_the_code_of_each_answer_of_the_gateway():
    paragraph = DOCUMENT.read_text().partition("API Gateway answers some by itself")[2].partition("\n\n")[0]
    assert set(re.findall(r"(\d{3})\s`([a-z_]+)`", paragraph)) == set(ANSWERS.values())


@pytest.mark.parametrize("role", ROLES)
def test_what_api_gateway_writes_itself_ends_and_is_encrypted_from_the_first_line_on(role):
    group = production().one("aws_cloudwatch_log_group", role, "/execution-logs")
    api = production().one("aws_api_gateway_rest_api", role)
    assert group["name"] == f"API-Gateway-Execution-Logs_${{{api.address}.id}}/v1"
    assert (group["retention_in_days"], "kms_key_id" in group.values) == (365, True)
    assert group.address in production().one("aws_api_gateway_stage", role)["depends_on"]
