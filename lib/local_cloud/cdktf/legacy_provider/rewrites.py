"""What the old AWS provider does not know, and how it is said to it instead."""

from lib.common.json_types import JsonObject, JsonValue

Config = JsonObject
Resource = JsonObject
PROVIDER = "3.39.0"
OLD_RUNTIME = "python3.8"
_INSIGHTS = "this provider has Performance Insights of instances only"
_RECOVERY = "this provider has no recovery of a replica: given through the API afterwards"
_LOST = "the emulator does not keep it"
# Kind, argument, and why it has to go. Arguments of a block are written with a point.
LEFT_OUT: tuple[tuple[str, str, str], ...] = (
    ("aws_dynamodb_table", "deletion_protection_enabled", "younger than this provider"),
    ("aws_dynamodb_table", "point_in_time_recovery.recovery_period_in_days", "younger than this provider"),
    ("aws_dynamodb_table", "replica.deletion_protection_enabled", "younger than this provider"),
    ("aws_dynamodb_table", "replica.kms_key_arn", "the emulator does not tell a replica's key"),
    ("aws_dynamodb_table", "replica.point_in_time_recovery", _RECOVERY),
    ("aws_dynamodb_table", "replica.propagate_tags", "younger than this provider"),
    ("aws_lambda_function", "architectures", "younger than this provider; the emulator has one architecture"),
    ("aws_rds_cluster", "database_insights_mode", _INSIGHTS),
    ("aws_rds_cluster", "performance_insights_enabled", _INSIGHTS),
    ("aws_rds_cluster", "performance_insights_kms_key_id", _INSIGHTS),
    ("aws_rds_cluster", "performance_insights_retention_period", _INSIGHTS),
    ("aws_rds_cluster", "delete_automated_backups", "younger than this provider"),
    ("aws_rds_cluster", "engine_lifecycle_support", "younger than this provider"),
    ("aws_rds_global_cluster", "engine_lifecycle_support", "younger than this provider"),
    ("aws_rds_global_cluster", "force_destroy", "the emulator has another word for a member that has gone"),
    ("aws_rds_global_cluster", "tags", "younger than this provider"),
    ("aws_secretsmanager_secret", "replica", "younger than this provider: replicated through the API afterwards"),
)
# What is sent and cannot be read again: kind, arguments, and why. It stays as it was sent first.
UNREAD: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        "aws_cloudwatch_metric_alarm",
        (
            "actions_enabled",
            "alarm_actions",
            "alarm_description",
            "dimensions",
            "extended_statistic",
            "insufficient_data_actions",
            "ok_actions",
            "period",
            "statistic",
            "treat_missing_data",
        ),
        "this provider asks in a protocol in which the emulator tells an alarm's name alone",
    ),
    (
        "aws_flow_log",
        ("iam_role_arn", "log_format", "log_group_name", "max_aggregation_interval", "tags", "tags_all"),
        _LOST,
    ),
    ("aws_rds_cluster", ("enabled_cloudwatch_logs_exports",), _LOST),
    ("aws_vpc_endpoint", ("policy", "private_dns_enabled", "security_group_ids", "subnet_ids"), _LOST),
)
RULES = {"aws_vpc_security_group_ingress_rule": "ingress", "aws_vpc_security_group_egress_rule": "egress"}
RULE = "aws_security_group_rule"
# The resource that holds a part of a bucket, and the block that holds it in the bucket itself.
VERSIONING = "aws_s3_bucket_versioning"
ENCRYPTION = "aws_s3_bucket_server_side_encryption_configuration"
LIFECYCLE = "aws_s3_bucket_lifecycle_configuration"


def leave_out(block: JsonValue, path: list[str]) -> bool:
    """Take an argument out of a block, or of each block of a list; return whether it was there."""
    if isinstance(block, list):
        return sum(leave_out(part, path) for part in block) > 0  # of every one, not up to the first
    name, *rest = path
    if name not in block:
        return False
    if rest:
        return leave_out(block[name], rest)
    del block[name]
    return True


