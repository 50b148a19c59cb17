"""What the Pulumi systems declare is private, encrypted, over TLS, tagged and of least privilege (X3, X4, X6).

Every rule has a twin: the same program with one thing broken, in which the rule must find something.
"""

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.program import SYSTEMS, Declared, Program, program

WORLD = {"0.0.0.0/0", "::/0"}
LEAST = {"flask-api": 80, "payment": 120}  # resources that each system declares
# Calls that take no resource: the registry's token, the attachment of a function to a network, traces.
EVERYWHERE = {
    "ecr:GetAuthorizationToken", "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses", "xray:PutTraceSegments", "xray:PutTelemetryRecords",
}  # fmt: skip
# API Gateway documents no condition for the role that it takes on, Lambda one on the account alone; EventBridge sends
# KMS none. Only a caller of the account can pass the roles.
WITHOUT_SOURCE = {"apigateway.amazonaws.com"}
WITHOUT_ARN = {"lambda.amazonaws.com"}
# In a key's own policy "kms:*" belongs to the account's administrators, and a key cannot name itself.
KEY = "aws:kms/key:Key"
WILD_IN_A_KEY = {"kms:*", "kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"}
NAMES = {
    "name", "clusterIdentifier", "identifier", "bucket", "family", "dashboardName", "finalSnapshotIdentifier",
}  # fmt: skip
# A family of parameters is AWS's, an instance's cluster is a reference.
NO_NAMES = {
    ("ClusterParameterGroup", "family"), ("ParameterGroup", "family"), ("ClusterInstance", "clusterIdentifier"),
    ("Model", "name"), ("RequestValidator", "name"),  # within an API of the suffix's own
}  # fmt: skip
DATA_KEYS = {
    "aws:lambda/function:Function": "kmsKeyArn",
    "aws:rds/instance:Instance": "kmsKeyId",
    "aws:sqs/queue:Queue": "kmsMasterKeyId",
    "aws:cloudwatch/logGroup:LogGroup": "kmsKeyId",
    "aws:rds/cluster:Cluster": "kmsKeyId",
    "aws:sns/topic:Topic": "kmsMasterKeyId",
}


def documents(found: Program) -> Iterator[tuple[Declared, dict[str, Any]]]:
    """Yield every IAM statement, wherever it stands, with the resource that holds it."""
    for resource in found.resources:
        for name in ("policy", "assumeRolePolicy"):
            text = resource.inputs.get(name)
            if text and resource.kind != "aws:ecr/lifecyclePolicy:LifecyclePolicy":
                for statement in json.loads(text)["Statement"]:
                    yield resource, statement


def listed(value: Any) -> list[Any]:
    """Return a value of a policy as a list."""
    return value if isinstance(value, list) else [value]


def wide(found: Program) -> Iterator[str]:
    """Find what is allowed on everything, or with any action."""
    for resource, statement in documents(found):
        if statement["Effect"] != "Allow" or resource.kind == KEY:
            continue
        actions = set(listed(statement["Action"]))
        yield from (f"{resource.name}: {action}" for action in actions if "*" in action)
        if "*" in listed(statement.get("Resource", [])) and not actions <= EVERYWHERE:
            yield f"{resource.name}: everything may be {sorted(actions)}"


def wide_key(found: Program) -> Iterator[str]:
    """Find what a key allows beyond its administration and two services under a condition."""
    for resource, statement in documents(found):
        if resource.kind == KEY:
            if "AWS" not in statement["Principal"] and not statement.get("Condition"):
                yield f"{resource.name}: {statement['Principal']} without a condition"
            wild = {action for action in statement["Action"] if "*" in action}
            yield from (f"{resource.name}: {action}" for action in wild - WILD_IN_A_KEY)


def deputies(found: Program) -> Iterator[str]:
    """Find services that could be made another account's deputy."""
    for resource, statement in documents(found):
        if "sts:AssumeRole" in listed(statement["Action"]) and statement["Principal"]["Service"] not in WITHOUT_SOURCE:
            condition, service = statement.get("Condition", {}), statement["Principal"]["Service"]
            named = condition.get("ArnLike") or service in WITHOUT_ARN
            if not condition.get("StringEquals", {}).get("aws:SourceAccount") or not named:
                yield resource.name


def groups(balancer: Declared) -> list[str]:
    """Return a load balancer's security groups."""
    return list(balancer.inputs["securityGroups"])


