"""Databases: rds types of pulumi-aws in terms of the AWS API."""

import json

from lib.common import passwords
from lib.common.json_types import JsonValue
from lib.local_cloud.names import HOST, SECRET
from lib.local_cloud.pulumi.in_process.clients import Maker
from lib.local_cloud.pulumi.in_process.resource_type import Inputs, ResourceOperation, ResourceType, Step

ARN = "arn:{partition}:rds:{region}:{account}:"
COMMON = {
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
}
MEMBER = {
    "identifier": "DBInstanceIdentifier",
    "instanceClass": "DBInstanceClass",
    "caCertIdentifier": "CACertificateIdentifier",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
}
AT_ONCE = {"applyImmediately": "nothing is updated in place here"}
UPGRADES = {"allowMajorVersionUpgrade": "nothing is updated in place here", **AT_ONCE}
LOST = ("databaseInsightsMode", "enabledCloudwatchLogsExports", "performanceInsightsKmsKeyId")


def _secrets(operation: ResourceOperation) -> JsonValue:
    """Return the output masterUserSecrets: what RDS says of the secret that it manages."""
    secret = operation.answer.get("MasterUserSecret")
    if not secret:
        return []
    return [
        {
            "secretArn": secret["SecretArn"],
            "secretStatus": secret["SecretStatus"],
            "kmsKeyId": secret.get("KmsKeyId", ""),
        }
    ]


def _members(operation: ResourceOperation) -> JsonValue:
    return [member["DBInstanceIdentifier"] for member in operation.answer.get("DBClusterMembers", [])]


def _group(create: str, key: str, delete: str, arn: str, **more: JsonValue) -> ResourceType:
    """Return the entry of a parameter group."""
    change = create.replace("create", "modify")

    def set_parameters(operation: ResourceOperation) -> None:
        for begin in range(0, len(operation.inputs["parameters"]), 20):  # AWS takes twenty at once
            some = [
                {
                    "ParameterName": parameter["name"],
                    "ParameterValue": str(parameter["value"]),
                    "ApplyMethod": parameter.get("applyMethod") or "immediate",
                }
                for parameter in operation.inputs["parameters"][begin : begin + 20]
            ]
            operation.call(change, **{key: operation.id, "Parameters": some})

    return ResourceType(
        "rds",
        create,
        key=key,
        name="name",
        rename={"name": key, "family": "DBParameterGroupFamily"},
        given={"Description": "Managed by Pulumi"},
        steps=(Step(("parameters",), set_parameters),),
        delete=delete,
        by={key: "id"},
        **more,
        outputs={"arn": ARN + arn + ":{id}"},
    )


def _endpoint(operation: ResourceOperation) -> str:
    return f"{operation.find('Endpoint.Address')}:{operation.find('Endpoint.Port')}"


def _secret(operation: ResourceOperation) -> None:
    """Make the secret of a managed password: the emulator's RDS makes it for clusters alone."""
    if not operation.inputs["manageMasterUserPassword"] or operation.answer.get("MasterUserSecret"):
        return
    key = (
        {"KmsKeyId": operation.inputs["masterUserSecretKmsKeyId"]}
        if "masterUserSecretKmsKeyId" in operation.inputs
        else {}
    )
    secret = operation.clients.client("secretsmanager", operation.region).create_secret(
        Name=SECRET.format(identifier=operation.id),
        **key,
        SecretString=json.dumps({"username": operation.answer["MasterUsername"], "password": passwords.generate()}),
    )
    operation.answer["MasterUserSecret"] = {"SecretArn": secret["ARN"], "SecretStatus": "active", **key}


def _forget_secret(client: Maker, handle: Inputs) -> None:
    """Delete a managed password's secret, as RDS does with its instance."""
    name = SECRET.format(identifier=handle["DBInstanceIdentifier"])
    for secret in client("secretsmanager").list_secrets(Filters=[{"Key": "name", "Values": [name]}])["SecretList"]:
        if secret["Name"] == name:
            client("secretsmanager").delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)


FINAL = {"SkipFinalSnapshot": lambda operation: bool(operation.inputs.get("skipFinalSnapshot"))}

