"""What does IAM Access Analyzer say about the policies that the systems declare?

ValidatePolicy checks the grammar, the actions, the condition keys and the ARNs against AWS's own current lists.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-policy-validation.html
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from lib.check_account.account import Account
from lib.check_account.model import Check, Row, System, Verdict
from lib.common import region as regions
from lib.common.json_types import JsonMapping, JsonObject, JsonValue
from lib.declared.model import Declaration, Resource

IDENTITY, RESOURCE = "IDENTITY_POLICY", "RESOURCE_POLICY"
TRUST = "AssumeRolePolicyDocument"
# The policies for which Access Analyzer knows more than the grammar; it takes these names and no others.
# https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ValidatePolicy.html
KNOWN = {"AWS::S3::BucketPolicy": "AWS::S3::Bucket", "AWS::DynamoDB::GlobalTable": "AWS::DynamoDB::Table"}
WRONG = ("ERROR", "SECURITY_WARNING")
ACCOUNT = "123456789012"
# What stands for a reference: an ARN of the right form, for Access Analyzer compares it with what the action takes.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
ARNS = {
    "AWS::ApiGateway::RestApi": "execute-api:{region}:{account}:abcdef1234",
    "AWS::CloudTrail::Trail": "cloudtrail:{region}:{account}:trail/name",
    "AWS::DynamoDB::GlobalTable": "dynamodb:{region}:{account}:table/name",
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/name",
    "AWS::ECR::Repository": "ecr:{region}:{account}:repository/name",
    "AWS::Events::Rule": "events:{region}:{account}:rule/name",
    "AWS::IAM::Role": "iam::{account}:role/name",
    "AWS::KMS::Key": "kms:{region}:{account}:key/12345678-1234-1234-1234-123456789012",
    "AWS::KMS::ReplicaKey": "kms:{region}:{account}:key/mrk-1234abcd12ab34cd56ef1234567890ab",
    "AWS::Kinesis::Stream": "kinesis:{region}:{account}:stream/name",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:name",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:name",
    "AWS::RDS::DBCluster": "rds:{region}:{account}:cluster:name",
    "AWS::RDS::DBInstance": "rds:{region}:{account}:db:name",
    "AWS::S3::Bucket": "s3:::name",
    "AWS::SNS::Topic": "sns:{region}:{account}:name",
    "AWS::SQS::Queue": "sqs:{region}:{account}:name",
    "AWS::SecretsManager::Secret": "secretsmanager:{region}:{account}:secret:name-abcdef",
}
REFERENCE = re.compile(r"\$\{[^${}]+\}")


def documents(system: System) -> Iterator[tuple[Resource, str, JsonMapping]]:
    """Yield every policy document with its resource and its path, references replaced by ARNs of the same form."""
    seen = set()
    for resource, path, _statement in system.declaration.statements():
        holder = path.rsplit(".Statement.", 1)[0]
        if (resource.name, holder) not in seen:
            seen.add((resource.name, holder))
            yield resource, holder, filled(resource.at(holder), system.declaration)


def filled(value: JsonValue, declaration: Declaration) -> JsonValue:
    """Return a document in which every reference is a value of the form that AWS will put there."""
    if isinstance(value, Mapping):
        return {key: filled(inner, declaration) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [filled(inner, declaration) for inner in value]
    return REFERENCE.sub(lambda match: _value(match[0], declaration), value) if isinstance(value, str) else value


def _value(reference: str, declaration: Declaration) -> str:
    resources = declaration.referred(reference)
    if not resources:
        return reference  # a policy variable such as ${aws:username}
    resource, attribute = resources[0]
    if not attribute.lower().endswith("arn"):
        return "name"
    form = ARNS.get(resource.type, resource.type.split("::")[1].lower() + ":{region}:{account}:name")
    partition = regions.partition(resource.region)
    return f"arn:{partition}:{form.format(region=resource.region, account=ACCOUNT)}"


def request(resource: Resource, path: str, document: JsonMapping) -> JsonObject:
    """Return what ValidatePolicy is asked about a document."""
    arguments = {"policyDocument": json.dumps(document)}
    if path.endswith(TRUST):
        return {**arguments, "policyType": RESOURCE, "validatePolicyResourceType": "AWS::IAM::AssumeRolePolicyDocument"}
    if resource.type.startswith("AWS::IAM::"):
        return {**arguments, "policyType": IDENTITY}
    known = {"validatePolicyResourceType": KNOWN[resource.type]} if resource.type in KNOWN else {}
    return {**arguments, "policyType": RESOURCE, **known}


def checks(systems: Sequence[System]) -> list[Check]:
    """Return a check for each system that declares policies."""
    policies_by_system = [(system, list(documents(system))) for system in systems]
    return [_check(system, policies) for system, policies in policies_by_system if policies]


def collect(
    account: Account, region: str, policies: Sequence[tuple[Resource, str, JsonMapping]]
) -> list[tuple[str, JsonMapping]]:
    """Return every finding with where the policy stands; one that is there twice is asked about once."""
    client = account.client("accessanalyzer", region)
    answers: dict[str, list[JsonMapping]] = {}
    findings = []
    for resource, path, document in policies:
        arguments = request(resource, path, document)
        key = json.dumps(arguments, sort_keys=True)
        if key not in answers:
            pages = client.get_paginator("validate_policy").paginate(**arguments)
            answers[key] = [finding for page in pages for finding in page["findings"]]
        findings += [(f"{resource.name} {path}", finding) for finding in answers[key]]
    return findings


def evaluate(check: Check, number: int, findings: Sequence[tuple[str, JsonMapping]]) -> list[Row]:
    """Return a row for each policy that is wrong or gives away too much, or one that says that none is."""
    wrong = [(where, finding) for where, finding in findings if finding["findingType"] in WRONG]
    if not wrong:
        hints = f", {len(findings)} suggestions" if findings else ""
        return [check.row(Verdict.OK, f"{number} policies{hints}")]
    return [
        check.row(
            Verdict.CHANGE,
            f"{where}: {finding['findingType']} {finding['issueCode']}: {finding['findingDetails']}",
            fix=f"correct the policy: {finding['learnMoreLink']}",
        )
        for where, finding in wrong
    ]


def _check(system: System, policies: Sequence[tuple[Resource, str, JsonMapping]]) -> Check:
    region = system.declaration.region
    check = Check(
        what=f"policies of {system.name}",
        region=region,
        needed="no findings of IAM Access Analyzer",
        collect=lambda account: collect(account, region, policies),
        evaluate=lambda findings: evaluate(check, len(policies), findings),
    )
    return check
