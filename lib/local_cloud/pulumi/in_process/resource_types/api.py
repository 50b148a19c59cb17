"""Web APIs: apigateway and wafv2 types of pulumi-aws in terms of the AWS API."""

from lib.common.json_types import JsonObject, JsonValue
from lib.local_cloud.pulumi.in_process.clients import Maker
from lib.local_cloud.pulumi.in_process.resource_type import Inputs, ResourceOperation, ResourceType, Step

API = {"restApi": "restApiId"}
EXECUTE = "arn:{partition}:execute-api:{region}:{account}:"
ARN = "arn:{partition}:apigateway:{region}::/"
# https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateStage-Patch
SETTINGS = {
    "metricsEnabled": "metrics/enabled",
    "loggingLevel": "logging/loglevel",
    "dataTraceEnabled": "logging/dataTrace",
    "throttlingBurstLimit": "throttling/burstLimit",
    "throttlingRateLimit": "throttling/rateLimit",
    "cachingEnabled": "caching/enabled",
    "cacheTtlInSeconds": "caching/ttlInSeconds",
    "cacheDataEncrypted": "caching/dataEncrypted",
}


def _patches(values: Inputs) -> list[dict[str, str]]:
    """Return what replaces values by their paths."""
    return [
        {"op": "replace", "path": path, "value": str(value).lower() if isinstance(value, bool) else str(value)}
        for path, value in values.items()
    ]


def _access_logs(operation: ResourceOperation) -> None:
    logs = operation.inputs["accessLogSettings"]
    values = {"/accessLogSettings/destinationArn": logs["destinationArn"], "/accessLogSettings/format": logs["format"]}
    ids = {"restApiId": operation.parameters["restApiId"], "stageName": operation.id}
    operation.call("update_stage", **ids, patchOperations=_patches(values))


def _method_settings(operation: ResourceOperation) -> JsonValue:
    unknown = sorted(set(operation.inputs["settings"]) - set(SETTINGS))
    if unknown:
        raise operation.error(f"its entry takes no input 'settings.{unknown[0]}'.")
    path = operation.inputs["methodPath"]
    values = {f"/{path}/{SETTINGS[name]}": value for name, value in operation.inputs["settings"].items()}
    ids = {"restApiId": operation.inputs["restApi"], "stageName": operation.inputs["stageName"]}
    operation.call("update_stage", **ids, patchOperations=_patches(values))
    return ids


def _plan(inputs: JsonObject) -> JsonObject:
    """Return a usage plan's inputs with its stages' throttles as the map that the API has."""
    stages = []
    for stage in inputs.get("apiStages", []):
        throttles = {
            throttle["path"]: {name: value for name, value in throttle.items() if name != "path"}
            for throttle in stage.get("throttles", [])
        }
        rest = {name: value for name, value in stage.items() if name != "throttles"}
        stages.append({**rest, "throttle": throttles} if throttles else rest)
    return {**inputs, "apiStages": stages} if stages else inputs


def _detach_plan(client: Maker, handle: Inputs) -> None:
    """Take a plan's stages from it: AWS deletes no plan that has any."""
    gateway = client("apigateway")
    plan = gateway.get_usage_plan(usagePlanId=handle["usagePlanId"])
    removals = [
        {"op": "remove", "path": "/apiStages", "value": f"{stage['apiId']}:{stage['stage']}"}
        for stage in plan.get("apiStages", [])
    ]
    if removals:
        gateway.update_usage_plan(usagePlanId=handle["usagePlanId"], patchOperations=removals)


def _key_value(operation: ResourceOperation) -> JsonValue:
    return operation.call("get_api_key", apiKey=operation.id, includeValue=True)["value"]


def _delete_acl(client: Maker, handle: Inputs) -> None:
    waf = client("wafv2")
    ids = {name.removeprefix("_"): value for name, value in handle.items()}
    waf.delete_web_acl(**ids, LockToken=waf.get_web_acl(**ids)["LockToken"])


