"""Verifies the backups and the replication of both regions, on a schedule in each of them.

The report goes to the log, to a bucket when one is set, and to a topic when something is wrong. The same with
scripts/verify_backups, which reports to the terminal alone.
"""

import json
import os
from typing import TYPE_CHECKING

import verify
from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError
from findings import Finding, Report, stamp
from json_types import JsonObject
from settings import Settings
from telemetry import count, logger, publish

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MARGIN_SECONDS = 20.0  # kept back from the function's time limit, for the report
HERE = "AWS_REGION"


class NotReported(RuntimeError):
    """What was found could not be delivered; the run fails, so that an alarm notices it."""


def _deliver(report: Report, settings: Settings, name: str) -> None:
    """Store the report and send it when something is wrong.

    Raises:
        NotReported: the bucket or the topic does not take it.
    """
    here, failed = os.environ[HERE], []
    if settings.bucket:
        key = f"verification/{here}/{stamp(report.began)[:10]}/{name}.json"
        body = json.dumps(report.json(), indent=2).encode()
        try:
            verify.client("s3", here).put_object(
                Bucket=settings.bucket, Key=key, Body=body, ContentType="application/json"
            )
        except (BotoCoreError, ClientError) as error:
            failed.append(f"bucket: {type(error).__name__}")
            report.findings.append(Finding("report", here, "not-stored", "The bucket does not take it.", True))
    if settings.topic and report.findings:
        subject = f"Disaster recovery: {report.json()['result']} ({len(report.findings)})"
        try:
            verify.client("sns", here).publish(TopicArn=settings.topic, Subject=subject, Message=report.table())
        except (BotoCoreError, ClientError) as error:
            failed.append(f"topic: {type(error).__name__}")
    if failed:
        raise NotReported(f"The report was not delivered to {', '.join(failed)}: see the log for its content.")


def _measure(report: Report) -> None:
    count("Findings", len(report.wrong))
    count("Incomplete", len(report.incomplete))
    age, lag = report.worst("snapshot_age_hours"), report.worst("replication_lag_milliseconds")
    if age is not None:
        count("SnapshotAgeHours", age, MetricUnit.NoUnit)
    if lag is not None:
        count("ReplicationLagMilliseconds", lag, MetricUnit.Milliseconds)


def handler(_event: JsonObject, context: "LambdaContext") -> JsonObject:
    """Verify, and return the report.

    A run that is repeated writes the same object of the bucket: Lambda gives it the same request id.

    Raises:
        WrongSetting: the environment is not what it should be.
        NotReported: the report was logged and could not be delivered.
    """
    settings = Settings.read(os.environ)
    left = context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
    report = verify.verify(settings, seconds=min(left, verify.SECONDS))
    try:
        _deliver(report, settings, context.aws_request_id)
    finally:
        _measure(report)
        publish()
        level = "error" if report.incomplete else "warning" if report.wrong else "info"
        getattr(logger, level)("verified", extra={"report": report.json()})
    return report.json()
