"""Log groups that end, and that only this account's key opens."""

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from constructs import Construct

from lib.disaster_recovery.aws_context import AwsContext
from lib.disaster_recovery.keys import Keys


def log_group(scope: Construct, construct_id: str, name: str, context: AwsContext, keys: Keys) -> CloudwatchLogGroup:
    """Return a log group, made before the service that writes to it would make one without an end or a key."""
    return CloudwatchLogGroup(
        scope,
        construct_id,
        name=name,
        retention_in_days=context.settings.log_days,
        kms_key_id=keys.operations.arn,
        provider=context.provider,
        tags={"Name": name},
    )