def open_to_the_world(found: Program) -> Iterator[str]:
    """Find rules that let the world in anywhere but at a load balancer that is meant for it."""
    public = {g for b in found.of("lb/loadBalancer:LoadBalancer") if not b.inputs["internal"] for g in groups(b)}
    for rule in found.of("vpc/securityGroupIngressRule:SecurityGroupIngressRule"):
        if rule.inputs.get("cidrIpv4") in WORLD and rule.inputs["securityGroupId"] not in public:
            yield rule.name


def public_databases(found: Program) -> Iterator[str]:
    """Find databases with an address, or whose subnets have a way out."""
    for instance in [*found.of("rds/clusterInstance:ClusterInstance"), *found.of("rds/instance:Instance")]:
        if instance.inputs["publiclyAccessible"]:
            yield instance.name
    own = set(found.one("rds/subnetGroup:SubnetGroup")["subnetIds"])
    associations = found.of("ec2/routeTableAssociation:RouteTableAssociation")
    tables = {a.inputs["routeTableId"] for a in associations if a.inputs["subnetId"] in own}
    yield from (route.name for route in found.of("ec2/route:Route") if route.inputs["routeTableId"] in tables)


def unencrypted(found: Program) -> Iterator[str]:
    """Find data without a key of the stack's own, and keys that do not rotate."""
    for resource in found.resources:
        needed = DATA_KEYS.get(resource.kind)
        if needed and ":kms:" not in str(resource.inputs.get(needed)):
            yield resource.name
        if resource.kind == KEY and not resource.inputs["enableKeyRotation"]:
            yield resource.name


def open_buckets(found: Program) -> Iterator[str]:
    """Find buckets that lack one of their guards, or that speak without TLS."""
    for bucket in found.of("s3/bucket:Bucket"):
        name = bucket.inputs["bucket"]
        guards = [r for r in found.resources if r.inputs.get("bucket") == name]
        block = [r.inputs for r in guards if r.kind.endswith(":BucketPublicAccessBlock")]
        switches = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        if not block or not all(block[0][switch] for switch in switches):
            yield f"{bucket.name}: public"
        if not any(r.kind.endswith(":BucketServerSideEncryptionConfiguration") for r in guards):
            yield f"{bucket.name}: encryption"
        refusals = [s for r, s in documents(found) if r in guards and s["Effect"] == "Deny"]
        if not any(s["Condition"] == {"Bool": {"aws:SecureTransport": "false"}} for s in refusals):
            yield f"{bucket.name}: TLS"


def kept_for_ever(found: Program) -> Iterator[str]:
    """Find log groups and buckets of logs without an end."""
    groups = found.of("cloudwatch/logGroup:LogGroup")
    yield from (group.name for group in groups if not group.inputs.get("retentionInDays"))
    ends = {r.inputs["bucket"] for r in found.of("s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")}
    yield from (b.name for b in found.of("s3/bucket:Bucket") if b.inputs["bucket"] not in ends)


def physical(found: Program) -> set[str]:
    """Return every name that AWS would know something of this stack by."""
    return {
        str(resource.inputs[key])
        for resource in found.resources
        for key in NAMES & set(resource.inputs)
        if resource.kind.startswith("aws:") and (resource.kind.rpartition(":")[2], key) not in NO_NAMES
    }


def names_without_suffix(found: Program) -> Iterator[str]:
    """Find physical names that two environments would share (X3)."""
    for name in physical(found):
        if not name.removesuffix("-final").removesuffix("/postgresql").removesuffix("/upgrade").endswith("-pr-7"):
            yield name


def secrets(found: Program) -> Iterator[str]:
    """Find inputs and outputs that may hold a password (X6)."""
    for resource in found.resources:
        held = {key for key in resource.inputs if re.search(r"(?i)password", key)} - {"manageMasterUserPassword"}
        yield from (f"{resource.name}: {key}" for key in held)
    yield from (name for name in found.outputs if re.search(r"(?i)password", name))


def old_tls(found: Program) -> Iterator[str]:
    """Find ways around TLS to the database."""
    kinds = ("rds/clusterParameterGroup:ClusterParameterGroup", "rds/parameterGroup:ParameterGroup")
    for group in [group for kind in kinds for group in found.of(kind)]:
        if {"name": "rds.force_ssl", "value": "1"} not in group.inputs["parameters"]:
            yield group.name
    for task in found.of("ecs/taskDefinition:TaskDefinition"):
        (container,) = json.loads(task.inputs["containerDefinitions"])
        if {"name": "DB_TLS", "value": "verify-full"} not in container["environment"]:
            yield task.name
    for function in found.of("lambda/function:Function"):
        if function.inputs["environment"]["variables"].get("DB_TLS") != "verify-full":
            yield function.name


