"""Pays at a deployed system in both regions, and looks at what each of them then has."""

import json
import time
import uuid
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from lib.common.aws_clients import ClientFactory
from lib.common.errors import ExerciseError
from lib.common.json_types import JsonObject
from lib.disaster_recovery.drill.load import HttpClient, Response, name_of, payment
from lib.disaster_recovery.settings import SYSTEM, Settings

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

PAYMENTS, REPEATED = 40, 4  # how many, and every how many once more
WAIT_SECONDS, PAUSE_SECONDS = 30.0, 0.1
Report = Callable[[str], None]
Row = tuple[str, str]


def demand(answer: Response, status: int, what: str) -> Response:
    """Return an answer with this status.

    Raises:
        ExerciseError: it has another one.
    """
    if answer.status != status:
        code = answer.body.get("code", answer.body.get("message", ""))
        raise ExerciseError(f"{what}: answered {answer.status or 'nothing'} {code} instead of {status}.")
    return answer


def awaited(ask: Callable[[], Response], status: int, what: str) -> tuple[Response, float]:
    """Return the answer with this status, and after how many seconds it came.

    Raises:
        ExerciseError: it does not come.
    """
    began = time.monotonic()
    while True:
        answer = ask()
        spent = time.monotonic() - began
        if answer.status == status:
            return answer, spent
        if spent > WAIT_SECONDS:
            demand(answer, status, what)
        time.sleep(PAUSE_SECONDS)


def verify(client: "LambdaClient", settings: Settings) -> JsonObject:
    """Return the report of a region's verification function.

    Raises:
        ExerciseError: the function failed.
    """
    name = settings.name("function", "verification")
    answer = client.invoke(FunctionName=name, Payload=b"{}")
    text = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        raise ExerciseError(f"The function {name} failed: {text}")
    return dict(json.loads(text))


def alarms(clients: ClientFactory, settings: Settings) -> str:
    """Return how many of the system's alarms there are in each region, by state."""
    sentences = []
    for region_config in settings.region_configs:
        pages = clients("cloudwatch", region_config.region).get_paginator("describe_alarms")
        metric_alarms = [a for page in pages.paginate(AlarmNamePrefix=f"{SYSTEM}-") for a in page["MetricAlarms"]]
        states = Counter(alarm["StateValue"] for alarm in metric_alarms)
        sentences.append(
            f"{region_config.role}: " + ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        )
    return "; ".join(sentences)


def _said(report: JsonObject) -> str:
    findings = [f"{each['region']} {each['check']} {each['code']}" for each in report["findings"]]
    return f"{report['result']}" + (f": {', '.join(findings)}" if findings else "")


def exercise(clients: ClientFactory, settings: Settings, urls: tuple[str, str], report: Report) -> list[Row]:
    """Pay in the region that writes, be refused in the other, find everything there; return rows to print.

    Args:
        clients: makes a client of a service in a region.
        settings: the deployed ones.
        urls: of the two APIs, the primary region's first.
        report: is told how far it is.

    Raises:
        ExerciseError: something is not as it should be.
    """
    http, run = HttpClient(), f"exercise-{uuid.uuid4().hex[:8]}"
    try:
        report("asking both regions whether they are healthy")
        ready = [awaited(partial(http.send, "GET", f"{url}/health/ready"), 200, "GET /health/ready")[0] for url in urls]
        writer = str(ready[0].body["writer"])
        number = [region_config.region for region_config in settings.region_configs].index(writer)
        active, passive = urls[number], urls[1 - number]
        paid = _pay(http, active, run, report)
        refused = demand(http.send("POST", f"{passive}/payments", payment(0, run), f"{run}-x"), 503, "the other region")
        if refused.body.get("code") != "region_passive":
            raise ExerciseError(f"The region that does not write answered {refused.body.get('code')!r}.")
        report("the other region is asked for the payments")
        last = f"{passive}/payments/{paid[-1]}"
        _answer, lag = awaited(lambda: http.send("GET", last), 200, "the last payment in the other region")
        for identity in paid:
            demand(http.send("GET", f"{passive}/payments/{identity}"), 200, "a payment in the other region")
    finally:
        http.close()
    report("backups and replication are verified")
    reports = [verify(clients("lambda", region_config.region), settings) for region_config in settings.region_configs]
    return [
        *(
            (f"the {region_config.role} region's API", f"{url}/payments")
            for region_config, url in zip(settings.region_configs, urls, strict=True)
        ),
        ("active (writer) region", f"{writer}, epoch {ready[0].body['epoch']}"),
        ("payments", f"{len(paid)}, {len(paid) // REPEATED} of them sent again and recognised"),
        ("the other region", "refuses payments (503 region_passive), and shows every one of these"),
        ("the last one there after", f"{lag:.2f} s"),
        *(
            (f"verification in the {region_config.role} region", _said(result))
            for region_config, result in zip(settings.region_configs, reports, strict=True)
        ),
        ("alarms", alarms(clients, settings)),
    ]


def _pay(http: HttpClient, url: str, run: str, report: Report) -> list[str]:
    """Return the ids of the payments that were made."""
    paid = []
    for number in range(PAYMENTS):
        created = demand(
            http.send("POST", f"{url}/payments", payment(number, run), name_of(number, run)), 201, "a payment"
        )
        paid.append(str(created.body["payment_id"]))
        if number % REPEATED == 0:
            again = demand(
                http.send("POST", f"{url}/payments", payment(number, run), name_of(number, run)), 201, "again"
            )
            if again.body["payment_id"] != created.body["payment_id"] or not again.replayed:
                raise ExerciseError("A payment that was sent again with its key became another one.")
        report(f"payment {number + 1} of {PAYMENTS}")
    return paid