RESOURCE_TYPES = {
    "aws:rds/cluster:Cluster": ResourceType(
        "rds",
        "create_db_cluster",
        answer="DBCluster",
        key="DBClusterIdentifier",
        name="clusterIdentifier",
        rename={
            **COMMON,
            "clusterIdentifier": "DBClusterIdentifier",
            "masterPassword": "MasterUserPassword",
            "caCertificateIdentifier": "CACertificateIdentifier",
        },
        delete="delete_db_cluster",
        by={
            "DBClusterIdentifier": "id",
            **FINAL,
            "FinalDBSnapshotIdentifier": "finalSnapshotIdentifier",
            "DeleteAutomatedBackups": "deleteAutomatedBackups",
        },
        at_deletion=("skipFinalSnapshot", "finalSnapshotIdentifier", "deleteAutomatedBackups"),
        ignored=UPGRADES,
        instead={"engine": (f"database endpoint is {HOST}", "a PostgreSQL on loopback stands in for the server")},
        lost=(
            *LOST,
            "caCertificateIdentifier",
            "monitoringInterval",
            "monitoringRoleArn",
            "performanceInsightsEnabled",
            "performanceInsightsRetentionPeriod",
            "storageType",
        ),
        outputs={
            "arn": "DBClusterArn",
            "endpoint": lambda _act: HOST,
            "readerEndpoint": lambda _act: HOST,
            "port": "Port",
            "hostedZoneId": "HostedZoneId",
            "clusterResourceId": "DbClusterResourceId",
            "engineVersion": "EngineVersion",
            "engineVersionActual": "EngineVersion",
            "masterUserSecrets": _secrets,
            "clusterMembers": _members,
            "availabilityZones": "AvailabilityZones",
            "databaseName": "DatabaseName",
            "masterUsername": "MasterUsername",
            "kmsKeyId": "KmsKeyId",
        },
    ),
    "aws:rds/clusterInstance:ClusterInstance": ResourceType(
        "rds",
        "create_db_instance",
        answer="DBInstance",
        key="DBInstanceIdentifier",
        name="identifier",
        rename={**MEMBER, "clusterIdentifier": "DBClusterIdentifier"},
        delete="delete_db_instance",
        by={"DBInstanceIdentifier": "id", "SkipFinalSnapshot": True},
        ignored={**AT_ONCE, "forceDestroy": "the deletion always may"},
        lost=("caCertIdentifier", "performanceInsightsKmsKeyId"),
        outputs={
            "arn": "DBInstanceArn",
            "endpoint": "Endpoint.Address",
            "port": "Endpoint.Port",
            "dbiResourceId": "DbiResourceId",
            "engineVersion": "EngineVersion",
            "engineVersionActual": "EngineVersion",
            "availabilityZone": "AvailabilityZone",
        },
    ),
    "aws:rds/instance:Instance": ResourceType(
        "rds",
        "create_db_instance",
        answer="DBInstance",
        key="DBInstanceIdentifier",
        name="identifier",
        rename={
            **COMMON,
            **MEMBER,
            "username": "MasterUsername",
            "password": "MasterUserPassword",
            "parameterGroupName": "DBParameterGroupName",
            "backupWindow": "PreferredBackupWindow",
            "maintenanceWindow": "PreferredMaintenanceWindow",
        },
        steps=(Step(("manageMasterUserPassword",), _secret),),
        delete="delete_db_instance",
        by={
            "DBInstanceIdentifier": "id",
            **FINAL,
            "FinalDBSnapshotIdentifier": "finalSnapshotIdentifier",
            "DeleteAutomatedBackups": "deleteAutomatedBackups",
        },
        undo=_forget_secret,
        ignored=UPGRADES,
        at_deletion=("skipFinalSnapshot", "finalSnapshotIdentifier", "deleteAutomatedBackups"),
        instead={
            "manageMasterUserPassword": (
                "RDS-managed password as a generated secret",
                "no MasterUserSecret for instances in its RDS",
            )
        },
        lost=(*LOST, "caCertIdentifier", "backupWindow", "engineLifecycleSupport", "storageThroughput"),
        outputs={
            "arn": "DBInstanceArn",
            "address": "Endpoint.Address",
            "port": "Endpoint.Port",
            "endpoint": _endpoint,
            "resourceId": "DbiResourceId",
            "engineVersion": "EngineVersion",
            "engineVersionActual": "EngineVersion",
            "masterUserSecrets": _secrets,
            "status": "DBInstanceStatus",
            "availabilityZone": "AvailabilityZone",
            "hostedZoneId": "Endpoint.HostedZoneId",
            "username": "MasterUsername",
            "dbName": "DBName",
        },
    ),
    "aws:rds/subnetGroup:SubnetGroup": ResourceType(
        "rds",
        "create_db_subnet_group",
        answer="DBSubnetGroup",
        key="DBSubnetGroupName",
        name="name",
        rename={"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription"},
        given={"DBSubnetGroupDescription": "Managed by Pulumi"},
        delete="delete_db_subnet_group",
        by={"DBSubnetGroupName": "id"},
        outputs={"arn": ARN + "subgrp:{id}", "vpcId": "VpcId"},
    ),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": _group(
        "create_db_cluster_parameter_group",
        "DBClusterParameterGroupName",
        "delete_db_cluster_parameter_group",
        "cluster-pg",
    ),
    "aws:rds/parameterGroup:ParameterGroup": _group(
        "create_db_parameter_group",
        "DBParameterGroupName",
        "delete_db_parameter_group",
        "pg",
        ignored={"skipDestroy": "nothing outlives the local cloud"},
    ),
}