RULES: list[Callable[[Program], Iterator[str]]] = [
    wide, wide_key, deputies, open_to_the_world, public_databases, unencrypted, open_buckets, kept_for_ever,
    names_without_suffix, secrets, old_tls,
]  # fmt: skip


@pytest.mark.parametrize("environment", ["dev", "staging", "production"])
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_finds_nothing(rule, system, environment):
    found = list(rule(program(suffix="pr-7", system=system, ENVIRONMENT=environment)))
    assert found == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_rules_see_the_whole_program(system):
    own = [r for r in program(suffix="pr-7", system=system).resources if r.kind.startswith("aws:")]
    assert len(own) >= LEAST[system]


def test_every_document_is_read():
    found = program()
    holders = {resource.kind for resource, _statement in documents(found)}
    assert {"aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", KEY, "aws:s3/bucketPolicy:BucketPolicy"} <= holders
    assert len(list(documents(found))) >= 20


def broken(kind: str, which: str, changes: dict[str, Any]) -> Program:
    """Return the program with one resource's inputs changed, or without it when there are no changes."""
    found = program(suffix="pr-7")
    changed = [
        dataclasses.replace(r, inputs={**r.inputs, **changes}) if (r.kind, r.name) == (f"aws:{kind}", which) else r
        for r in found.resources
    ]
    if not changes:
        changed = [r for r in found.resources if (r.kind, r.name) != (f"aws:{kind}", which)]
    assert changed != found.resources
    return Program(changed, found.calls, found.outputs)


def policy(**statement: Any) -> str:
    """Return a document with one statement."""
    whole = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:x"], **statement}
    return json.dumps({"Statement": [whole]})


ROLE, GROUP = "iam/rolePolicy:RolePolicy", "cloudwatch/logGroup:LogGroup"
TRUST = policy(Action="sts:AssumeRole", Principal={"Service": "ecs-tasks.amazonaws.com"})


@pytest.mark.parametrize(
    ("rule", "kind", "name", "changes"),
    [
        (wide, ROLE, "task", {"policy": policy(Resource="*")}),
        (wide, ROLE, "task", {"policy": policy(Action="s3:*")}),
        (wide_key, "kms/key:Key", "database", {"policy": policy(Principal={"Service": "x"})}),
        (wide_key, "kms/key:Key", "database", {"policy": policy(Principal={"AWS": "x"}, Action=["*"])}),
        (deputies, "iam/role:Role", "task", {"assumeRolePolicy": TRUST}),
        (open_to_the_world, "vpc/securityGroupIngressRule:SecurityGroupIngressRule", "queries",
         {"cidrIpv4": "0.0.0.0/0"}),
        (public_databases, "rds/clusterInstance:ClusterInstance", "reader", {"publiclyAccessible": True}),
        (public_databases, "ec2/route:Route", "tasks-1", {"routeTableId": "database-id"}),
        (unencrypted, GROUP, "api", {"kmsKeyId": None}),
        (unencrypted, "rds/cluster:Cluster", "cluster", {"kmsKeyId": ""}),
        (unencrypted, "kms/key:Key", "operations", {"enableKeyRotation": False}),
        (open_buckets, "s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "logs", {"blockPublicAcls": False}),
        (open_buckets, "s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "logs", {}),
        (open_buckets, "s3/bucketPolicy:BucketPolicy", "logs", {"policy": policy()}),
        (kept_for_ever, GROUP, "api", {"retentionInDays": 0}),
        (kept_for_ever, "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "logs", {}),
        (names_without_suffix, GROUP, "api", {"name": "/ecs/flask-api-pr-70"}),
        (secrets, "rds/cluster:Cluster", "cluster", {"masterPassword": "x"}),
        (old_tls, "rds/clusterParameterGroup:ClusterParameterGroup", "parameters", {"parameters": []}),
        (old_tls, "ecs/taskDefinition:TaskDefinition", "api", {"containerDefinitions": '[{"environment": []}]'}),
    ],
)  # fmt: skip
def test_the_rule_finds_what_is_broken(rule, kind, name, changes):
    found = list(rule(broken(kind, name, changes)))
    assert found != []


def test_every_rule_has_a_twin():
    twins = {case[0] for mark in test_the_rule_finds_what_is_broken.pytestmark for case in mark.args[1]}
    assert twins == set(RULES)


@pytest.mark.parametrize("system", SYSTEMS)
def test_two_suffixes_share_no_name(system):
    first, second = (physical(program(suffix=suffix, system=system)) for suffix in ("pr-7", "pr-70"))
    assert len(first) == len(second) >= 30
    assert first & second == set()
