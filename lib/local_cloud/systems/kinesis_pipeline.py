"""How the pipeline is deployed to the local cloud, exercised and destroyed."""

from contextlib import suppress

from lib.kinesis_pipeline.exercise import exercise
from lib.kinesis_pipeline.settings import Settings
from lib.local_cloud import inventory
from lib.local_cloud.cdk import cli
from lib.local_cloud.cloud import ACCOUNT, LocalCloud
from lib.local_cloud.servers.process import refuse_taken
from lib.local_cloud.systems import Deployed, Report, Row, System


def _deploy(cloud: LocalCloud, report: Report) -> Deployed:
    server = cloud.database(Settings.read().database_port)
    if server.process() is None:
        refuse_taken(server.port, "PostgreSQL", "DATABASE_PORT")  # now, not in the middle of the deployment
    report("bootstrap")
    cli.bootstrap(cloud, report)
    report("synthesis")
    changed, step_down = cli.deploy(cloud, report)
    return Deployed(changed, inventory.resources(cloud, Settings.read().name("stack")), step_down)


def _exercise(cloud: LocalCloud, report: Report) -> list[Row]:
    flow = exercise(cloud.client, Settings.read(), ACCOUNT, report)
    return [
        ("records sent", f"{flow.sent}"),
        ("events stored in PostgreSQL", f"{flow.stored}"),
        ("duplicates refused", f"{flow.duplicates}"),
        ("poison records set aside in S3", f"{flow.set_aside}"),
        ("time to send", f"{flow.send_seconds:.1f} s"),
        ("time until the last one was stored", f"{flow.total_seconds:.1f} s"),
    ]


def _destroy(cloud: LocalCloud, report: Report) -> None:
    settings = Settings.read()
    if cli.stack_status(cloud, settings.name("stack")) in ("", "DELETE_COMPLETE"):
        return
    s3, bucket = cloud.client("s3"), settings.bucket(ACCOUNT)
    report("emptying the failure bucket")
    # CloudFormation deletes no bucket that holds anything, and this one keeps versions.
    with suppress(s3.exceptions.NoSuchBucket):  # the deployment did not come that far
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for found in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                s3.delete_object(Bucket=bucket, Key=found["Key"], VersionId=found["VersionId"])
    cli.destroy(cloud, report)


SYSTEM = System("kinesis-pipeline", "AWS CDK", _deploy, _exercise, _destroy)
