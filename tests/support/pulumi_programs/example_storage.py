"""A Pulumi program with every type of the storage's and the databases' tables, under the default provider."""

import json

import pulumi
import pulumi_aws as aws

DENY = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
zones = aws.get_availability_zones(state="available", exclude_names=["nowhere"]).names
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
subnets = [
    aws.ec2.Subnet(f"subnet{n}", vpc_id=vpc.id, cidr_block=f"10.0.{n}.0/24", availability_zone=zones[n]) for n in (0, 1)
]
group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id)
key = aws.kms.Key("key", deletion_window_in_days=7)

logs = aws.s3.Bucket("logs", force_destroy=True, tags={"Name": "logs"})
audit = aws.s3.Bucket("audit", bucket="example-audit", force_destroy=True, object_lock_enabled=True)
aws.s3.BucketVersioning("versions", bucket=logs.id, versioning_configuration={"status": "Enabled"})
aws.s3.BucketServerSideEncryptionConfiguration(
    "encryption",
    bucket=logs.bucket,
    rules=[
        {
            "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn},
            "bucket_key_enabled": True,
        }
    ],
)
aws.s3.BucketPublicAccessBlock(
    "private",
    bucket=logs.id,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
)
aws.s3.BucketOwnershipControls("owner", bucket=logs.id, rule={"object_ownership": "BucketOwnerEnforced"})
aws.s3.BucketLifecycleConfiguration(
    "lifecycle",
    bucket=logs.id,
    rules=[
        {
            "id": "old",
            "status": "Enabled",
            "filter": {"prefix": "alb/"},
            "expiration": {"days": 30},
            "noncurrent_version_expiration": {"noncurrent_days": 3},
            "transitions": [
                {"days": 10, "storage_class": "GLACIER"},
            ],
            "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
        }
    ],
)
aws.s3.BucketPolicy(
    "tls",
    bucket=logs.id,
    policy=logs.arn.apply(lambda arn: json.dumps({"Version": "2012-10-17", "Statement": [{**DENY, "Resource": arn}]})),
)
aws.s3.BucketLogging("logging", bucket=audit.id, target_bucket=logs.id, target_prefix="audit/")
aws.s3.BucketObjectLockConfiguration(
    "lock", bucket=audit.id, rule={"default_retention": {"mode": "GOVERNANCE", "days": 3}}
)
aws.s3.BucketMetric("metric", bucket=audit.id, name="EntireBucket")
aws.s3.Bucket("plain")

images = aws.ecr.Repository(
    "images",
    name="example/images",
    image_tag_mutability="IMMUTABLE",
    force_delete=True,
    image_scanning_configuration={"scan_on_push": True},
    encryption_configurations=[{"encryption_type": "KMS", "kms_key": key.arn}],
)
aws.ecr.LifecyclePolicy(
    "few",
    repository=images.name,
    policy=json.dumps(
        {
            "rules": [
                {
                    "rulePriority": 1,
                    "action": {"type": "expire"},
                    "description": "keep ten",
                    "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10},
                }
            ]
        }
    ),
)

home = aws.rds.SubnetGroup("home", subnet_ids=[subnet.id for subnet in subnets])
parameters = aws.rds.ClusterParameterGroup(
    "parameters",
    family="aurora-postgresql17",
    parameters=[{"name": "rds.force_ssl", "value": "1", "apply_method": "pending-reboot"}],
)
cluster = aws.rds.Cluster(
    "cluster",
    engine="aurora-postgresql",
    engine_version="17.7",
    master_username="app",
    manage_master_user_password=True,
    master_user_secret_kms_key_id=key.arn,
    database_name="shop",
    port=5999,
    db_subnet_group_name=home.name,
    vpc_security_group_ids=[group.id],
    storage_encrypted=True,
    kms_key_id=key.arn,
    backup_retention_period=7,
    preferred_backup_window="02:00-03:00",
    db_cluster_parameter_group_name=parameters.name,
    skip_final_snapshot=True,
    enabled_cloudwatch_logs_exports=["postgresql"],
    apply_immediately=True,
    serverlessv2_scaling_configuration={"min_capacity": 0.5, "max_capacity": 2},
    deletion_protection=False,
    iam_database_authentication_enabled=True,
    copy_tags_to_snapshot=True,
    performance_insights_enabled=True,
    storage_type="aurora-iopt1",
    tags={"Name": "shop"},
    engine_lifecycle_support="open-source-rds-extended-support-disabled",
)
aws.rds.ClusterInstance(
    "writer",
    cluster_identifier=cluster.id,
    engine="aurora-postgresql",
    engine_version=cluster.engine_version,
    instance_class="db.serverless",
    performance_insights_enabled=True,
    promotion_tier=1,
    publicly_accessible=False,
)
aws.rds.Cluster(
    "given",
    engine="aurora-postgresql",
    engine_version="17.7",
    master_username="app",
    skip_final_snapshot=True,
    master_password=pulumi.Output.secret("correct-horse"),
)
one = aws.rds.ParameterGroup("one", family="postgres17", parameters=[{"name": "rds.force_ssl", "value": "1"}])
instance = aws.rds.Instance(
    "instance",
    engine="postgres",
    engine_version="17.6",
    instance_class="db.t4g.micro",
    allocated_storage=20,
    storage_type="gp3",
    username="app",
    manage_master_user_password=True,
    master_user_secret_kms_key_id=key.arn,
    db_name="pay",
    port=5998,
    multi_az=True,
    storage_encrypted=True,
    kms_key_id=key.arn,
    skip_final_snapshot=True,
    backup_retention_period=7,
    parameter_group_name=one.name,
    db_subnet_group_name=home.name,
    max_allocated_storage=100,
    deletion_protection=False,
    auto_minor_version_upgrade=True,
    enabled_cloudwatch_logs_exports=["postgresql"],
    backup_window="02:00-03:00",
    ca_cert_identifier="rds-ca-rsa4096-g1",
    vpc_security_group_ids=[group.id],
    iam_database_authentication_enabled=True,
    copy_tags_to_snapshot=True,
    tags={"Name": "pay"},
)
aws.rds.Instance(
    "own",
    engine="postgres",
    instance_class="db.t4g.micro",
    allocated_storage=20,
    username="app",
    port=5997,
    password=pulumi.Output.secret("correct-horse"),
    skip_final_snapshot=True,
    db_name="own",
)
aws.rds.Instance(
    "neither",
    engine="postgres",
    instance_class="db.t4g.micro",
    allocated_storage=20,
    username="app",
    port=5996,
    password=pulumi.Output.secret("correct-horse"),
    skip_final_snapshot=True,
    manage_master_user_password=False,
)

pulumi.export("domains", [logs.bucket_domain_name, logs.bucket_regional_domain_name])
pulumi.export("cluster", [cluster.endpoint, cluster.reader_endpoint, cluster.port])
pulumi.export("instance", [instance.address, instance.port, instance.endpoint])
pulumi.export("secrets", [cluster.master_user_secrets[0].secret_arn, instance.master_user_secrets[0].secret_arn])
pulumi.export("repository", images.repository_url)
