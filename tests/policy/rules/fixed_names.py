"""Names that are fixed: what replaces a resource under its own name, and what comes back under it after a destroy.

CloudFormation, and Pulumi where it is told to, create what replaces a resource before they delete it, so that the name
has to change with it; Terraform, and Pulumi with a name that is given, delete first, which AWS refuses where it is in
use (https://github.com/pulumi/pulumi-aws/issues/4220).
"""

from collections.abc import Iterator, Mapping

from lib.declared.model import REFERENCE, Declaration
from tests.policy.rule import rule
from tests.policy.rules.production import PRODUCTION

# AWS does not delete these while another resource uses them: what replaces one is created first, under another name.
IN_USE: Mapping[str, str] = {
    "AWS::EC2::SecurityGroup": "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html",
    "AWS::ElasticLoadBalancingV2::TargetGroup": (
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteTargetGroup.html"
    ),
    "AWS::RDS::DBClusterParameterGroup": (
        "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBClusterParameterGroup.html"
    ),
    "AWS::RDS::DBParameterGroup": (
        "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBParameterGroup.html"
    ),
}
GROUPS = {
    "AWS::RDS::DBClusterParameterGroup": "DBClusterParameterGroupName",
    "AWS::RDS::DBParameterGroup": "DBParameterGroupName",
}
# What may stay when its stack goes, or comes back by itself, and how its name is free again; the documents say it.
STAYS: Mapping[str, str] = {
    "AWS::DynamoDB::GlobalTable": "protected; once it is deleted its name is free, and its backups are named by AWS",
    "AWS::DynamoDB::Table": "as a global table",
    "AWS::ECR::Repository": "production's is not deleted with images in it, nor is it forgotten",
    "AWS::KMS::Alias": "goes with the stack, also where its key stays",
    "AWS::Kinesis::Stream": "production's stays: delete it, or take another suffix",
    "AWS::Logs::LogGroup": "RDS writes its log groups again while it is deleted: delete them first",
    "AWS::RDS::DBCluster": "its name is free; backups are kept by resource id, the snapshot has a name of its own",
    "AWS::RDS::DBInstance": "as a cluster",
    "AWS::RDS::GlobalCluster": "its name is free",
    "AWS::S3::Bucket": "production's stays where it is locked or retained: take another suffix",
    "AWS::SecretsManager::Secret": "its name is taken for its recovery window: delete it without one",
}
# AWS frees these names at once, or after a minute that the tools wait for, and lets them be deleted first; what
# replaces one is a constant of the program.
FREE = frozenset(
    {
        "AWS::ApiGateway::ApiKey",
        "AWS::ApiGateway::RestApi",
        "AWS::ApiGateway::UsagePlan",
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::ECS::Cluster",
        "AWS::ECS::Service",
        "AWS::ECS::TaskDefinition",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::Events::Rule",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Role",
        "AWS::Lambda::Function",
        # Subnets are changed in place:
        # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBSubnetGroup.html
        "AWS::RDS::DBSubnetGroup",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::WAFv2::WebACL",
    }
)


@rule(*IN_USE)
def replaced_while_in_use(declaration: Declaration) -> Iterator[str]:
    """Find what would be deleted before its replacement is there, and parameter groups that do not name their family.

    A group belongs to one family, and a database of the next major version needs a group of the next one:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithParamGroups.html
    """
    for resource in declaration.resources:
        lifecycle = resource.options.get("lifecycle", {})
        if (
            resource.type in IN_USE
            and declaration.tool != "cdk"  # CloudFormation always creates first
            and lifecycle.get("create_before_destroy") is not True
        ):
            yield f"{resource.name}: is deleted before what replaces it is there"
        name = resource.properties.get(GROUPS.get(resource.type, ""))
        if isinstance(name, str) and str(resource.properties["Family"]) not in name:
            yield f"{resource.name}: {name!r} does not name the family {resource.properties['Family']}"


@rule("AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::KMS::Alias", environments=PRODUCTION)
def taken_when_made_again(declaration: Declaration) -> Iterator[str]:
    """Find final snapshots with the name of the last one, and aliases that stay with a key whose stack has gone.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html (DBSnapshotAlreadyExists)
    https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html (AlreadyExistsException)
    """
    for resource in declaration.resources:
        snapshot = resource.options.get("final_snapshot_identifier")
        if snapshot and not REFERENCE.search(str(snapshot)):
            yield f"{resource.name}: {snapshot!r} is the name of the snapshot that the stack before has left"
        if resource.type == "AWS::KMS::Alias" and resource.retained:
            yield f"{resource.name}: stays when the stack goes, and the next one cannot make it"
