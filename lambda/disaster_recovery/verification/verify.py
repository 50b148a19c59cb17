"""Looks at both regions at once, and at what the two say together. It changes nothing.

A check that fails is a finding too, marked ``incomplete``: a region that does not answer is never taken for a good one.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime

import aurora
import aws
import dynamo
from aws import ClientFactory
from botocore.exceptions import BotoCoreError, ClientError
from findings import Finding, Part, Report, now
from settings import Settings

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 2.0, 5.0, 2
SECONDS = 40.0  # for all of it
client = aws.clients(connect=CONNECT_SECONDS, read=READ_SECONDS, attempts=ATTEMPTS)


def _checks(settings: Settings, moment: datetime, clients: ClientFactory, region: str) -> dict[str, Callable[[], Part]]:
    """Return what is looked at in a region, by name; making a client is part of it, for that can fail too."""
    return {
        "global-cluster": lambda: aurora.global_cluster(clients("rds", region), region, settings),
        "cluster": lambda: aurora.cluster(clients("rds", region), region, settings, moment),
        "lag": lambda: aurora.lag(clients("cloudwatch", region), region, settings, moment),
        "table": lambda: dynamo.table(clients("dynamodb", region), region, settings, moment),
        "writer": lambda: dynamo.writing(clients("dynamodb", region), region, settings),
    }


def _reason(error: BaseException) -> str:
    """Return an error's name, or AWS's code and the operation: a message may hold more than a report should."""
    if isinstance(error, ClientError):
        return f"{error.operation_name}: {error.response['Error']['Code']}"
    return type(error).__name__


def _part(check: str, region: str, future: Future[Part]) -> Part:
    """Return what a check has found, or that it could not look."""
    error = future.exception() if future.done() else TimeoutError()
    if error is None:
        return future.result()
    code = "no-answer" if isinstance(error, BotoCoreError | ClientError | TimeoutError) else "failed"
    return Part([Finding(check, region, code, f"Not looked at: {_reason(error)}.", incomplete=True)])


def verify(settings: Settings, clients: ClientFactory = client, seconds: float = SECONDS) -> Report:
    """Look at everything and return what was found.

    Args:
        settings: which system, and what is asked of it.
        clients: makes a client of a service in a region.
        seconds: after which what has not answered counts as not looked at.
    """
    until, report = time.monotonic() + seconds, Report(now())
    checks = {
        (name, region): check
        for region in settings.regions
        for name, check in _checks(settings, report.began, clients, region).items()
    }
    pool = ThreadPoolExecutor(len(checks), "verification")
    futures = {name: pool.submit(check) for name, check in checks.items()}
    wait(futures.values(), timeout=max(0.0, until - time.monotonic()))
    pool.shutdown(wait=False, cancel_futures=True)
    for (check, region), future in futures.items():
        report.add(region, _part(check, region, future))
    report.findings += _together(settings, report)
    return report


def _together(settings: Settings, report: Report) -> list[Finding]:
    """Return what is wrong between the regions."""
    findings, seen = list[Finding](), report.measured
    aurora_writers = {each["aurora_writer"] for each in seen.values() if each.get("aurora_writer")}
    writers = {(each["writer"], each["epoch"]) for each in seen.values() if "writer" in each}

    def add(code: str, detail: str) -> None:
        findings.append(Finding("roles", "all", code, detail))

    if len(aurora_writers) > 1:
        add("aurora-split", f"The regions name several writers of Aurora: {', '.join(sorted(aurora_writers))}.")
    if len(writers) > 1:
        listed = ", ".join(f"{region} in epoch {epoch}" for region, epoch in sorted(writers))
        add("writer-split", f"The regions' tables name several writers: {listed}.")
    foreign = {region for region, _ in writers} - set(settings.regions)
    if foreign:
        add("writer-foreign", f"The writer {', '.join(sorted(foreign))} is no region of this system: nobody writes.")
    if len(writers) == len(aurora_writers) == 1 and {region for region, _ in writers} != aurora_writers:
        add("roles-apart", f"Payments are written in {min(writers)[0]}, and Aurora in {min(aurora_writers)}.")
    unread = {finding.region for finding in report.incomplete if finding.check == "lag"}
    for region in sorted(set(settings.regions) - unread) if len(aurora_writers) == 1 else ():
        if region not in aurora_writers:
            findings += aurora.late(region, seen[region], settings)
    return findings
