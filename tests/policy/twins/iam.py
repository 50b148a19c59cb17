"""Twins of the rules on IAM documents, roles and keys."""

from tests.policy.cases import ACCOUNT, HOME, REMOVED, Twin
from tests.policy.rules import iam, roles
from tests.policy.spelling import everywhere

FIRST = "PolicyDocument.Statement.0"
TRUST = "AssumeRolePolicyDocument.Statement.0"
NO_ACCOUNT = {f"{TRUST}.Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:ec2:x:123456789012:vpc-flow-log/*"}}}
LATER = {"Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": ["arn:aws:kms:eu-south-1:123456789012:key/x"]}
GROUPS = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{HOME}:{ACCOUNT}:olg-group:*"}}
INDEX = {
    "Effect": "Allow",
    "Action": ["dynamodb:Query"],
    "Resource": [f"arn:aws:dynamodb:{HOME}:{ACCOUNT}:table/x/indxe/*"],
}
EVENTS = {
    "Effect": "Allow",
    "Action": ["kms:Decrypt"],
    "Resource": "*",
    "Principal": {"Service": "events.amazonaws.com"},
    "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
}


def also(statement: object) -> object:
    """Return a change that adds a statement."""
    return lambda statements: [*statements, statement]


def without_denials(statements: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return the statements that allow something."""
    return [statement for statement in statements if statement["Effect"] == "Allow"]


def without_interfaces(statements: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return the statements that say nothing of network interfaces."""
    return [statement for statement in statements if "ec2:" not in str(statement["Action"])]


def via(value: str) -> object:
    """Return a change of every condition on the service through which a key is used."""

    def changed(statements: list[dict[str, object]]) -> list[dict[str, object]]:
        return [
            {**s, "Condition": {"StringEquals": {"kms:ViaService": value}}} if "kms:" in str(s["Action"]) else s
            for s in statements
        ]

    return changed


TWINS: list[Twin] = [
    *everywhere(iam.document_forms, "policy", {"PolicyDocument.Version": "2012-10-71"}),
    *everywhere(iam.document_forms, "role", {"AssumeRolePolicyDocument.Version": REMOVED}),
    *everywhere(iam.document_forms, "policy", {f"{FIRST}.Effect": "Alow"}),
    *everywhere(iam.document_forms, "policy", {f"{FIRST}.Principal": {"AWS": "*"}}),
    *everywhere(iam.document_forms, "policy", {f"{FIRST}.Conditions": {}}),
    *everywhere(iam.document_forms, "role", {f"{TRUST}.Action": "sts:AssumeRoel"}),
    *everywhere(iam.document_forms, "role", {f"{TRUST}.Resource": "*"}),
    *everywhere(iam.unknown_actions, "policy", {f"{FIRST}.Action": ["logs:PutLogEvent"]}),
    *everywhere(iam.unknown_actions, "role", {f"{TRUST}.Action": "sts:AssumeRoel"}),
    *everywhere(iam.wildcards, "policy", {f"{FIRST}.Action": ["logs:*"]}),
    *everywhere(iam.wildcards, "policy", {f"{FIRST}.Resource": "*"}, cdktf="flows", pulumi="flows"),
    *everywhere(iam.wildcards, "key", {"KeyPolicy.Statement.0.Action": ["kms:Create*"]}),
    *everywhere(iam.resource_forms, "policy", {f"{FIRST}.Resource": ["arn:aws:logs:x:123456789012:loggroup:y:*"]}),
    *everywhere(
        iam.resource_forms, "policy", {f"{FIRST}.Action": ["logs:CreateLogStream", "s3:GetObject"]}, pulumi="flows"
    ),
    *everywhere(iam.resource_forms, "policy", {"PolicyDocument.Statement": also(INDEX)}),
    *everywhere(
        iam.other_partitions_and_accounts,
        "policy",
        {f"{FIRST}.Resource": ["arn:aws-cn:logs:x:123456789012:log-group:y:*"]},
    ),
    *everywhere(
        iam.other_partitions_and_accounts,
        "policy",
        {f"{FIRST}.Resource": ["arn:aws:logs:x:210987654321:log-group:y:*"]},
    ),
    *everywhere(
        iam.log_group_arns,
        "policy",
        {f"{FIRST}.Resource": ["arn:aws:logs:eu-south-1:123456789012:log-group:RDSOSMetrics"]},
        cdktf="monitoring",
        pulumi="monitoring",
    ),
    *everywhere(
        iam.unknown_conditions, "bucket_policy", {f"{FIRST}.Condition": {"Bol": {"aws:SecureTransport": "false"}}}
    ),
    *everywhere(
        iam.unknown_conditions, "bucket_policy", {f"{FIRST}.Condition": {"Bool": {"aws:SecureTransprot": "false"}}}
    ),
    *everywhere(
        iam.unknown_conditions, "bucket_policy", {f"{FIRST}.Condition": {"Bool": {"aws:SecureTransport": "flase"}}}
    ),
    *everywhere(
        iam.unknown_conditions, "topic_policy", {f"{FIRST}.Condition": {"ArnLike": {"aws:SourceAccount": "x"}}}
    ),
    *everywhere(
        iam.service_principals,
        "role",
        {f"{TRUST}.Principal": {"Service": "monitoring.rds.amazonaws.cmo"}},
        cdktf="monitoring",
        pulumi="monitoring",
    ),
    *everywhere(
        iam.service_principals,
        "key",
        {"KeyPolicy.Statement.1.Principal": {"Service": "logs.nowhere.amazonaws.com"}},
        cdk="KeysOperations",
        cdktf="primary/operations",
        pulumi="operations",
    ),
    *everywhere(
        iam.confused_deputies,
        "role",
        NO_ACCOUNT,
        cdk="NetworkVpcFlowLog",
        cdktf="networking-primary/flows",
        pulumi="flows",
    ),
    *everywhere(
        iam.confused_deputies,
        "role",
        {f"{TRUST}.Condition.StringEquals": {"aws:SourceAccount": "210987654321"}},
        cdk="NetworkVpcFlowLog",
        cdktf="networking-primary/flows",
        pulumi="flows",
    ),
    *everywhere(
        iam.confused_deputies,
        "role",
        {f"{TRUST}.Condition.ArnLike": {"aws:SourceArn": f"arn:aws:ce2:{HOME}:{ACCOUNT}:vpc-flow-log/*"}},
        cdk="NetworkVpcFlowLog",
        cdktf="networking-primary/flows",
        pulumi="flows",
    ),
    *everywhere(
        iam.confused_deputies,
        "key",
        {"KeyPolicy.Statement": also(EVENTS)},
        cdk="KeysOperations",
        cdktf="primary/operations",
        pulumi="operations",
    ),
    *everywhere(
        iam.confused_deputies,
        "key",
        {"KeyPolicy.Statement.1.Condition": GROUPS},
        cdk="KeysOperations",
        cdktf="primary/operations",
        pulumi="operations",
    ),
    Twin(
        iam.confused_deputies,
        "cdktf",
        "aws_sqs_queue_policy",
        "",
        {"policy.Statement.0.Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:events:x:210987654321:rule/y"}}},
    ),
    *everywhere(
        roles.roles_for_others,
        "role",
        {f"{TRUST}.Principal": {"Service": "lambda.amazonaws.com"}},
        cdk="NetworkVpcFlowLog",
        cdktf="networking-primary/flows",
        pulumi="flows",
    ),
    *everywhere(roles.roles_for_others, "flow_log", {}),
    Twin(roles.roles_for_others, "pulumi", "aws:iam/rolePolicy:RolePolicy", "", {}),
    *everywhere(roles.managed_policies, "role", {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}),
    *everywhere(roles.keys_without_a_service, "policy", {"PolicyDocument.Statement": also(LATER)}),
    *everywhere(
        roles.keys_without_a_service,
        "policy",
        {"PolicyDocument.Statement": via("s3.nowhere.amazonaws.com")},
        cdk="Consumer",
        cdktf="payment-role",
        pulumi="database",
    ),
    *everywhere(
        roles.keys_without_a_service,
        "policy",
        {"PolicyDocument.Statement": via("secretsmanagre.eu-south-1.amazonaws.com")},
        cdk="Consumer",
        cdktf="payment-role",
        pulumi="database",
    ),
    *everywhere(
        roles.network_interfaces,
        "policy",
        {"PolicyDocument.Statement": without_denials},
        cdk="Consumer",
        cdktf="payment-role",
        pulumi="api",
    ),
    *everywhere(
        roles.network_interfaces,
        "policy",
        {"PolicyDocument.Statement": without_interfaces},
        cdk="Consumer",
        cdktf="payment-role",
        pulumi="api",
    ),
    Twin(roles.traces, "cdk", "AWS::Lambda::Function", "", {"TracingConfig": {"Mode": "Active"}}),
    Twin(roles.traces, "cdktf", "aws_lambda_function", "", {"tracing_config.mode": "PassThrough"}),
    Twin(roles.traces, "pulumi", "aws:lambda/function:Function", "api", {"tracingConfig.mode": "PassThrough"}),
]
