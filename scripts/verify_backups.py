"""Verifies the backups and the replication of the disaster-recovery system: ``scripts/verify_backups``."""

import importlib
import json
import os
import sys
from collections.abc import Mapping
from typing import Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lib.common import lambda_sources
from lib.common.aws_clients import ClientFactory, cached
from lib.common.errors import SettingError
from lib.disaster_recovery.settings import Settings
from scripts.command_lines.verify_backups import parse

# What an emulator cannot give is told beside the exit status that it leads to.
LOCAL = (
    "Status 1 is what {endpoint} can give at best: an emulator has no figures of the replication's lag (lag-unknown); "
    "on AWS they are there some minutes after the deployment."
)
PATIENCE = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2, "mode": "standard"})


def _client(service: str, region: str) -> Any:
    return cast(Any, boto3.session.Session()).client(service, region_name=region, config=PATIENCE)


CLIENTS = cached(_client)


def wanted(environ: Mapping[str, str], clients: ClientFactory = CLIENTS) -> Mapping[str, str]:
    """Return the variables that say what to look at.

    Raises:
        SettingError: no region has the function, or its variables cannot be read.
    """
    if environ.get("TABLE_NAME"):
        return environ
    settings, reasons = Settings.read(environ), []
    name = settings.name("function", "verification")
    for region_config in settings.region_configs:
        try:
            configuration = clients("lambda", region_config.region).get_function_configuration(FunctionName=name)
        except ClientError as error:
            reasons.append(f"{region_config.region}: {error.response['Error']['Code']}")
        except BotoCoreError as error:
            reasons.append(f"{region_config.region}: {type(error).__name__}")
        else:
            if "Variables" in configuration.get("Environment", {}):
                return dict(configuration["Environment"]["Variables"])
            reasons.append(f"{region_config.region}: its variables cannot be decrypted")
    raise SettingError(f"The function {name} cannot be read ({', '.join(reasons)}): deploy it, or set TABLE_NAME etc.")


def main(arguments: list[str], environ: Mapping[str, str] = os.environ) -> int:
    """Return the exit status."""
    options = parse(arguments)
    _files, folders = lambda_sources.modules("disaster_recovery", "verification")
    sys.path[:0] = folders  # the function's modules import each other by their plain names
    try:
        verify, settings = importlib.import_module("verify"), importlib.import_module("settings")
        try:
            report = verify.verify(settings.Settings.read(wanted(environ)))
        except (SettingError, settings.WrongSetting) as error:
            print(f"verify_backups: {error}", file=sys.stderr)
            return 2
    finally:
        del sys.path[: len(folders)]
    print(json.dumps(report.json(), indent=2) if options.json else report.table())
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if endpoint and any(finding.code == "lag-unknown" for finding in report.findings):
        print(LOCAL.format(endpoint=endpoint), file=sys.stderr)
    return int(report.code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