RESOURCE_TYPES = {
    "aws:apigateway/restApi:RestApi": ResourceType(
        "apigateway",
        "create_rest_api",
        key="id",
        name="name",
        delete="delete_rest_api",
        by={"restApiId": "id"},
        outputs={"rootResourceId": "rootResourceId", "executionArn": EXECUTE + "{id}", "arn": ARN + "restapis/{id}"},
    ),
    "aws:apigateway/resource:Resource": ResourceType(
        "apigateway",
        "create_resource",
        key="id",
        rename=API,
        delete="delete_resource",
        by={"restApiId": "restApiId", "resourceId": "id"},
        outputs={"path": "path"},
    ),
    "aws:apigateway/method:Method": ResourceType(
        "apigateway",
        "put_method",
        key="agm-{restApiId}-{resourceId}-{httpMethod}",
        rename={**API, "authorization": "authorizationType"},
        delete="delete_method",
        by={"restApiId": "restApiId", "resourceId": "resourceId", "httpMethod": "httpMethod"},
    ),
    "aws:apigateway/integration:Integration": ResourceType(
        "apigateway",
        "put_integration",
        key="agi-{restApiId}-{resourceId}-{httpMethod}",
        rename={**API, "timeoutMilliseconds": "timeoutInMillis"},
        delete="delete_integration",
        by={"restApiId": "restApiId", "resourceId": "resourceId", "httpMethod": "httpMethod"},
    ),
    "aws:apigateway/requestValidator:RequestValidator": ResourceType(
        "apigateway",
        "create_request_validator",
        key="id",
        name="name",
        rename=API,
        delete="delete_request_validator",
        by={"restApiId": "restApiId", "requestValidatorId": "id"},
    ),
    "aws:apigateway/model:Model": ResourceType(
        "apigateway",
        "create_model",
        key="id",
        name="name",
        rename=API,
        delete="delete_model",
        by={"restApiId": "restApiId", "modelName": "name"},
    ),
    "aws:apigateway/deployment:Deployment": ResourceType(
        "apigateway",
        "create_deployment",
        key="id",
        rename=API,
        delete="delete_deployment",
        by={"restApiId": "restApiId", "deploymentId": "id"},
        ignored={"triggers": "they only tell Pulumi when to deploy anew"},
    ),
    "aws:apigateway/stage:Stage": ResourceType(
        "apigateway",
        "create_stage",
        key="stageName",
        rename={**API, "deployment": "deploymentId", "xrayTracingEnabled": "tracingEnabled"},
        steps=(Step(("accessLogSettings",), _access_logs),),
        delete="delete_stage",
        by={"restApiId": "restApiId", "stageName": "id"},
        outputs={
            "arn": ARN + "restapis/{restApiId}/stages/{id}",
            "executionArn": EXECUTE + "{restApiId}/{id}",
            "invokeUrl": "https://{restApiId}.execute-api.{region}.amazonaws.com/{id}",
        },
    ),
    "aws:apigateway/methodSettings:MethodSettings": ResourceType(
        "apigateway",
        _method_settings,
        key="{restApiId}-{stageName}-{methodPath}",
        uses=("restApi", "stageName", "methodPath", "settings"),
    ),
    "aws:apigateway/usagePlan:UsagePlan": ResourceType(
        "apigateway",
        "create_usage_plan",
        key="id",
        name="name",
        adapt=_plan,
        rename={"quotaSettings": "quota", "throttleSettings": "throttle"},
        delete="delete_usage_plan",
        by={"usagePlanId": "id"},
        undo=_detach_plan,
        outputs={"arn": ARN + "usageplans/{id}"},
    ),
    "aws:apigateway/usagePlanKey:UsagePlanKey": ResourceType(
        "apigateway",
        "create_usage_plan_key",
        key="id",
        delete="delete_usage_plan_key",
        by={"usagePlanId": "usagePlanId", "keyId": "id"},
    ),
    "aws:apigateway/apiKey:ApiKey": ResourceType(
        "apigateway",
        "create_api_key",
        key="id",
        name="name",
        given={"enabled": True},
        delete="delete_api_key",
        by={"apiKey": "id"},
        outputs={"arn": ARN + "apikeys/{id}", "value": _key_value},
        secret=("value",),
    ),
    "aws:apigateway/response:Response": ResourceType(
        "apigateway",
        "put_gateway_response",
        key="aggr-{restApiId}-{responseType}",
        delete="delete_gateway_response",
        by={"restApiId": "restApiId", "responseType": "responseType"},
    ),
    "aws:wafv2/webAcl:WebAcl": ResourceType(
        "wafv2",
        "create_web_acl",
        answer="Summary",
        key="Id",
        name="name",
        undo=_delete_acl,
        by={"_Id": "id", "_Name": "Name", "_Scope": "Scope"},
        outputs={"arn": "ARN", "lockToken": "LockToken"},
    ),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": ResourceType(
        "wafv2",
        "put_logging_configuration",
        key="{resourceArn}",
        into="LoggingConfiguration",
        absent="the emulator's firewall logs nothing",
    ),
    "aws:wafv2/webAclAssociation:WebAclAssociation": ResourceType(
        "wafv2",
        "associate_web_acl",
        key="{WebACLArn},{ResourceArn}",
        delete="disassociate_web_acl",
        by={"ResourceArn": "ResourceArn"},
    ),
}
