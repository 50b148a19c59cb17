"""Puts what the failure bucket of a kinesis-pipeline holds back on its stream: ``scripts/redrive``."""

import sys
from typing import cast

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from lib.common.aws_clients import ClientFactory
from lib.common.errors import SettingError
from lib.kinesis_pipeline.redrive import redrive
from lib.kinesis_pipeline.settings import Settings
from scripts.command_lines.redrive import parse


def main(arguments: list[str]) -> int:
    """Return 0 when everything was put back, 1 when something had to stay, 2 when AWS refused."""
    options = parse(arguments)
    try:
        settings = Settings.read()
        session = boto3.session.Session(region_name=settings.region)
        account = session.client("sts").get_caller_identity()["Account"]
        sent, kept = redrive(cast(ClientFactory, session.client), settings, account, print, poison=options.poison)
    except (SettingError, BotoCoreError, ClientError) as error:
        print(f"redrive: {error}", file=sys.stderr)
        return 2
    print(f"{sent} record(s) put back on {settings.name('stream')}, {kept} object(s) kept.")
    return 1 if kept else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
