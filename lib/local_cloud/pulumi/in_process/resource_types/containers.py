"""Containers: ecs and appautoscaling types of pulumi-aws in terms of the AWS API."""

import json

from lib.common.json_types import JsonObject, JsonValue
from lib.local_cloud.pulumi.in_process.clients import Maker
from lib.local_cloud.pulumi.in_process.resource_type import Inputs, ResourceOperation, ResourceType, tags_for


def _task(inputs: JsonObject) -> JsonObject:
    """Return a task definition's inputs with its containers, which a program gives as JSON, unpacked."""
    task = {**inputs, "containerDefinitions": json.loads(inputs["containerDefinitions"])}
    for volume in task.get("volumes", []):
        if "hostPath" in volume:
            volume["host"] = {"sourcePath": volume.pop("hostPath")}
    return task


def _service(inputs: JsonObject) -> JsonObject:
    """Return a service's inputs with its network as the API has it."""
    if "networkConfiguration" not in inputs:
        return inputs
    network = dict(inputs["networkConfiguration"])
    network["assignPublicIp"] = "ENABLED" if network.get("assignPublicIp") else "DISABLED"
    return {**inputs, "networkConfiguration": {"awsvpcConfiguration": network}}


def _stop_service(client: Maker, handle: Inputs) -> None:
    client("ecs").update_service(cluster=handle["cluster"], service=handle["service"], desiredCount=0)


def _scalable(operation: ResourceOperation) -> JsonValue:
    """Register a target; moto does so only for a service that its own ECS knows, and gets a shadow of it."""
    parameters = operation.translated("register_scalable_target")
    if parameters["ServiceNamespace"] == "ecs":
        shadow = operation.clients.client("ecs", operation.region, moto=True)
        cluster, service = parameters["ResourceId"].split("/")[1:]
        shadow.create_cluster(clusterName=cluster)
        shadow.create_service(cluster=cluster, serviceName=service, desiredCount=0)
    parameters |= tags_for(operation.shape("register_scalable_target"), operation.tags, "") if operation.tags else {}
    return {**parameters, **operation.call("register_scalable_target", **parameters)}


SCALING = {"ServiceNamespace": "ServiceNamespace", "ResourceId": "ResourceId", "ScalableDimension": "ScalableDimension"}

RESOURCE_TYPES = {
    "aws:ecs/cluster:Cluster": ResourceType(
        "ecs",
        "create_cluster",
        answer="cluster",
        key="clusterArn",
        name="name",
        rename={"name": "clusterName"},
        delete="delete_cluster",
        by={"cluster": "id"},
        outputs={"arn": "id"},
    ),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": ResourceType(
        "ecs",
        "put_cluster_capacity_providers",
        key="cluster",
        rename={
            "clusterName": "cluster",
            "defaultCapacityProviderStrategies": "defaultCapacityProviderStrategy",
        },
        given={"defaultCapacityProviderStrategy": [], "capacityProviders": []},
    ),
    "aws:ecs/taskDefinition:TaskDefinition": ResourceType(
        "ecs",
        "register_task_definition",
        answer="taskDefinition",
        key="family",
        adapt=_task,
        delete="deregister_task_definition",
        by={"taskDefinition": "taskDefinitionArn"},
        ignored={
            "skipDestroy": "nothing outlives the local cloud",
            "trackLatest": "nothing is updated in place here",
        },
        outputs={
            "arn": "taskDefinitionArn",
            "revision": "revision",
            "arnWithoutRevision": "arn:{partition}:ecs:{region}:{account}:task-definition/{family}",
        },
    ),
    "aws:ecs/service:Service": ResourceType(
        "ecs",
        "create_service",
        answer="service",
        key="serviceArn",
        name="name",
        adapt=_service,
        rename={
            "name": "serviceName",
            "iamRole": "role",
            "deploymentMaximumPercent": "deploymentConfiguration.maximumPercent",
            "deploymentMinimumHealthyPercent": "deploymentConfiguration.minimumHealthyPercent",
            "deploymentCircuitBreaker": "deploymentConfiguration.deploymentCircuitBreaker",
            "alarms": "deploymentConfiguration.alarms",
            "orderedPlacementStrategies": "placementStrategy",
            "capacityProviderStrategies": "capacityProviderStrategy",
        },
        delete="delete_service",
        by={"cluster": "cluster", "service": "id", "force": True},
        undo=_stop_service,
        ignored={
            "waitForSteadyState": "nobody starts tasks here",
            "forceDelete": "the deletion always does",
            "forceNewDeployment": "nothing is updated in place here",
            "triggers": "nothing is updated in place here",
            "sigintRollback": "nobody starts tasks here",
        },
        outputs={"arn": "id", "cluster": "clusterArn"},
    ),
    "aws:appautoscaling/target:Target": ResourceType(
        "application-autoscaling",
        _scalable,
        key="ResourceId",
        tagged=True,
        uses=(
            "minCapacity",
            "maxCapacity",
            "resourceId",
            "scalableDimension",
            "serviceNamespace",
            "roleArn",
            "suspendedState",
        ),
        delete="deregister_scalable_target",
        by=SCALING,
        outputs={"arn": "ScalableTargetARN"},
        instead={"resourceId": ("scaling kept by moto, which scales nothing", "unknown to the emulator")},
    ),
    "aws:appautoscaling/policy:Policy": ResourceType(
        "application-autoscaling",
        "put_scaling_policy",
        key="PolicyName",
        name="name",
        rename={"name": "PolicyName"},
        delete="delete_scaling_policy",
        by={**SCALING, "PolicyName": "id"},
        outputs={
            "arn": "PolicyARN",
            "alarmArns": lambda operation: [found["AlarmARN"] for found in operation.answer.get("Alarms", [])],
        },
    ),
}
