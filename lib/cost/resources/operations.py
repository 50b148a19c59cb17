"""Keys, secrets, alarms, logs, messages, health checks.

https://aws.amazon.com/kms/pricing/
https://aws.amazon.com/secrets-manager/pricing/
https://aws.amazon.com/cloudwatch/pricing/
https://aws.amazon.com/route53/pricing/
"""

from collections.abc import Iterable

from lib.cost.model import MILLION, MONTH, Part, Pricers, Rate, Use, gigabytes, millions, one
from lib.declared.model import Declaration, Resource, listed

KEY, SECRET = Rate("awskms", "KMS-Keys"), Rate("AWSSecretsManager", "AWSSecretsManager-Secrets")
HEALTH_CHECK, OPTION = Rate("AmazonRoute53", "Health-Check-AWS"), Rate("AmazonRoute53", "Health-Check-Option-AWS")
FAST = 10  # seconds between the requests of a health check that is paid for as fast


def _key(resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    yield one("KMS key", KEY, MONTH)
    if resource.at("EnableKeyRotation"):
        yield Use("KMS key's version of each of its first two rotations", KEY, "month")
    yield millions("KMS requests", Rate("awskms", "KMS-Requests"))


def _secret(resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    yield one("secret", SECRET, MONTH)
    for replica in listed(resource.at("ReplicaRegions")):
        yield one("secret", SECRET, MONTH, region=replica["Region"])
    calls = Rate("AWSSecretsManager", "AWSSecretsManagerAPIRequest")
    yield millions("calls of Secrets Manager", calls)


def _alarm(resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    metrics = sum("MetricStat" in each for each in listed(resource.at("Metrics"))) or 1
    yield one("metric of an alarm", Rate("AmazonCloudWatch", "CW:AlarmMonitorUsage"), MONTH, metrics)


def _dashboard(_resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    # The first three of an account are free; here each is counted.
    yield one("dashboard", Rate("AmazonCloudWatch", "DashboardsUsageHour"), MONTH)


def _log_group(resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    logs = "INFREQUENT_ACCESS" if resource.at("LogGroupClass") == "INFREQUENT_ACCESS" else "STANDARD"
    yield gigabytes("logs taken in", Rate("logs", f"{logs}/ingestion"))
    yield gigabytes("logs kept, compressed, a month", Rate("logs", f"{logs}/storage"))


def _health_check(resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    # Of endpoints in AWS; those elsewhere cost half as much again, and their options twice as much.
    config = resource.at("HealthCheckConfig")
    kind = str(config["Type"])
    options = (
        kind.startswith("HTTPS"),
        kind.endswith("STR_MATCH"),
        config.get("RequestInterval") == FAST,
        config.get("MeasureLatency", False),
    )
    yield one("health check", HEALTH_CHECK, MONTH)
    if any(options):
        yield one("option of a health check: HTTPS, every 10 s", OPTION, MONTH, sum(map(bool, options)))


def _topic(_resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    yield Use("e-mails of alarms", Rate("AmazonSNS", "DeliveryAttempts-SMTP"), "100,000", 100_000)


def _queue(_resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    yield Use("SQS requests", Rate("AWSQueueService", "Requests-Tier1"), "million", MILLION)


PRICERS: Pricers = {
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::Dashboard": _dashboard,
    "AWS::KMS::Key": _key,
    "AWS::KMS::ReplicaKey": _key,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::Route53::HealthCheck": _health_check,
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _queue,
    "AWS::SecretsManager::Secret": _secret,
}
