"""Twins of the rules on names that are fixed."""

from tests.policy.cases import Twin
from tests.policy.rules import fixed_names
from tests.policy.spelling import KeptTwin

CREATE_FIRST = "lifecycle.create_before_destroy"
LAST = "disaster-recovery-pr-7-final"

TWINS: list[Twin] = [
    *(
        Twin(fixed_names.replaced_while_in_use, "cdktf", kind, "", {CREATE_FIRST: False})
        for kind in ("aws_rds_cluster_parameter_group", "aws_security_group")
    ),
    *(
        KeptTwin(fixed_names.replaced_while_in_use, "pulumi", kind, "", {"createBeforeDelete": False})
        for kind in (
            "aws:ec2/securityGroup:SecurityGroup",
            "aws:lb/targetGroup:TargetGroup",
            "aws:rds/clusterParameterGroup:ClusterParameterGroup",
            "aws:rds/parameterGroup:ParameterGroup",
        )
    ),
    Twin(
        fixed_names.replaced_while_in_use, "cdk", "AWS::RDS::DBParameterGroup", "", {"DBParameterGroupName": "x-pr-7"}
    ),
    Twin(fixed_names.replaced_while_in_use, "cdktf", "aws_rds_cluster_parameter_group", "", {"name": "x-pr-7"}),
    KeptTwin(
        fixed_names.taken_when_made_again, "cdk", "AWS::KMS::Alias", "", {"DeletionPolicy": "RetainExceptOnCreate"}
    ),
    KeptTwin(fixed_names.taken_when_made_again, "pulumi", "aws:kms/alias:Alias", "", {"retainOnDelete": True}),
    Twin(fixed_names.taken_when_made_again, "cdktf", "aws_rds_cluster", "", {"final_snapshot_identifier": LAST}),
    Twin(
        fixed_names.taken_when_made_again, "pulumi", "aws:rds/instance:Instance", "", {"finalSnapshotIdentifier": LAST}
    ),
]
