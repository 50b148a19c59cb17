"""Is the region bootstrapped for the CDK, with a version that the synthesised template takes?"""

from collections.abc import Sequence

from botocore.exceptions import ClientError

from lib.check_account.account import Account, is_absent
from lib.check_account.model import Check, Row, System, Verdict
from lib.common.json_types import JsonMapping

PARAMETER = "BootstrapVersion"  # the CDK's name for it in every template
RULE = "CheckBootstrapVersion"


def checks(systems: Sequence[System]) -> list[Check]:
    """Return a check for each system whose template asks for a bootstrapped region."""
    needed_checks = []
    for system in systems:
        parameter = parameter_name(system.document)
        if parameter:
            needed_checks.append(_check(system, parameter, least_version(system.document)))
    return needed_checks


def parameter_name(template: JsonMapping) -> str:
    """Return the SSM parameter that has the version, as the template names it; '' where it asks for none."""
    return str(template.get("Parameters", {}).get(PARAMETER, {}).get("Default", ""))


def least_version(template: JsonMapping) -> int:
    """Return the least version that the template's own rule accepts.

    The CDK writes a rule that refuses each version before it: not one of ["1", "2", ...].
    https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
    """
    refused = [0]
    for assertion in template.get("Rules", {}).get(RULE, {}).get("Assertions", []):
        for test in assertion.get("Assert", {}).get("Fn::Not", []):
            refused += [int(version) for version in test.get("Fn::Contains", [[]])[0]]
    return max(refused) + 1


def collect(account: Account, region: str, parameter: str) -> int:
    """Return the version of the region's bootstrap stack, 0 when there is none.

    Raises:
        ClientError: Systems Manager does not answer the question.
    """
    try:
        return int(account.client("ssm", region).get_parameter(Name=parameter)["Parameter"]["Value"])
    except ClientError as error:
        if is_absent(error):
            return 0
        raise


def evaluate(check: Check, least: int, version: int) -> list[Row]:
    """Return whether the bootstrap stack is there and new enough."""
    if version >= least:
        return [check.row(Verdict.OK, f"version {version}")]
    account = "$(aws sts get-caller-identity --query Account --output text)"
    fix = f"cdk bootstrap aws://{account}/{check.region}"
    return [check.row(Verdict.CHANGE, f"version {version}" if version else "not bootstrapped", fix=fix)]


def _check(system: System, parameter: str, least: int) -> Check:
    region = system.declaration.region
    check = Check(
        what="CDK bootstrap stack",
        region=region,
        needed=f"version {least} or later ({system.name})",
        collect=lambda account: collect(account, region, parameter),
        evaluate=lambda version: evaluate(check, least, version),
    )
    return check
