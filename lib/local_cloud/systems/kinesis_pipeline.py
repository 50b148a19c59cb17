"""How the pipeline is deployed to the local cloud, exercised and destroyed."""

import os
from contextlib import suppress

from lib.kinesis_pipeline.exercise import exercise
from lib.kinesis_pipeline.settings import SYSTEM as NAME
from lib.kinesis_pipeline.settings import Settings
from lib.local_cloud import inventory
from lib.local_cloud.cdk import cli
from lib.local_cloud.cloud import ACCOUNT, LocalCloud
from lib.local_cloud.systems import Deployed, Report, Row, System, database, database_port


def environment() -> dict[str, str]:
    """Return the settings' variables for the local cloud."""
    return {"DATABASE_PORT": str(database_port(NAME))}


def _settings() -> Settings:
    return Settings.read({**os.environ, **environment()})


def _deploy(cloud: LocalCloud, report: Report) -> Deployed:
    database(cloud, _settings().database_port)
    report("bootstrap")
    cli.bootstrap(cloud, report)
    report("synthesis")
    changed, step_down = cli.deploy(cloud, NAME, report, environment())
    return Deployed(changed, inventory.resources(cloud, _settings().name("stack")), step_down)


def _exercise(cloud: LocalCloud, report: Report) -> list[Row]:
    flow = exercise(cloud.client, _settings(), ACCOUNT, report)
    return [
        ("records sent", f"{flow.sent}"),
        ("events stored in PostgreSQL", f"{flow.stored}"),
        ("duplicates refused", f"{flow.duplicates}"),
        ("poison records quarantined in S3", f"{flow.quarantined}"),
        ("time to send", f"{flow.send_seconds:.1f} s"),
        ("time until the last one was stored", f"{flow.total_seconds:.1f} s"),
    ]


def _destroy(cloud: LocalCloud, report: Report) -> None:
    settings = _settings()
    if cli.stack_status(cloud, settings.name("stack")) in ("", "DELETE_COMPLETE"):
        return
    s3, bucket = cloud.client("s3"), settings.bucket(ACCOUNT)
    report("emptying the failure bucket")
    # CloudFormation deletes no bucket that holds anything, and this one keeps versions.
    with suppress(s3.exceptions.NoSuchBucket):  # the deployment did not come that far
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for version in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    cli.destroy(cloud, NAME, report)


SYSTEM = System(NAME, _deploy, _exercise, _destroy)
