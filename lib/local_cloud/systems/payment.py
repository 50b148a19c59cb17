"""How the payment system is deployed to the local cloud, exercised and destroyed."""

import json
import os
from collections.abc import Mapping

from lib.common.errors import ExerciseError
from lib.common.json_types import JsonMapping, JsonObject
from lib.local_cloud.account import give_api_gateway_its_role
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.emulation import rds
from lib.local_cloud.names import HOST
from lib.local_cloud.pulumi import deployer
from lib.local_cloud.systems import Deployed, Report, Row, System, database, database_port
from lib.payment.exercise import exercise
from lib.payment.settings import SYSTEM as NAME
from lib.payment.settings import Settings

STAGE = "v1"
PAYMENTS = 100
VERIFIED = 100  # payments whose audit records are read again


def environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the settings' variables for the local cloud, where nobody has chosen others."""
    # The rate of dev would make the exercise wait; the limit itself still answers.
    chosen = {"ENVIRONMENT": "dev", "API_RATE": "100", "API_BURST": "200"}
    kept = {name: environ[name] for name in chosen if environ.get(name)}
    return {**chosen, **kept, "DATABASE_PORT": str(database_port(NAME, environ))}


def _settings() -> Settings:
    return Settings.read({**os.environ, **environment()})


def _stack() -> str:
    return f"{NAME}-{_settings().suffix}"


def _deploy(cloud: LocalCloud, report: Report) -> Deployed:
    database(cloud, _settings().database_port)
    give_api_gateway_its_role(cloud, [_settings().region])
    with rds.watching(cloud):  # the deployment itself migrates the database
        done = deployer.deploy(cloud, _stack(), environment(), report)
    return Deployed(done.changed, done.resources, done.left_out, done.way)


def invoke(cloud: LocalCloud, part: str, event: JsonMapping) -> JsonObject:
    """Invoke one of the system's functions and return its answer.

    Raises:
        ExerciseError: the function failed.
    """
    name = _settings().name("function", part)
    answer = cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    text = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        raise ExerciseError(f"The function {name} failed: {text}")
    return dict(json.loads(text))


def _alarms(cloud: LocalCloud) -> str:
    """Return how many of the system's alarms there are in each state."""
    pages = cloud.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{NAME}-")
    states = [alarm["StateValue"] for page in pages for alarm in page["MetricAlarms"]]
    return ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))


def _exercise(cloud: LocalCloud, report: Report) -> list[Row]:
    outputs = deployer.outputs(cloud, _stack())
    key = cloud.client("apigateway").get_api_key(apiKey=outputs["apiKeyId"], includeValue=True)["value"]
    api = str(outputs["apiUrl"]).removeprefix("https://").split(".", 1)[0]
    url = f"http://{HOST}:{cloud.port}/restapis/{api}/{STAGE}/_user_request_"  # the emulator's way to it
    mix = exercise(url, report, headers={"x-api-key": key}, payments=PAYMENTS)
    report("what is left in the outbox goes to the bucket")
    drained = invoke(cloud, "drain", {})
    chains = invoke(cloud, "drain", {"action": "report", "latest": VERIFIED})["chains"]
    books = invoke(cloud, "database", {"action": "report"})
    unbalanced = [currency for currency, account in books["ledger"].items() if float(account["balance"])]
    wrong = [chains["broken"], chains["unreadable"], chains["unread"]]
    wrong += [drained["pending"], drained["mismatches"], drained["unreadable"]]
    if unbalanced or any(wrong):
        raise ExerciseError(f"The books are wrong: unbalanced {unbalanced}, chains {chains}, outbox {drained}.")
    objects = cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=outputs["auditBucket"])
    sums = ", ".join(f"{account['processor']} {currency}" for currency, account in books["ledger"].items())
    entries = sum(account["entries"] for account in books["ledger"].values())
    trail = f"{sum(page['KeyCount'] for page in objects)}, {drained['written']} of them from the outbox"
    return [
        ("the API", f"{url}/payments"),
        ("its header x-api-key", f"aws apigateway get-api-key --api-key {outputs['apiKeyId']} --include-value"),
        ("requests by status", ", ".join(f"{status}: {count}" for status, count in mix.statuses.items())),
        ("latency", f"p50 {mix.p50:.1f} ms, p95 {mix.p95:.1f} ms, p99 {mix.p99:.1f} ms"),
        ("payments and refunds in PostgreSQL", f"{sum(p['count'] for p in books['payments'])} and {books['refunds']}"),
        ("repeated requests recognised", f"{mix.replays}, and {mix.conflicts} refused for another body"),
        ("bad requests and card numbers refused", f"{mix.refused}"),
        ("ledger", f"{entries} entries, every currency sums to zero; taken in: {sums}"),
        ("audit objects in S3", f"{trail}; {chains['whole']} hash chains verified"),
        ("alarms", _alarms(cloud)),
    ]


def _destroy(cloud: LocalCloud, report: Report) -> None:
    deployer.destroy(cloud, _stack(), report)


SYSTEM = System(NAME, _deploy, _exercise, _destroy)
