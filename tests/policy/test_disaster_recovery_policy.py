"""What the disaster-recovery stack synthesises is private, encrypted, over TLS, tagged and of least privilege (X3-X7).

Every rule has a twin: the same configuration with one thing broken, in which the rule must find something.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lib.common import engine_versions, naming
from tests.support.disaster_recovery import Configuration, Resource, configuration, production, with_domain

SUFFIX = "pr-7"
# Calls that take no resource: the attachment of a function to a network, traces, figures.
EVERYWHERE = {
    "cloudwatch:GetMetricData", "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
}  # fmt: skip
# API Gateway documents no condition for the role that it takes on, Lambda one on the account alone; EventBridge sends
# KMS none. Only a caller of the account can pass the roles.
WITHOUT_SOURCE = {"apigateway.amazonaws.com"}
WITHOUT_ARN = {"lambda.amazonaws.com"}
SILENT = ("aws_kms_key", "events.amazonaws.com")
WILD_IN_A_KEY = {"kms:*", "kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"}
DATA_KEYS = {
    "aws_cloudwatch_log_group": "kms_key_id", "aws_lambda_function": "kms_key_arn", "aws_rds_cluster": "kms_key_id",
    "aws_secretsmanager_secret": "kms_key_id", "aws_sns_topic": "kms_master_key_id",
    "aws_sqs_queue": "kms_master_key_id",
}  # fmt: skip
# The name of a kind of resource, and whose limits it has.
NAMES = {
    "aws_api_gateway_rest_api": ("name", "api"), "aws_cloudwatch_dashboard": ("dashboard_name", "dashboard"),
    "aws_cloudwatch_event_rule": ("name", "rule"), "aws_cloudwatch_metric_alarm": ("alarm_name", "alarm"),
    "aws_db_subnet_group": ("name", "subnet_group"), "aws_dynamodb_table": ("name", "table"),
    "aws_iam_role": ("name", "role"), "aws_iam_role_policy": ("name", "role"), "aws_lambda_function": (
        "function_name", "function"), "aws_rds_cluster": ("cluster_identifier", "database"),
    "aws_rds_cluster_instance": ("identifier", "database"), "aws_security_group": ("name", "security_group"),
    "aws_rds_cluster_parameter_group": ("name", "parameter_group"), "aws_s3_bucket": ("bucket", "bucket"),
    "aws_rds_global_cluster": ("global_cluster_identifier", "database"), "aws_sns_topic": ("name", "topic"),
    "aws_secretsmanager_secret": ("name", "secret"), "aws_sqs_queue": ("name", "queue"),
    "aws_cloudwatch_log_group": ("name", "log_group"), "aws_kms_alias": ("name", "key_alias"),
}  # fmt: skip
# They have a name within something that ends in the suffix, or none at all.
NAMELESS = {"aws_api_gateway_request_validator", "aws_api_gateway_domain_name", "aws_route53_record"}
ACCOUNT = "${data.aws_caller_identity.caller.account_id}"
OPEN = {"0.0.0.0/0", "::/0"}
TAGS = {"Author", "Environment", "EnvironmentSuffix", "Project", "Repository", "System"}


def listed(value: Any) -> list[Any]:
    """Return a value of a policy as a list."""
    return value if isinstance(value, list) else [value]


def wide(found: Configuration) -> Iterator[str]:
    """Find what is allowed on everything, or with any action."""
    for resource, statement in found.statements():
        if statement["Effect"] == "Allow" and resource.kind != "aws_kms_key":
            actions = set(listed(statement["Action"]))
            yield from (f"{resource.path}: {action}" for action in actions if "*" in action)
            if "*" in listed(statement.get("Resource", [])) and not actions <= EVERYWHERE:
                yield f"{resource.path}: everything may be {sorted(actions)}"


def wide_key(found: Configuration) -> Iterator[str]:
    """Find what a key allows beyond its administration, and services under a condition."""
    for resource, statement in found.statements():
        if resource.kind == "aws_kms_key":
            silent = statement["Principal"].get("Service") == SILENT[1]
            if "AWS" not in statement["Principal"] and not statement.get("Condition") and not silent:
                yield f"{resource.path}: {statement['Principal']} without a condition"
            wild = {action for action in statement["Action"] if "*" in action}
            yield from (f"{resource.path}: {action}" for action in wild - WILD_IN_A_KEY)


def deputies(found: Configuration) -> Iterator[str]:
    """Find services that could be made another account's deputy."""
    for resource, statement in found.statements():
        service = statement["Principal"].get("Service") if isinstance(statement.get("Principal"), dict) else None
        condition = statement.get("Condition", {})
        if "sts:AssumeRole" in listed(statement["Action"]) and service not in WITHOUT_SOURCE:
            named = condition.get("ArnLike") or service in WITHOUT_ARN
            if not condition.get("StringEquals", {}).get("aws:SourceAccount") or not named:
                yield resource.path
        elif service and service not in WITHOUT_SOURCE and not condition and (resource.kind, service) != SILENT:
            yield resource.path


