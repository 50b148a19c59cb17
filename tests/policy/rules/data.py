"""Secrets stand in no declaration, and everything that is written has an end."""

import re
from collections.abc import Iterator

from lib.declared.model import Declaration, leaves
from tests.policy.rule import rule

# The properties of CloudFormation that hold a secret itself.
HOLD_SECRETS = frozenset({"AuthToken", "MasterUserPassword", "Password", "SecretString", "TdeCredentialPassword"})
# What gives a secret without writing it into a plan, a state or a template: Terraform's ephemeral resources and
# CloudFormation's dynamic references. https://developer.hashicorp.com/terraform/language/ephemeral
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
WITHOUT_A_TRACE = re.compile(r"\$\{ephemeral\.[^}]+\}|\{\{resolve:(secretsmanager|ssm-secure):.+\}\}")
SECRET = re.compile(r"(?i)password|passwd|secret|token|credential|private_?key|api_?key")
# A variable of such a name says which secret it is, and not what it is.
ABOUT = re.compile(r"(?i)(arn|id|name|version|ttl|seconds)$")


@rule()
def secrets(declaration: Declaration) -> Iterator[str]:
    """Find secrets that would stand in a template, a plan or a state, and variables that may hold one."""
    for resource in declaration.resources:
        for path, value in leaves(resource.properties):
            if path.rpartition(".")[2] in HOLD_SECRETS and not WITHOUT_A_TRACE.fullmatch(str(value)):
                yield f"{resource.name}: {path} is written down"
    for name, variable, value in variables(declaration):
        if SECRET.search(variable) and not ABOUT.search(variable):
            yield f"{name}: the variable {variable} may hold a secret ({value!r})"


def variables(declaration: Declaration) -> Iterator[tuple[str, str, str]]:
    """Yield (resource, variable, value) of every environment variable of functions and containers."""
    for function in declaration.of("AWS::Lambda::Function"):
        for variable, value in function.at("Environment.Variables", {}).items():
            yield function.name, variable, str(value)
    for task in declaration.of("AWS::ECS::TaskDefinition"):
        for container in task.at("ContainerDefinitions", []):
            for variable in container.get("Environment", []):
                yield task.name, variable["Name"], str(variable["Value"])


@rule("AWS::Logs::LogGroup")
def logs_have_an_end(declaration: Declaration) -> Iterator[str]:
    """Find log groups that keep everything forever: they have no retention."""
    for group in declaration.of("AWS::Logs::LogGroup"):
        if not group.at("RetentionInDays"):
            yield f"{group.name}: no RetentionInDays"


@rule("AWS::S3::Bucket")
def buckets_have_an_end(declaration: Declaration) -> Iterator[str]:
    """Find buckets that keep everything forever, or unfinished uploads.

    What Object Lock keeps on purpose has no end.
    """
    for bucket in declaration.of("AWS::S3::Bucket"):
        rules = [one for one in bucket.at("LifecycleConfiguration.Rules", []) if one.get("Status") == "Enabled"]
        if not bucket.at("ObjectLockConfiguration") and not any("Expiration" in key for one in rules for key in one):
            yield f"{bucket.name}: no rule of its lifecycle has an Expiration"
        if not any("AbortIncompleteMultipartUpload" in one for one in rules):
            yield f"{bucket.name}: no rule of its lifecycle ends unfinished uploads"
