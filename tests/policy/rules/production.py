"""Production cannot be lost by a slip: deletion protection, snapshots, backups, and what stays when the stack goes."""

from collections.abc import Iterator

from cfnlint.data import AdditionalSpecs
from cfnlint.helpers import load_resource

from lib.declared.cloudformation import ACCOUNT
from lib.declared.model import Declaration, Resource, listed
from tests.policy.arns import KMS_KEYS
from tests.policy.network_view import databases
from tests.policy.rule import rule

PRODUCTION = frozenset({"production"})
# Days; RDS keeps automated backups for 35 at most.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.BackupRetention.html
BACKUP_DAYS = {"dev": range(1, 36), "staging": range(7, 36), "production": range(30, 36)}
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html
RECOVERY_DAYS = range(30, 36)
PROTECTED = ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::RDS::GlobalCluster")


@rule(*PROTECTED, "AWS::DynamoDB::GlobalTable", "AWS::ElasticLoadBalancingV2::LoadBalancer", environments=PRODUCTION)
def unprotected(declaration: Declaration) -> Iterator[str]:
    """Find data and ways in of production that a slip can delete."""
    for kind in PROTECTED:
        for database in declaration.of(kind):
            if not member(database) and database.properties.get("DeletionProtection") is not True:
                yield f"{database.name}: DeletionProtection is {database.properties.get('DeletionProtection')}"
    for table in declaration.of("AWS::DynamoDB::GlobalTable"):
        for replica in table.properties["Replicas"]:
            if replica.get("DeletionProtectionEnabled") is not True:
                yield f"{table.name}: the replica in {replica['Region']} can be deleted"
    for balancer in declaration.of("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        attributes = {item["Key"]: str(item["Value"]).lower() for item in balancer.properties["LoadBalancerAttributes"]}
        if attributes.get("deletion_protection.enabled") != "true":
            yield f"{balancer.name}: deletion_protection.enabled is {attributes.get('deletion_protection.enabled')}"


# What cfn-lint counts as stateful, and why it may go with its stack all the same.
HOLDS_COPIES = {
    "AWS::Logs::LogGroup": "lines about what has happened; what has to be kept is in a database or a bucket",
    "AWS::SQS::Queue": "messages on their way, for 14 days at most",
}
# What is written to these is gone with them or, without its key, cannot be read.
HOLDS_DATA = frozenset(
    load_resource(AdditionalSpecs, "StatefulResources.json")["ResourceTypes"].keys() - HOLDS_COPIES.keys()
    | {"AWS::ECR::Repository", "AWS::RDS::GlobalCluster"}
)


def member(resource: Resource) -> bool:
    """Return whether a resource is an instance of an Aurora cluster, which has the data."""
    return resource.type == "AWS::RDS::DBInstance" and bool(resource.properties.get("DBClusterIdentifier"))


@rule(*HOLDS_DATA, environments=PRODUCTION)
def unprotected_from_the_tool(declaration: Declaration) -> Iterator[str]:
    """Find data of production that a plan would destroy.

    Deletion protection of the service alone refuses when everything that is not protected has been destroyed. Terraform
    and Pulumi refuse the plan; CloudFormation refuses to delete the stack, and keeps what an update takes out of it
    (:func:`kept_in_production`).
    https://developer.hashicorp.com/terraform/language/meta-arguments/prevent_destroy
    https://www.pulumi.com/docs/iac/concepts/resources/options/protect/
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html
    """
    if declaration.tool == "cdk":
        for target in declaration.targets:
            if not target.protected:
                yield f"{target.name}: the stack has no termination protection"
        return
    for resource in declaration.resources:
        lifecycle = resource.options.get("lifecycle", {})
        if resource.type in HOLDS_DATA and not member(resource) and lifecycle.get("prevent_destroy") is not True:
            yield f"{resource.name}: a plan may destroy it"


@rule()
def any_account(declaration: Declaration) -> Iterator[str]:
    """Find providers, and stacks, that deploy to whatever account the credentials are of, although one is set."""
    for target in declaration.targets:
        if target.accounts != (ACCOUNT,):
            yield f"{target.name}: deploys to {', '.join(target.accounts) or 'any account'}"


@rule("AWS::CloudWatch::Alarm", environments=PRODUCTION)
def unheard(declaration: Declaration) -> Iterator[str]:
    """Find alarms of production that tell a topic which nobody listens to, or nothing at all.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions.html
    """
    heard = [
        topic
        for subscription in declaration.of("AWS::SNS::Subscription")
        for topic, _attribute in declaration.referred(subscription.properties.get("TopicArn", ""))
    ]
    for alarm in declaration.of("AWS::CloudWatch::Alarm"):
        told = [topic for topic, _attribute in declaration.referred(alarm.properties.get("AlarmActions", []))]
        if not any(topic is listened for topic in told for listened in heard):
            yield f"{alarm.name}: tells {[topic.name for topic in told] or 'nobody'}, and nobody listens"


ENDS_A_KEY = {"kms:ScheduleKeyDeletion", "kms:DisableKey"}


@rule("AWS::S3::Bucket", environments=PRODUCTION)
def locks_without_their_key(declaration: Declaration) -> Iterator[str]:
    """Find locked buckets of production whose key an administrator can end: what cannot be deleted is unreadable then.

    https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys-adding-permission.html
    """
    for bucket in declaration.of("AWS::S3::Bucket"):
        if not bucket.properties.get("ObjectLockEnabled"):
            continue
        for key, _attribute in declaration.referred(bucket.at("BucketEncryption", {})):
            denied = {
                action
                for statement in listed(key.at("KeyPolicy.Statement"))
                if statement["Effect"] == "Deny"
                for action in listed(statement.get("Action"))
            }
            if not denied >= ENDS_A_KEY:
                yield f"{bucket.name}: {key.name} may be ended: {sorted(ENDS_A_KEY - denied)}"


@rule("AWS::RDS::DBInstance", "AWS::RDS::DBCluster", environments=PRODUCTION)
def lost_with_the_stack(declaration: Declaration) -> Iterator[str]:
    """Find databases of production whose data goes with the stack: no final snapshot, or backups deleted with them."""
    for database in databases(declaration):
        if member(database):
            continue
        policy = database.options.get("DeletionPolicy")
        snapshot = policy in ("Snapshot", "Retain") if policy else _final_snapshot(database.options)
        if not snapshot:
            yield f"{database.name}: goes without a final snapshot"
        if database.properties.get("DeleteAutomatedBackups", database.type == "AWS::RDS::DBCluster") is True and (
            "DeleteAutomatedBackups" in database.properties
        ):
            yield f"{database.name}: its automated backups go with it"


def _final_snapshot(options: object) -> bool:
    """Return whether Terraform's provider makes a final snapshot."""
    assert isinstance(options, dict)
    return options.get("skip_final_snapshot") is False and bool(options.get("final_snapshot_identifier"))


@rule("AWS::RDS::DBInstance", "AWS::RDS::DBCluster")
def backups(declaration: Declaration) -> Iterator[str]:
    """Find databases whose backups are kept for too short or too long a time, or without a copy of their tags."""
    for database in databases(declaration):
        if member(database):
            continue
        days = int(database.properties.get("BackupRetentionPeriod", 1))
        if days not in BACKUP_DAYS[declaration.environment]:
            yield f"{database.name}: backups are kept for {days} days"


@rule("AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table")
def table_recovery(declaration: Declaration) -> Iterator[str]:
    """Find tables and replicas that cannot be restored to a moment."""
    for table in declaration.of("AWS::DynamoDB::GlobalTable"):
        for replica in table.properties["Replicas"]:
            found = replica.get("PointInTimeRecoverySpecification", {})
            if found.get("PointInTimeRecoveryEnabled") is not True:
                yield f"{table.name}: the replica in {replica['Region']} cannot be restored to a moment"
            if int(found.get("RecoveryPeriodInDays", 35)) not in RECOVERY_DAYS:
                yield f"{table.name}: {found['RecoveryPeriodInDays']} days of recovery in {replica['Region']}"
    for table in declaration.of("AWS::DynamoDB::Table"):
        if table.at("PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled") is not True:
            yield f"{table.name}: cannot be restored to a moment"


STATEFUL = ("AWS::ECR::Repository", *KMS_KEYS, "AWS::Kinesis::Stream", "AWS::S3::Bucket")


@rule(*STATEFUL, environments=PRODUCTION)
def kept_in_production(declaration: Declaration) -> Iterator[str]:
    """Find keys, streams and buckets of production that go with the stack: what is locked is lost without its key.

    A key under Terraform waits 30 days before it is gone, and a bucket with objects in it is not deleted.
    CloudFormation's ``Retain`` keeps too much: what a deployment that fails has just created, whose name is taken at
    the next try.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
    """
    for resource in declaration.resources:
        if resource.options.get("DeletionPolicy") == "Retain":
            yield f"{resource.name}: DeletionPolicy is Retain: use RetainExceptOnCreate"
    for kind in STATEFUL:
        for resource in declaration.of(kind):
            if resource.retained:
                continue
            if kind == "AWS::ECR::Repository" and resource.properties.get("EmptyOnDelete") is False:
                continue  # one with images in it is not deleted
            if kind == "AWS::S3::Bucket" and resource.options.get("force_destroy") is False:
                continue
            if (
                kind in KMS_KEYS
                and declaration.tool == "cdktf"
                and resource.properties.get("PendingWindowInDays") == 30
            ):
                continue
            yield f"{resource.name}: goes with the stack"
