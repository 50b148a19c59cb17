"""Functions: code that exists, a runtime that is current, time-outs that fit who waits, the variables they read."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from lib.common import lambda_package
from lib.declared.model import Declaration, Resource, listed
from lib.declared.read import ROOT
from tests.policy.functions import LIBRARIES, OF_LAMBDA, folder_of, modules, reads, variables
from tests.policy.network_view import databases
from tests.policy.rule import rule

FUNCTION = "AWS::Lambda::Function"
TASK, SERVICE = "AWS::ECS::TaskDefinition", "AWS::ECS::Service"
# Seconds that API Gateway waits for an answer: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
API_SECONDS = 29
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
SECONDS, MEMORY_MIB = range(1, 901), range(128, 10241)
RETRY_SECONDS = 60 + 120
MARGIN_SECONDS = 1800  # in which what is given up is still in the stream
RATE = re.compile(r"rate\((\d+) (minute|hour|day)(s?)\)")
UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}


@lru_cache
def runtimes() -> Mapping[str, Mapping[str, str]]:
    """Return the runtimes of Lambda with the dates of their end, as cfn-lint carries them."""
    found = resources.files("cfnlint.data.AdditionalSpecs").joinpath("LmbdRuntimeLifecycle.json")
    return dict(json.loads(found.read_text(encoding="utf-8")))


@rule(FUNCTION)
def function_code(declaration: Declaration) -> Iterator[str]:
    """Find handlers that the package does not have, and runtimes other than the one that it is built for.

    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
    """
    for function in declaration.of(FUNCTION):
        module, _dot, name = str(function.properties.get("Handler")).rpartition(".")
        file = folder_of(declaration, function) / f"{module}.py"
        if not file.is_file() or name not in _defined(file):
            yield f"{function.name}: {file.relative_to(ROOT)} has no {name!r}, which the handler names"
        runtime = str(function.properties.get("Runtime"))
        if runtime != f"python{lambda_package.RUNTIME}":
            yield f"{function.name}: the package is for python{lambda_package.RUNTIME}, not for {runtime!r}"
        ends = runtimes().get(runtime, {"deprecated": "2000-01-01"})["deprecated"]
        if ends and date.fromisoformat(ends) <= datetime.now(UTC).date():
            yield f"{function.name}: the runtime {runtime!r} is deprecated since {ends}, or unknown"
        if listed(function.properties.get("Architectures")) != [lambda_package.ARCHITECTURE]:
            machines = function.properties.get("Architectures")
            yield f"{function.name}: the package is for {lambda_package.ARCHITECTURE}, not for {machines}"


def _defined(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@rule(FUNCTION)
def function_variables(declaration: Declaration) -> Iterator[str]:
    """Find variables that a function's code does not read, and those that it cannot do without."""
    for function, values in variables(declaration):
        folder = folder_of(declaration, function)
        known = reads(*modules(folder))
        for name in sorted(set(values) - known.names - LIBRARIES):
            yield f"{function.name}: nothing in {folder.relative_to(ROOT)} reads {name}"
        own = reads(*sorted(folder.glob("*.py")))
        for name in sorted((own.needed - OF_LAMBDA) - set(values)):
            yield f"{function.name}: {folder.relative_to(ROOT)} needs {name}"
        if values.get("POWERTOOLS_SERVICE_NAME") != function.properties["FunctionName"]:
            yield f"{function.name}: its metrics are those of {values.get('POWERTOOLS_SERVICE_NAME')!r}"
        if values.get("LOG_LEVEL", "INFO") not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            yield f"{function.name}: LOG_LEVEL is {values['LOG_LEVEL']!r}"


@rule(FUNCTION, TASK)
def database_variables(declaration: Declaration) -> Iterator[str]:
    """Find clients with another port, name or secret than the database's, or that do not verify its certificate."""
    known = [d for d in databases(declaration) if d.properties.get("Port")]
    ports = {str(database.properties["Port"]) for database in known}
    names = {str(d.properties.get("DBName") or d.properties.get("DatabaseName")) for d in known}
    for owner, values in _clients(declaration):
        if "DB_HOST" not in values:
            continue
        hosts = [found for found, _attribute in declaration.referred(values["DB_HOST"]) if found in known]
        if not hosts or any(host.region != owner.region for host in hosts):
            yield f"{owner.name}: DB_HOST is {values['DB_HOST']!r}, no database of {owner.region}"
        if values.get("DB_PORT") not in ports:
            yield f"{owner.name}: DB_PORT is {values.get('DB_PORT')!r}: the databases listen on {sorted(ports)}"
        if values.get("DB_NAME") and values["DB_NAME"] not in names:
            yield f"{owner.name}: DB_NAME is {values['DB_NAME']!r}: the databases are called {sorted(names)}"
        if "DB_CA_FILE" in values:
            yield f"{owner.name}: DB_CA_FILE is {values['DB_CA_FILE']!r}: RDS's own authorities are trusted without it"


def _clients(declaration: Declaration) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    yield from variables(declaration)
    for task in declaration.of(TASK):
        for container in task.properties["ContainerDefinitions"]:
            yield task, {item["Name"]: item["Value"] for item in container.get("Environment", [])}