def _refer(node: JsonValue, old: str, new: str) -> None:
    """Let everything below a node refer to an address by its new name."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(items):
        if isinstance(value, str):
            node[key] = value.replace(old, new)
        elif isinstance(value, dict | list):
            _refer(value, old, new)


def hash_keys(config: Config) -> list[str]:
    """Take out the keys of hashes and their aliases, which are made already, and look them up by their aliases."""
    declared, found = config["resource"], config.setdefault("data", {}).setdefault("aws_kms_key", {})
    changed = []
    for kind in ("aws_kms_key", "aws_kms_replica_key"):
        for name, key in list(declared.get(kind, {}).items()):
            if kind == "aws_kms_key" and "customer_master_key_spec" not in key:
                continue
            del declared[kind][name]
            (alias,) = (each for each, body in declared["aws_kms_alias"].items() if f"{kind}.{name}." in str(body))
            found[name] = {"provider": key["provider"], "key_id": declared["aws_kms_alias"].pop(alias)["name"]}
            _refer(declared, f"{kind}.{name}.", f"data.aws_kms_key.{name}.")
            changed.append(name)
    declared.pop("aws_kms_replica_key", None)
    return changed


def leave_prefix_lists_out(config: Config) -> list[str]:
    """Take out the rules of security groups that name a prefix list."""
    changed = []
    for kind in RULES:
        named = config["resource"].get(kind, {})
        for name in [name for name, rule in named.items() if "prefix_list_id" in rule]:
            del named[name]
            changed.append(name)
    return changed


def plain_rule(config: Config) -> list[str]:
    """Write each rule of a security group as the resource that there was before."""
    declared = config["resource"]
    changed = []
    for kind, direction in RULES.items():
        for name, rule in declared.pop(kind, {}).items():
            plain = {
                key: rule[key]
                for key in ("//", "provider", "depends_on", "description", "security_group_id", "from_port", "to_port")
                if key in rule
            }
            plain |= {"type": direction, "protocol": rule["ip_protocol"]}
            if "cidr_ipv4" in rule:
                plain["cidr_blocks"] = [rule["cidr_ipv4"]]
            if "referenced_security_group_id" in rule:
                plain["source_security_group_id"] = rule["referenced_security_group_id"]
            declared.setdefault(RULE, {})[name] = plain
            _refer(declared, f"{kind}.{name}", f"{RULE}.{name}")
            changed.append(name)
    return changed


def plain_bucket(config: Config) -> list[str]:
    """Write versioning, encryption and lifecycle into the bucket that each belongs to."""
    declared = config["resource"]
    changed = []
    for kind, block in ((VERSIONING, _versioning), (ENCRYPTION, _encryption), (LIFECYCLE, _lifecycle)):
        for name, part in declared.pop(kind, {}).items():
            address = part["bucket"].removeprefix("${").removesuffix(".bucket}")
            bucket = declared["aws_s3_bucket"][address.partition(".")[2]]
            bucket |= block(part)
            _refer(declared, f"{kind}.{name}", address)
            changed.append(name)
    return changed


def queue_address(config: Config) -> list[str]:
    """Ask for a queue's address by the name that it had before."""
    declared = config["resource"]
    queues = list(declared.get("aws_sqs_queue", {}))
    for name in queues:
        _refer(declared, f"{{aws_sqs_queue.{name}.url}}", f"{{aws_sqs_queue.{name}.id}}")
    return queues


def ownership(config: Config) -> list[str]:
    """Choose the nearest to objects without access lists, which came later."""
    declared = config["resource"].get("aws_s3_bucket_ownership_controls", {})
    for controls in declared.values():
        controls["rule"]["object_ownership"] = "BucketOwnerPreferred"
    return list(declared)


def _versioning(part: Resource) -> Resource:
    return {"versioning": [{"enabled": part["versioning_configuration"]["status"] == "Enabled"}]}


def _encryption(part: Resource) -> Resource:
    rules = [
        {
            "apply_server_side_encryption_by_default": [rule["apply_server_side_encryption_by_default"]],
            "bucket_key_enabled": rule["bucket_key_enabled"],
        }
        for rule in part["rule"]
    ]
    return {"server_side_encryption_configuration": [{"rule": rules}]}


def _lifecycle(part: Resource) -> Resource:
    rules = []
    for rule in part["rule"]:
        plain = {"id": rule["id"], "enabled": rule["status"] == "Enabled"}
        for abort in rule.get("abort_incomplete_multipart_upload", []):
            plain["abort_incomplete_multipart_upload_days"] = abort["days_after_initiation"]
        for kept in rule.get("noncurrent_version_expiration", []):
            plain["noncurrent_version_expiration"] = [{"days": kept["noncurrent_days"]}]
        if "expiration" in rule:
            plain["expiration"] = rule["expiration"]
        rules.append(plain)
    return {"lifecycle_rule": rules}