def keys_without_service(found: Configuration) -> Iterator[str]:
    """Find roles that may use a key for more than a service's work."""
    for resource, statement in found.statements():
        uses = [action for action in listed(statement["Action"]) if action.startswith("kms:")]
        services = listed(statement.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService", ""))
        bound = all(re.fullmatch(r"[a-z0-9]+\.[a-z0-9-]+-\d\.amazonaws\.com", service) for service in services)
        if uses and resource.kind == "aws_iam_role_policy" and not bound:
            yield resource.path


def open_to_the_world(found: Configuration) -> Iterator[str]:
    """Find rules and databases that let the world in or anything out to it."""
    for kind in ("aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"):
        yield from (r.path for r in found.of(kind) if r.values.get("cidr_ipv4") in OPEN)
    yield from (r.path for r in found.of("aws_rds_cluster_instance") if r["publicly_accessible"])


def unencrypted(found: Configuration) -> Iterator[str]:
    """Find data without a key of the stack's own and of the resource's own region, and keys that do not rotate."""
    for resource in found.resources:
        needed, role = DATA_KEYS.get(resource.kind), resource["provider"].removeprefix("aws.")
        if needed and f"aws_kms_key.keys-{role}_" not in str(resource.values.get(needed)):
            yield resource.path
        if resource.kind == "aws_kms_key" and not resource.values.get("enable_key_rotation"):
            yield resource.path
    for table in found.of("aws_dynamodb_table"):
        if not table["server_side_encryption"].get("kms_key_arn") or not all(
            replica.get("kms_key_arn") for replica in table["replica"]
        ):
            yield table.path


def open_buckets(found: Configuration) -> Iterator[str]:
    """Find buckets that lack one of their guards, or that speak without TLS."""
    for bucket in found.of("aws_s3_bucket"):
        guards = [r for r in found.resources if f"{bucket.address}.bucket" in str(r.values.get("bucket"))]
        (block,) = [g for g in guards if g.kind == "aws_s3_bucket_public_access_block"] or [None]
        switches = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
        if block is None or not all(block[switch] for switch in switches):
            yield f"{bucket.path}: public"
        for kind in ("server_side_encryption_configuration", "versioning", "lifecycle_configuration"):
            if not any(g.kind == f"aws_s3_bucket_{kind}" for g in guards):
                yield f"{bucket.path}: {kind}"


def without_tls(found: Configuration) -> Iterator[str]:
    """Find buckets, topics, queues and databases that may be spoken to in the clear."""
    for kind in ("aws_s3_bucket_policy", "aws_sns_topic_policy", "aws_sqs_queue_policy"):
        for resource in found.of(kind):
            denied = [s for s in json.loads(resource["policy"])["Statement"] if s["Effect"] == "Deny"]
            if not any(s["Condition"] == {"Bool": {"aws:SecureTransport": "false"}} for s in denied):
                yield resource.path
    for group in found.of("aws_rds_cluster_parameter_group"):
        if {"name": "rds.force_ssl", "value": "1"} not in group["parameter"]:
            yield group.path


def kept_for_ever(found: Configuration) -> Iterator[str]:
    """Find log groups without an end, and functions without a log group."""
    groups = found.of("aws_cloudwatch_log_group")
    yield from (group.path for group in groups if not group.values.get("retention_in_days"))
    for function in found.of("aws_lambda_function"):
        own = [g for g in groups if g["provider"] == function["provider"]]
        if f"/aws/lambda/{function['function_name']}" not in [g["name"] for g in own]:
            yield function.path


def secrets(found: Configuration) -> Iterator[str]:
    """Find passwords: arguments that reach a plan or a state, and anything but a reference in those that do not."""
    for resource in found.resources:
        for key, value in resource.values.items():
            if key in ("master_password", "secret_string", "password"):
                yield f"{resource.path}: {key}"
            if key in ("master_password_wo", "secret_string_wo") and "ephemeral." not in str(value):
                yield f"{resource.path}: {key}"
    yield from (name for name, output in found.json["output"].items() if "ephemeral" in json.dumps(output))


def refused_by_a_global_database(found: Configuration) -> Iterator[str]:
    """Find instance classes, versions and passwords that AWS refuses for a global database (X7)."""
    for instance in found.of("aws_rds_cluster_instance"):
        if not re.fullmatch(r"db\.(r([5-9]|\d\d)|x\d)[a-z]*\.\d*x?large", instance["instance_class"]):
            yield instance.path
    for whole in found.of("aws_rds_global_cluster"):
        if whole["engine_version"] not in engine_versions.ENGINES["aurora-postgresql"].versions:
            yield whole.path
    yield from (c.path for c in found.of("aws_rds_cluster") if "manage_master_user_password" in c.values)


def untagged(found: Configuration) -> Iterator[str]:
    """Find providers without the tags of everything, and taggable resources without a name (X4)."""
    for provider in found.json["provider"]["aws"]:
        if set(provider["default_tags"][0]["tags"]) != TAGS:
            yield str(provider["alias"])
    taggable = {r.kind for r in found.resources if "tags" in r.values}
    for resource in found.resources:
        if resource.kind in taggable and not resource.values.get("tags", {}).get("Name"):
            yield resource.path


def silent(found: Configuration) -> Iterator[str]:
    """Find alarms that nobody is told of."""
    for alarm in found.of("aws_cloudwatch_metric_alarm"):
        if not alarm.values.get("alarm_actions") or not alarm.values.get("ok_actions"):
            yield alarm.path


def unprotected(found: Configuration) -> Iterator[str]:
    """Find data of production that a slip can delete."""
    for kind in ("aws_rds_cluster", "aws_rds_global_cluster"):
        yield from (r.path for r in found.of(kind) if not r["deletion_protection"])
    for table in found.of("aws_dynamodb_table"):
        if not table["deletion_protection_enabled"] or not all(
            r.get("deletion_protection_enabled") and r.get("point_in_time_recovery") for r in table["replica"]
        ):
            yield table.path
    yield from (r.path for r in found.of("aws_rds_cluster") if r["skip_final_snapshot"])


def named(found: Configuration) -> Iterator[tuple[Resource, str, str]]:
    """Yield every physical name, with the kind of its limits."""
    for resource in found.resources:
        if resource.kind in NAMES:
            key, kind = NAMES[resource.kind]
            name = str(resource[key]).removeprefix("alias/").replace(ACCOUNT, "123456789012")
            yield resource, kind, name.removeprefix("/aws/rds/cluster/").removesuffix("/postgresql")


def wrong_names(found: Configuration) -> Iterator[str]:
    """Find names that two environments would share, or that AWS refuses (X3)."""
    for resource, kind, name in named(found):
        limit = naming.LIMITS[kind]
        if not name.endswith(f"-{SUFFIX}"):
            yield f"{resource.path}: {name}"
        if not (limit.shortest <= len(name) <= limit.longest and re.fullmatch(limit.pattern, name)):
            yield f"{resource.path}: {name}"


RULES: list[Callable[[Configuration], Iterator[str]]] = [
    wide, wide_key, deputies, keys_without_service, open_to_the_world, unencrypted, open_buckets, without_tls,
    kept_for_ever, secrets, refused_by_a_global_database, untagged, silent, wrong_names,
]  # fmt: skip
ENVIRONMENTS = ("dev", "staging", "production")


def deployed(environment: str) -> Configuration:
    """Return the stack with everything that can be configured."""
    return configuration(**with_domain(ENVIRONMENT=environment, ENVIRONMENT_SUFFIX=SUFFIX))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_finds_nothing(rule, environment):
    found = list(rule(deployed(environment)))
    assert found == []


def test_production_cannot_be_deleted_by_a_slip():
    found = list(unprotected(production()))
    assert found == []


def broken(kind: str, part: str, changes: dict[str, Any]) -> Configuration:
    """Return production with one resource's arguments changed, or without it when there are no changes."""
    found = Configuration(copy.deepcopy(production().json))
    if kind == "provider":
        found.json["provider"]["aws"][0].update(changes)
        return found
    target = next(r for r in found.of(kind) if r.path.endswith(part))
    if not changes:
        del found.json["resource"][kind][target.name]
    target.values.update(changes)
    return found


def policy(**statement: Any) -> dict[str, str]:
    """Return a policy with one statement."""
    whole = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:x"], **statement}
    return {"policy": json.dumps({"Statement": [whole]})}


ROLE, KEY, GROUP = "aws_iam_role_policy", "aws_kms_key", "aws_cloudwatch_log_group"
TRUST = {"assume_role_policy": policy(Action="sts:AssumeRole", Principal={"Service": "x.amazonaws.com"})["policy"]}
LOCKED = [
    {"region_name": "x", "kms_key_arn": "", "point_in_time_recovery": False, "deletion_protection_enabled": False}
]


@pytest.mark.parametrize(
    ("rule", "kind", "part", "changes"),
    [
        (wide, ROLE, "", policy(Resource="*")),
        (wide, ROLE, "", policy(Action="s3:*")),
        (wide_key, KEY, "", policy(Principal={"Service": "x"})),
        (wide_key, KEY, "", policy(Principal={"AWS": "x"}, Action=["*"])),
        (deputies, "aws_iam_role", "", TRUST),
        (deputies, "aws_sns_topic_policy", "", policy(Principal={"Service": "cloudwatch.amazonaws.com"})),
        (keys_without_service, ROLE, "", policy(Action=["kms:Decrypt"])),
        (keys_without_service, ROLE, "",
         policy(Action=["kms:Decrypt"], Condition={"StringEquals": {"kms:ViaService": "s3.everywhere.amazonaws.com"}})),
        (open_to_the_world, "aws_vpc_security_group_ingress_rule", "", {"cidr_ipv4": "0.0.0.0/0"}),
        (open_to_the_world, "aws_vpc_security_group_egress_rule", "", {"cidr_ipv4": "::/0"}),
        (open_to_the_world, "aws_rds_cluster_instance", "", {"publicly_accessible": True}),
        (unencrypted, GROUP, "", {"kms_key_id": None}),
        (unencrypted, "aws_rds_cluster", "database-secondary/cluster",
         {"kms_key_id": "${aws_kms_key.keys-primary_data_1.arn}"}),
        (unencrypted, KEY, "", {"enable_key_rotation": False}),
        (unencrypted, "aws_dynamodb_table", "", {"replica": LOCKED}),
        (open_buckets, "aws_s3_bucket_public_access_block", "", {"block_public_acls": False}),
        (open_buckets, "aws_s3_bucket_public_access_block", "", {}),
        (open_buckets, "aws_s3_bucket_lifecycle_configuration", "", {}),
        (without_tls, "aws_s3_bucket_policy", "", policy()),
        (without_tls, "aws_rds_cluster_parameter_group", "", {"parameter": []}),
        (kept_for_ever, GROUP, "", {"retention_in_days": 0}),
        (kept_for_ever, GROUP, "verification-logs", {}),
        (secrets, "aws_rds_cluster", "", {"master_password": "x"}),
        (secrets, "aws_secretsmanager_secret_version", "", {"secret_string_wo": "x"}),
        (refused_by_a_global_database, "aws_rds_cluster_instance", "", {"instance_class": "db.t4g.medium"}),
        (refused_by_a_global_database, "aws_rds_global_cluster", "", {"engine_version": "15.4"}),
        (refused_by_a_global_database, "aws_rds_cluster", "", {"manage_master_user_password": True}),
        (untagged, "provider", "", {"default_tags": [{"tags": {}}]}),
        (untagged, "aws_vpc", "", {"tags": {}}),
        (silent, "aws_cloudwatch_metric_alarm", "", {"alarm_actions": []}),
        (wrong_names, "aws_lambda_function", "", {"function_name": "disaster-recovery-payment-pr-70"}),
        (wrong_names, "aws_iam_role", "", {"name": "x" * 60 + "-pr-7"}),
        (unprotected, "aws_rds_cluster", "", {"deletion_protection": False}),
        (unprotected, "aws_rds_cluster", "", {"skip_final_snapshot": True}),
        (unprotected, "aws_dynamodb_table", "", {"replica": LOCKED}),
    ],
)  # fmt: skip
def test_the_rule_finds_what_is_broken(rule, kind, part, changes):
    found = list(rule(broken(kind, part, changes)))
    assert found != []


def test_every_rule_has_a_twin():
    twins = {case[0] for mark in test_the_rule_finds_what_is_broken.pytestmark for case in mark.args[1]}
    assert twins == {*RULES, unprotected}


def test_the_rules_see_the_whole_stack():
    found = production()
    assert len(found.resources) >= 240
    assert len(list(found.statements())) >= 80
    holders = {resource.kind for resource, _statement in found.statements()}
    assert {"aws_iam_role", ROLE, KEY, "aws_s3_bucket_policy", "aws_vpc_endpoint"} <= holders


def test_every_kind_with_a_name_is_known():
    keys = {"name", "identifier", "cluster_identifier", "bucket", "function_name", "alarm_name", "dashboard_name"}
    own = {
        resource.kind
        for resource in production().resources
        if any(isinstance(resource.values.get(key), str) and "${" not in resource[key] for key in keys)
    }
    assert own - set(NAMES) - NAMELESS == set()


def test_two_suffixes_share_no_name():
    first, second = (
        {(r.kind, r["provider"], name) for r, _kind, name in named(configuration(ENVIRONMENT_SUFFIX=suffix))}
        for suffix in ("pr-7", "pr-70")
    )
    assert len(first) == len(second) >= 80
    assert first & second == set()


def test_names_of_what_has_no_region_differ_between_the_regions():
    for kind in ("aws_iam_role", "aws_cloudwatch_dashboard", "aws_s3_bucket"):
        names = [name for resource, _kind, name in named(production()) if resource.kind == kind]
        assert len(names) == len(set(names)) > 1