@rule(FUNCTION)
def function_limits(declaration: Declaration) -> Iterator[str]:
    """Find sizes that Lambda refuses, and time-outs beyond those who wait: API Gateway, a load balancer, a schedule."""
    for function in declaration.of(FUNCTION):
        seconds = int(function.properties.get("Timeout", 3))
        if seconds not in SECONDS:
            yield f"{function.name}: a time-out of {seconds} s"
        if int(function.properties.get("MemorySize", 128)) not in MEMORY_MIB:
            yield f"{function.name}: {function.properties['MemorySize']} MiB"
        for who, patience in _callers(declaration, function):
            if seconds > patience:
                yield f"{function.name}: may take {seconds} s, and {who} waits for {patience} s"


def _callers(declaration: Declaration, function: Resource) -> Iterator[tuple[str, int]]:
    """Yield who waits for a function's answer, or starts it again, with seconds."""
    for method in declaration.of("AWS::ApiGateway::Method"):
        if _names(declaration, method.at("Integration.Uri"), function):
            milliseconds = int(method.at("Integration.TimeoutInMillis", API_SECONDS * 1000))
            yield method.name, milliseconds // 1000
    yield from schedules_of(declaration, function)


def schedules_of(declaration: Declaration, function: Resource) -> Iterator[tuple[str, int]]:
    """Yield the schedules of a function, with the seconds between two runs."""
    for event in declaration.of("AWS::Events::Rule"):
        if any(_names(declaration, target["Arn"], function) for target in event.properties.get("Targets", [])):
            yield event.name, interval(str(event.properties.get("ScheduleExpression")))


@rule("AWS::Events::Rule")
def retries_that_meet_the_next_run(declaration: Declaration) -> Iterator[str]:
    """Find functions that a schedule starts again before Lambda has done with its own retries.

    Lambda tries an asynchronous event again one minute after a failure, and two minutes after that.
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """
    without = [
        found
        for config in declaration.of("AWS::Lambda::EventInvokeConfig")
        if config.properties.get("MaximumRetryAttempts") == 0
        for found, _attribute in declaration.referred(config.properties["FunctionName"])
    ]
    for function in declaration.of(FUNCTION):
        for name, seconds in schedules_of(declaration, function):
            if seconds <= RETRY_SECONDS and function not in without:
                yield f"{function.name}: {name} starts it every {seconds} s, and Lambda tries for {RETRY_SECONDS} s"


def _names(declaration: Declaration, value: Any, resource: Resource) -> bool:
    return any(found is resource for found, _attribute in declaration.referred(value or ""))


def interval(expression: str) -> int:
    """Return the seconds between two runs of a rate, or 0 when it is none.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html: 1 takes the singular.
    """
    found = RATE.fullmatch(expression)
    if not found or int(found[1]) == 0 or (int(found[1]) == 1) == bool(found[3]):
        return 0
    return int(found[1]) * UNIT_SECONDS[found[2]]


@rule("AWS::Events::Rule")
def schedules(declaration: Declaration) -> Iterator[str]:
    """Find schedules of another form, switched off, without a target or without the right to call it."""
    allowed = [
        p for p in declaration.of("AWS::Lambda::Permission") if p.properties["Principal"] == "events.amazonaws.com"
    ]
    for event in declaration.of("AWS::Events::Rule"):
        if not interval(str(event.properties.get("ScheduleExpression"))):
            yield f"{event.name}: {event.properties.get('ScheduleExpression')!r} is no rate"
        if event.properties.get("State", "ENABLED") != "ENABLED":
            yield f"{event.name}: is {event.properties['State']}"
        targets = event.properties.get("Targets", [])
        if not targets:
            yield f"{event.name}: calls nothing"
        for target in targets:
            called = [found for found, _attribute in declaration.referred(target["Arn"])]
            rights = [p for p in allowed if _names(declaration, p.properties.get("SourceArn"), event)]
            if not any(_names(declaration, p.properties["FunctionName"], f) for p in rights for f in called):
                yield f"{event.name}: may not call {target['Arn']}"
            retries = target.get("RetryPolicy", {})
            if not 0 <= int(retries.get("MaximumRetryAttempts", 185)) <= 185:
                yield f"{event.name}: {retries['MaximumRetryAttempts']} retries: 0 to 185"
            if not 60 <= int(retries.get("MaximumEventAgeInSeconds", 86_400)) <= 86_400:
                yield f"{event.name}: events of {retries['MaximumEventAgeInSeconds']} s: 60 to 86400"


# Who may call a function by its policy, and what its ARN begins with.
CALLERS: Mapping[str, str] = {
    "apigateway.amazonaws.com": "AWS::ApiGateway::RestApi",
    "elasticloadbalancing.amazonaws.com": "AWS::ElasticLoadBalancingV2::TargetGroup",
    "events.amazonaws.com": "AWS::Events::Rule",
}


