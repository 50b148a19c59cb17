"""Buckets, streams, queues, images and secrets: nothing public, nothing kept without an end, nothing overwritten."""

from collections.abc import Iterator, Mapping
from typing import Any

from lib.declared.model import Declaration, Resource, listed
from tests.policy.arns import KMS_KEYS
from tests.policy.rule import rule
from tests.policy.rules.iam import conditions

BUCKET = "AWS::S3::Bucket"
BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
# Days before S3 moves objects to these classes:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
COLDER: Mapping[str, int] = {
    "STANDARD_IA": 30,
    "ONEZONE_IA": 30,
    "INTELLIGENT_TIERING": 0,
    "GLACIER_IR": 0,
    "GLACIER": 0,
    "DEEP_ARCHIVE": 0,
}
ORDER = ("STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
LONGEST_DAYS = 3650


@rule(BUCKET)
def open_buckets(declaration: Declaration) -> Iterator[str]:
    """Find buckets that may become public, or whose objects may belong to others.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    """
    for bucket in declaration.of(BUCKET):
        for flag in BLOCKS:
            if bucket.at(f"PublicAccessBlockConfiguration.{flag}") is not True:
                yield f"{bucket.name}: {flag} is {bucket.at(f'PublicAccessBlockConfiguration.{flag}')}"
        owners = [found.get("ObjectOwnership") for found in listed(bucket.at("OwnershipControls.Rules"))]
        if owners != ["BucketOwnerEnforced"]:
            yield f"{bucket.name}: ObjectOwnership is {owners}"
        if bucket.properties.get("AccessControl"):
            yield f"{bucket.name}: has an access-control list"


@rule("AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", *KMS_KEYS)
def public_policies(declaration: Declaration) -> Iterator[str]:
    """Find policies that allow something to everybody."""
    for resource, path, statement in declaration.statements():
        everybody = statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
        network = resource.type == "AWS::EC2::VPCEndpoint"  # only what is in the network gets there
        if everybody and statement.get("Effect") == "Allow" and not network and not list(conditions(statement)):
            yield f"{resource.name}: {path}: everybody may {statement.get('Action')}"


@rule(BUCKET)
def bucket_versions(declaration: Declaration) -> Iterator[str]:
    """Find buckets whose objects can be overwritten for good, and locks that keep nothing.

    Logs that AWS's own services write are never overwritten: such a bucket needs no versions.
    """
    for bucket in declaration.of(BUCKET):
        default = listed(bucket.at("BucketEncryption.ServerSideEncryptionConfiguration"))
        logs = any(d.get("ServerSideEncryptionByDefault", {}).get("SSEAlgorithm") == "AES256" for d in default)
        status = bucket.at("VersioningConfiguration.Status")
        if status != "Enabled" and not (logs and status is None):
            yield f"{bucket.name}: VersioningConfiguration.Status is {status!r}"
        retention = bucket.at("ObjectLockConfiguration.Rule.DefaultRetention")
        if bucket.properties.get("ObjectLockEnabled") or retention:
            kept = retention or {}
            if kept.get("Mode") not in ("GOVERNANCE", "COMPLIANCE") or int(kept.get("Days", 0)) < 1:
                yield f"{bucket.name}: keeps what is written as {dict(kept)}"
            if bucket.properties.get("ObjectLockEnabled") is not True:
                yield f"{bucket.name}: a lock can only be set where ObjectLockEnabled is true from the start"
            if declaration.environment == "production" and kept.get("Mode") != "COMPLIANCE":
                yield f"{bucket.name}: in production nobody may shorten a retention, not in {kept.get('Mode')!r}"


@rule(BUCKET)
def bucket_ends(declaration: Declaration) -> Iterator[str]:
    """Find buckets without an end for objects, old versions or parts of uploads, and transitions that S3 refuses.

    Or that do nothing: S3 moves no object below 128 KB to another class, unless the rule's filter has a size.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
    """
    for bucket in declaration.of(BUCKET):
        rules = listed(bucket.at("LifecycleConfiguration.Rules"))
        if not rules:
            yield f"{bucket.name}: has no lifecycle"
        for found in rules:
            yield from (f"{bucket.name}: {wrong}" for wrong in _lifecycle(bucket, found))


def _lifecycle(bucket: Resource, found: Mapping[str, Any]) -> Iterator[str]:
    if found.get("Status") != "Enabled" or found.get("Prefix", "") or found.get("Filter", {}).get("Prefix"):
        yield f"the rule {found.get('Id')!r} is {found.get('Status')!r}, or of a part of the bucket only"
    if not 1 <= int(found.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation", 0)) <= 30:
        yield f"parts of an upload that never ended stay: {found.get('AbortIncompleteMultipartUpload')}"
    kept = bucket.properties.get("ObjectLockEnabled") is True
    days = int(found.get("ExpirationInDays", 0))
    if not kept and not 1 <= days <= LONGEST_DAYS:
        yield f"objects end after {days} days"
    versions = bucket.at("VersioningConfiguration.Status") == "Enabled" and not kept
    if versions and not 1 <= int(found.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays", 0)) <= LONGEST_DAYS:
        yield f"old versions stay: {found.get('NoncurrentVersionExpiration')}"
    steps = [(str(s.get("StorageClass")), int(s.get("TransitionInDays", 0))) for s in found.get("Transitions", [])]
    if steps and not int(found.get("ObjectSizeGreaterThan", 0)):
        yield f"objects below 128 KB stay in their class: {steps} says nothing of a size (ObjectSizeGreaterThan)"
    for name, after in steps:
        if name not in COLDER or after < COLDER[name]:
            yield f"to {name!r} after {after} days"
    known = [(ORDER.index(name), after) for name, after in steps if name in ORDER]
    if known != sorted(known, key=lambda step: step[1]) or known != sorted(known):
        yield f"from a colder class to a warmer one: {steps}"


@rule(BUCKET)
def bucket_logs(declaration: Declaration) -> Iterator[str]:
    """Find access logs that go to no bucket of the stack, or to a place that the bucket's policy does not allow."""
    for bucket in declaration.of(BUCKET):
        found = bucket.properties.get("LoggingConfiguration")
        if not found:
            continue
        targets = [target for target, _attribute in declaration.referred(found.get("DestinationBucketName", ""))]
        if [target.type for target in targets] != [BUCKET] or targets == [bucket]:
            yield f"{bucket.name}: logs to {found.get('DestinationBucketName')!r}"
        allowed = [
            str(name)
            for policy, _path, statement in declaration.statements()
            if policy.type == "AWS::S3::BucketPolicy"
            and statement.get("Principal") == {"Service": "logging.s3.amazonaws.com"}
            for name in listed(statement.get("Resource"))
        ]
        if not any(name.endswith(f"/{found.get('LogFilePrefix')}*") for name in allowed):
            yield f"{bucket.name}: logs to {found.get('LogFilePrefix')!r}, and {allowed} may be written"


@rule("AWS::Kinesis::Stream")
def streams(declaration: Declaration) -> Iterator[str]:
    """Find streams that are not encrypted or keep records for less than a day or more than a year.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_IncreaseStreamRetentionPeriod.html
    """
    for stream in declaration.of("AWS::Kinesis::Stream"):
        if stream.at("StreamEncryption.EncryptionType") != "KMS":
            yield f"{stream.name}: EncryptionType is {stream.at('StreamEncryption.EncryptionType')!r}"
        if not 24 <= int(stream.properties.get("RetentionPeriodHours", 24)) <= 8760:
            yield f"{stream.name}: keeps records for {stream.properties['RetentionPeriodHours']} hours"
        mode = stream.at("StreamModeDetails.StreamMode", "PROVISIONED")
        if mode not in ("PROVISIONED", "ON_DEMAND") or (mode == "PROVISIONED") != ("ShardCount" in stream.properties):
            yield f"{stream.name}: {mode!r} with {stream.properties.get('ShardCount')} shards"


@rule("AWS::ECR::Repository")
def repositories(declaration: Declaration) -> Iterator[str]:
    """Find repositories in which a tag can change what it means, without scans, or without an end for old images.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
    """
    for repository in declaration.of("AWS::ECR::Repository"):
        if repository.properties.get("ImageTagMutability") != "IMMUTABLE":
            yield f"{repository.name}: ImageTagMutability is {repository.properties.get('ImageTagMutability')!r}"
        if repository.at("ImageScanningConfiguration.ScanOnPush") is not True:
            yield f"{repository.name}: images are not scanned"
        if repository.at("EncryptionConfiguration.EncryptionType", "AES256") not in ("AES256", "KMS", "KMS_DSSE"):
            yield f"{repository.name}: EncryptionType is {repository.at('EncryptionConfiguration.EncryptionType')!r}"
        rules = repository.at("LifecyclePolicy.LifecyclePolicyText.rules", [])
        if not rules:
            yield f"{repository.name}: images are never deleted"
        for found in rules:
            chosen = found.get("selection", {})
            if found.get("action") != {"type": "expire"} or int(chosen.get("countNumber", 0)) < 1:
                yield f"{repository.name}: the rule {found}"
            if chosen.get("tagStatus") not in ("tagged", "untagged", "any"):
                yield f"{repository.name}: images that are {chosen.get('tagStatus')!r}"
            if chosen.get("countType") not in ("imageCountMoreThan", "sinceImagePushed") or (
                (chosen["countType"] == "sinceImagePushed") != (chosen.get("countUnit") == "days")
            ):
                yield f"{repository.name}: counts {chosen.get('countType')!r} in {chosen.get('countUnit')!r}"


@rule("AWS::DynamoDB::GlobalTable")
def tables(declaration: Declaration) -> Iterator[str]:
    """Find tables whose keys are no attributes, without the stream that replicas are made from, or of one region.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
    """
    for table in declaration.of("AWS::DynamoDB::GlobalTable"):
        if table.at("StreamSpecification.StreamViewType") != "NEW_AND_OLD_IMAGES":
            yield f"{table.name}: StreamViewType is {table.at('StreamSpecification.StreamViewType')!r}"
        if table.properties.get("BillingMode") != "PAY_PER_REQUEST":
            yield f"{table.name}: BillingMode is {table.properties.get('BillingMode')!r}: a failover needs capacity"
        kinds = {
            item["AttributeName"]: item["AttributeType"] for item in table.properties.get("AttributeDefinitions", [])
        }
        indexes = table.properties.get("GlobalSecondaryIndexes", [])
        keys = [key["AttributeName"] for holder in [table.properties, *indexes] for key in holder.get("KeySchema", [])]
        if set(keys) != set(kinds) or not set(kinds.values()) <= {"S", "N", "B"}:
            yield f"{table.name}: the keys are {keys}, the attributes {kinds}"
        for index in indexes:
            if index.get("Projection", {}).get("ProjectionType") not in ("KEYS_ONLY", "INCLUDE", "ALL"):
                yield f"{table.name}: {index.get('IndexName')} has {index.get('Projection')}"
        regions = [replica["Region"] for replica in table.properties.get("Replicas", [])]
        if len(set(regions)) < 2 or table.region not in regions:
            yield f"{table.name}: is in {regions}"


@rule(*KMS_KEYS)
def keys(declaration: Declaration) -> Iterator[str]:
    """Find keys that do not rotate, cannot be used, or are gone too soon; those of keyed hashes cannot rotate.

    What is encrypted has a key of its own region; what is hashed in two regions has one key in both.
    https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
    https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
    """
    replicas = [
        (replica, [found for found, _attribute in declaration.referred(replica.at("PrimaryKeyArn"))])
        for replica in declaration.of("AWS::KMS::ReplicaKey")
    ]
    for replica, primary in replicas:
        if [key.at("MultiRegion") for key in primary] != [True] or primary[0].region == replica.region:
            yield f"{replica.name}: {replica.at('PrimaryKeyArn')!r} is no multi-Region key of another region"
    copied = [key for _replica, primary in replicas for key in primary]
    for key in declaration.of("AWS::KMS::Key"):
        hashes = key.properties.get("KeySpec") == "HMAC_256" and key.properties.get("KeyUsage") == "GENERATE_VERIFY_MAC"
        if key.properties.get("EnableKeyRotation", False) is hashes:
            yield f"{key.name}: EnableKeyRotation is {key.properties.get('EnableKeyRotation')}"
        if key.properties.get("MultiRegion", False) is not (hashes and key in copied):
            yield f"{key.name}: MultiRegion is {key.properties.get('MultiRegion')}"
    for key in (key for kind in KMS_KEYS for key in declaration.of(kind)):
        if key.properties.get("Enabled", True) is not True:
            yield f"{key.name}: is switched off"
        if not 7 <= int(key.properties.get("PendingWindowInDays", 30)) <= 30:
            yield f"{key.name}: waits for {key.properties['PendingWindowInDays']} days: 7 to 30"
        if key.properties.get("BypassPolicyLockoutSafetyCheck", False) is not False:
            yield f"{key.name}: its policy may lock everybody out"


@rule("AWS::SNS::Subscription")
def subscriptions(declaration: Declaration) -> Iterator[str]:
    """Find subscriptions of no topic, or by a way that SNS does not have."""
    for subscription in declaration.of("AWS::SNS::Subscription"):
        topics = [found.type for found, _attribute in declaration.referred(subscription.properties.get("TopicArn", ""))]
        if topics != ["AWS::SNS::Topic"]:
            yield f"{subscription.name}: of {subscription.properties.get('TopicArn')!r}"
        if subscription.properties.get("Protocol") != "email" or "@" not in str(
            subscription.properties.get("Endpoint")
        ):
            way, end = (subscription.properties.get(key) for key in ("Protocol", "Endpoint"))
            yield f"{subscription.name}: {way!r} to {end!r}"
