"""The systems that the local cloud can run: how each is deployed, exercised and destroyed."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from lib.kinesis_pipeline.exercise import exercise
from lib.kinesis_pipeline.settings import Settings
from lib.local_cloud import cdk, inventory
from lib.local_cloud.cloud import ACCOUNT, LocalCloud
from lib.local_cloud.process import refuse_taken

Report = Callable[[str], None]
Row = tuple[str, str]


@dataclass(frozen=True)
class Deployed:
    """What a deployment did: whether it changed anything, what is there by service, what was stepped down."""

    changed: bool
    resources: Mapping[str, Mapping[str, int]]
    step_down: list[tuple[str, str, list[str]]]


@dataclass(frozen=True)
class System:
    """One system's way through the local cloud."""

    name: str
    engine: str
    deploy: Callable[[LocalCloud, Report], Deployed]
    exercise: Callable[[LocalCloud, Report], list[Row]]
    destroy: Callable[[LocalCloud, Report], None]


def _deploy_pipeline(cloud: LocalCloud, report: Report) -> Deployed:
    server = cloud.database(Settings.read().database_port)
    if server.process() is None:
        refuse_taken(server.port, "PostgreSQL", "DATABASE_PORT")  # now, not in the middle of the deployment
    report("bootstrap")
    cdk.bootstrap(cloud, report)
    report("synthesis")
    changed, step_down = cdk.deploy(cloud, report)
    return Deployed(changed, inventory.resources(cloud, Settings.read().name("stack")), step_down)


def _exercise_pipeline(cloud: LocalCloud, report: Report) -> list[Row]:
    flow = exercise(cloud.client, Settings.read(), ACCOUNT, report)
    return [
        ("records sent", f"{flow.sent}"),
        ("events stored in PostgreSQL", f"{flow.stored}"),
        ("duplicates refused", f"{flow.duplicates}"),
        ("poison records set aside in S3", f"{flow.set_aside}"),
        ("time to send", f"{flow.send_seconds:.1f} s"),
        ("time until the last one was stored", f"{flow.total_seconds:.1f} s"),
    ]


def _destroy_pipeline(cloud: LocalCloud, report: Report) -> None:
    settings = Settings.read()
    if cdk.stack_status(cloud, settings.name("stack")) in ("", "DELETE_COMPLETE"):
        return
    s3, bucket = cloud.client("s3"), settings.bucket(ACCOUNT)
    report("emptying the failure bucket")
    # CloudFormation deletes no bucket that holds anything, and this one keeps versions.
    with suppress(s3.exceptions.NoSuchBucket):  # the deployment did not come that far
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for found in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                s3.delete_object(Bucket=bucket, Key=found["Key"], VersionId=found["VersionId"])
    cdk.destroy(cloud, report)


SYSTEMS: Mapping[str, System] = {
    system.name: system
    for system in (System("kinesis-pipeline", "AWS CDK", _deploy_pipeline, _exercise_pipeline, _destroy_pipeline),)
}
