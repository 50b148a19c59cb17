"""The payments' table: one DynamoDB global table, a replica in each region."""

from cdktf_cdktf_provider_aws.dynamodb_table import (
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTableGlobalSecondaryIndex,
    DynamodbTablePointInTimeRecovery,
    DynamodbTableReplica,
    DynamodbTableServerSideEncryption,
)
from constructs import Construct

from lib.disaster_recovery.aws_context import AwsContext
from lib.disaster_recovery.keys import Keys

INDEX = "payment-id"
RECOVERY_DAYS = 35  # as far back as DynamoDB can go


class PaymentsTable(Construct):
    """Version 2019.11.21 of global tables; eventually consistent, for strong consistency takes three regions.

    Encryption, recovery to a moment and protection belong to each replica. Which region may write is an item of the
    table, so nothing that Terraform compares changes with a failover.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        context: AwsContext,
        keys: Keys,
        replica: AwsContext,
        replica_keys: Keys,
    ) -> None:
        super().__init__(scope, construct_id)
        settings = context.settings
        self.table = DynamodbTable(
            self,
            "table",
            name=settings.name("table"),
            billing_mode="PAY_PER_REQUEST",  # a region that takes over needs no capacity to be raised first
            hash_key="pk",
            attribute=[
                DynamodbTableAttribute(name="pk", type="S"),
                DynamodbTableAttribute(name="payment_id", type="S"),
            ],
            global_secondary_index=[
                DynamodbTableGlobalSecondaryIndex(name=INDEX, hash_key="payment_id", projection_type="KEYS_ONLY")
            ],
            # What replicas are made from: AWS needs both images.
            stream_enabled=True,
            stream_view_type="NEW_AND_OLD_IMAGES",
            server_side_encryption=DynamodbTableServerSideEncryption(enabled=True, kms_key_arn=keys.data.arn),
            point_in_time_recovery=DynamodbTablePointInTimeRecovery(
                enabled=True, recovery_period_in_days=RECOVERY_DAYS
            ),
            deletion_protection_enabled=settings.deletion_protection,
            replica=[
                DynamodbTableReplica(
                    region_name=replica.region,
                    kms_key_arn=replica_keys.data.arn,
                    point_in_time_recovery=True,
                    deletion_protection_enabled=settings.deletion_protection,
                    propagate_tags=True,  # the provider's own tags do not reach a replica
                )
            ],
            lifecycle=context.protected(),
            **context.own(),
        )
