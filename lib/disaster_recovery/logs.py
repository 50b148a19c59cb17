"""Log groups that end, and that only this account's key opens."""

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from constructs import Construct

from lib.disaster_recovery.aws_context import AwsContext
from lib.disaster_recovery.keys import Keys


def log_group(  # pylint: disable=too-many-positional-arguments  # what every log group needs
    scope: Construct, construct_id: str, name: str, context: AwsContext, keys: Keys, title: str = ""
) -> CloudwatchLogGroup:
    """Return a log group, made before the service that writes to it would make one without an end or a key.

    Args:
        scope: what it belongs to.
        construct_id: its name there.
        name: its name.
        context: where it is.
        keys: the region's.
        title: its tag ``Name``, where the name has a part that is known after its resource is created only: the
            provider plans tags, and ends an apply in which they have become others
            (https://github.com/hashicorp/terraform-provider-aws/issues/19583).
    """
    return CloudwatchLogGroup(
        scope,
        construct_id,
        name=name,
        retention_in_days=context.settings.log_days,
        kms_key_id=keys.operations.arn,
        provider=context.provider,
        tags={"Name": title or name},
    )