@rule("AWS::Lambda::Permission")
def function_callers(declaration: Declaration) -> Iterator[str]:
    """Find rights to call a function that are for no action, service or function, or for another one's sake.

    https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
    """
    for permission in declaration.of("AWS::Lambda::Permission"):
        found = permission.properties
        if found.get("Action") != "lambda:InvokeFunction":
            yield f"{permission.name}: the action is {found.get('Action')!r}"
        if found.get("Principal") not in CALLERS:
            yield f"{permission.name}: {found.get('Principal')!r} calls no function here"
            continue
        sources = [source.type for source, _attribute in declaration.referred(found.get("SourceArn", ""))]
        if sources != [CALLERS[str(found["Principal"])]]:
            yield f"{permission.name}: {found['Principal']} may call it for {found.get('SourceArn')!r}"
        called = [f for f, _attribute in declaration.referred(found.get("FunctionName", ""))]
        named = [f for f in declaration.of(FUNCTION) if f.properties["FunctionName"] == found.get("FunctionName")]
        if [f.type for f in [*called, *named]] != [FUNCTION]:
            yield f"{permission.name}: {found.get('FunctionName')!r} is no function of this stack"


@rule("AWS::Lambda::EventSourceMapping")
def event_sources(declaration: Declaration) -> Iterator[str]:
    """Find mappings that start nowhere, give up nothing, retry without an end, or lose what they give up.

    https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
    """
    for mapping in declaration.of("AWS::Lambda::EventSourceMapping"):
        found = mapping.properties
        if found.get("StartingPosition") not in ("TRIM_HORIZON", "LATEST"):
            yield f"{mapping.name}: StartingPosition is {found.get('StartingPosition')!r}"
        for key, low, high in (
            ("BatchSize", 1, 10_000),
            ("MaximumBatchingWindowInSeconds", 0, 300),
            ("MaximumRetryAttempts", 0, 10_000),
            ("MaximumRecordAgeInSeconds", 60, 604_800),
            ("ParallelizationFactor", 1, 10),
        ):
            if not low <= int(found.get(key, low)) <= high:
                yield f"{mapping.name}: {key} is {found.get(key)}: {low} to {high}"
        for key in ("MaximumRetryAttempts", "MaximumRecordAgeInSeconds"):
            if key not in found:
                yield f"{mapping.name}: without {key} one record stops a shard for as long as it is kept"
        if found.get("BisectBatchOnFunctionError") is not True:
            yield f"{mapping.name}: BisectBatchOnFunctionError is {found.get('BisectBatchOnFunctionError')}"
        if listed(found.get("FunctionResponseTypes")) != ["ReportBatchItemFailures"]:
            yield f"{mapping.name}: FunctionResponseTypes is {found.get('FunctionResponseTypes')}"
        targets = declaration.referred(mapping.at("DestinationConfig.OnFailure.Destination", ""))
        if [target.type for target, _attribute in targets] != ["AWS::S3::Bucket"]:
            yield f"{mapping.name}: only a bucket takes the records that are given up, with what is in them"
        if found.get("Enabled", True) is not True:
            yield f"{mapping.name}: is switched off"
        for stream, _attribute in declaration.referred(found.get("EventSourceArn", "")):
            kept = int(stream.properties.get("RetentionPeriodHours", 24)) * 3600
            if int(found.get("MaximumRecordAgeInSeconds", kept)) > kept - MARGIN_SECONDS:
                yield f"{mapping.name}: gives records up when the stream has forgotten them, after {kept} s"


@rule("AWS::Events::Rule")
def lost_events(declaration: Declaration) -> Iterator[str]:
    """Find functions that EventBridge calls, whose failed events go nowhere, and queues that keep them too short."""
    for event in declaration.of("AWS::Events::Rule"):
        for target in event.properties.get("Targets", []):
            for function, _attribute in declaration.referred(target["Arn"]):
                queues = declaration.referred(function.at("DeadLetterConfig.TargetArn", ""))
                if [queue.type for queue, _attribute in queues] != ["AWS::SQS::Queue"]:
                    yield f"{function.name}: events that fail go nowhere"
                for queue, _attribute in queues:
                    if int(queue.properties.get("MessageRetentionPeriod", 345_600)) < 14 * 86_400:
                        yield f"{queue.name}: keeps {queue.properties.get('MessageRetentionPeriod')} s: use 14 days"


MIGRATIONS = ("Custom::DatabaseSchema", "Terraform::aws_lambda_invocation")


@rule(*MIGRATIONS)
def code_before_its_migration(declaration: Declaration) -> Iterator[str]:
    """Find clients of a database whose new code a deployment runs before it migrates, or although that fails."""
    for migration in [resource for kind in MIGRATIONS for resource in declaration.of(kind)]:
        for client, environment in _clients(declaration):
            if client.name in migration.references or "DB_HOST" not in environment:
                continue
            # A task definition runs nothing: its service does.
            services = [service for service in declaration.of(SERVICE) if client.name in service.references]
            for runner in services if client.type == TASK else [client]:
                if migration.name not in runner.depends_on:
                    yield f"{runner.name}: does not wait for {migration.name}"
