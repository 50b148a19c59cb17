"""Functions and what starts them: lambda, sqs, cloudwatch events and scheduler types in terms of the AWS API."""

from lib.common.json_types import JsonObject, JsonValue
from lib.local_cloud.pulumi.in_process.resource_type import ResourceOperation, ResourceType, Step


def _function(inputs: JsonObject) -> JsonObject:
    """Return a function's inputs as the API takes them: its code packed."""
    parameters = {name: value for name, value in inputs.items() if name != "code"}
    if "code" in inputs:
        parameters["Code"] = {"ZipFile": inputs["code"].read()}
    return parameters


def _reserve(operation: ResourceOperation) -> None:
    number = int(operation.inputs["reservedConcurrentExecutions"])
    if number >= 0:  # -1 is Pulumi's word for no reservation
        operation.call("put_function_concurrency", FunctionName=operation.id, ReservedConcurrentExecutions=number)


def _invoke(operation: ResourceOperation) -> JsonValue:
    """Invoke a function once, as Pulumi does when it creates an invocation; its error is the deployment's."""
    parameters = operation.translated("invoke", {"functionName", "input", "qualifier"}, {"input": "Payload"})
    answer = operation.clients.client("lambda", operation.region, patient=True).invoke(**parameters)
    result = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        raise operation.error(f"the function failed: {result}")
    return {"result": result}


def _state(inputs: JsonObject) -> JsonObject:
    """Return a rule's inputs with its old switch as the new one."""
    rest = {name: value for name, value in inputs.items() if name != "isEnabled"}
    return {"state": "ENABLED" if inputs["isEnabled"] else "DISABLED", **rest} if "isEnabled" in inputs else rest


IN_PLACE = "nothing is updated in place here"
INVOKE = "arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{FunctionArn}/invocations"
QUEUE = {
    "visibilityTimeoutSeconds": "VisibilityTimeout",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "maxMessageSize": "MaximumMessageSize",
    "delaySeconds": "DelaySeconds",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "redrivePolicy": "RedrivePolicy",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "policy": "Policy",
    "fifoQueue": "FifoQueue",
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "fifoThroughputLimit": "FifoThroughputLimit",
}

RESOURCE_TYPES = {
    "aws:lambda/function:Function": ResourceType(
        "lambda",
        "create_function",
        key="FunctionName",
        name="name",
        adapt=_function,
        rename={
            "name": "FunctionName",
            "s3Bucket": "Code.S3Bucket",
            "s3Key": "Code.S3Key",
            "imageUri": "Code.ImageUri",
            "s3ObjectVersion": "Code.S3ObjectVersion",
            "sourceKmsKeyArn": "Code.SourceKMSKeyArn",
            "fileSystemConfig": "FileSystemConfigs",
            ".commands": "Command",
            ".entryPoints": "EntryPoint",
        },
        steps=(Step(("reservedConcurrentExecutions",), _reserve),),
        delete="delete_function",
        by={"FunctionName": "id"},
        ignored={
            "sourceCodeHash": IN_PLACE,
            "codeSha256": IN_PLACE,
            "skipDestroy": "nothing outlives the local cloud",
            "replaceSecurityGroupsOnDestroy": "no network interface is left behind here",
            "replacementSecurityGroupIds": "no network interface is left behind here",
        },
        outputs={
            "arn": "FunctionArn",
            "invokeArn": INVOKE,
            "version": "Version",
            "qualifiedArn": "{FunctionArn}:{Version}",
            "lastModified": "LastModified",
            "sourceCodeSize": "CodeSize",
            "sourceCodeHash": "CodeSha256",
        },
    ),
    "aws:lambda/permission:Permission": ResourceType(
        "lambda",
        "add_permission",
        key="StatementId",
        name="statementId",
        rename={"function": "FunctionName"},
        delete="remove_permission",
        by={"FunctionName": "FunctionName", "StatementId": "id", "Qualifier": "Qualifier"},
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": ResourceType(
        "lambda",
        "put_function_event_invoke_config",
        key="{functionName}:{qualifier}",
        given={"Qualifier": "$LATEST"},
        rename={".destination": "Destination"},
        delete="delete_function_event_invoke_config",
        by={"FunctionName": "FunctionName", "Qualifier": "Qualifier"},
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": ResourceType(
        "lambda",
        "create_event_source_mapping",
        key="UUID",
        rename={".destinationArn": "Destination", ".uri": "URI"},
        delete="delete_event_source_mapping",
        by={"UUID": "id"},
        outputs={"uuid": "id", "arn": "EventSourceMappingArn", "functionArn": "FunctionArn", "state": "State"},
    ),
    "aws:lambda/invocation:Invocation": ResourceType(
        "lambda",
        _invoke,
        key="{functionName}_invocation",
        uses=("functionName", "input", "qualifier"),
        outputs={"result": "result"},
        ignored={"triggers": "they only tell Pulumi when to invoke anew"},
    ),
    "aws:sqs/queue:Queue": ResourceType(
        "sqs",
        "create_queue",
        key="QueueUrl",
        name="name",
        rename={"name": "QueueName"},
        attributes=QUEUE,
        delete="delete_queue",
        by={"QueueUrl": "id"},
        outputs={"arn": "arn:{partition}:sqs:{region}:{account}:{name}", "url": "id"},
    ),
    "aws:sqs/queuePolicy:QueuePolicy": ResourceType(
        "sqs",
        "set_queue_attributes",
        key="QueueUrl",
        attributes={"policy": "Policy"},
        delete="set_queue_attributes",
        by={"QueueUrl": "id", "Attributes": {"Policy": ""}},
    ),
    "aws:cloudwatch/eventRule:EventRule": ResourceType(
        "events",
        "put_rule",
        key="Name",
        name="name",
        adapt=_state,
        delete="delete_rule",
        by={"Name": "id", "EventBusName": "EventBusName", "Force": "forceDestroy"},
        at_deletion=("forceDestroy",),
        outputs={"arn": "RuleArn"},
    ),
    "aws:cloudwatch/eventTarget:EventTarget": ResourceType(
        "events",
        "put_targets",
        key="{Rule}-{targetId}",
        name="targetId",
        into="Targets",
        rename={
            ".targetId": "Id",
            ".inputPaths": "InputPathsMap",
            ".sqsTarget": "SqsParameters",
            ".kinesisTarget": "KinesisParameters",
            ".httpTarget": "HttpParameters",
            ".ecsTarget": "EcsParameters",
        },
        delete="remove_targets",
        by={
            "Rule": "Rule",
            "EventBusName": "EventBusName",
            "Ids": lambda operation: [operation.inputs["targetId"]],
            "Force": "forceDestroy",
        },
        at_deletion=("forceDestroy",),
    ),
    "aws:scheduler/schedule:Schedule": ResourceType(
        "scheduler",
        "create_schedule",
        key="{GroupName}/{Name}",
        name="name",
        adapt=lambda inputs: {
            "groupName": "default",
            **inputs,
        },
        delete="delete_schedule",
        by={"Name": "Name", "GroupName": "GroupName"},
        outputs={"arn": "ScheduleArn"},
    ),
}
