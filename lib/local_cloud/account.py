"""What belongs to the account and to no stack, made before a deployment as ``scripts/check_account --fix`` does."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import boto3
from botocore.config import Config

from lib.check_account import fix
from lib.check_account.account import Account
from lib.check_account.checks import api_gateway
from lib.local_cloud.cloud import LocalCloud


@dataclass(frozen=True)
class _Session:
    """Makes the local cloud's clients, whatever the environment says."""

    cloud: LocalCloud

    def client(self, service: str, *, region_name: str, config: Config) -> Any:
        """Return a client of the local cloud."""
        return self.cloud.client(service, region_name, config=config)


def give_api_gateway_its_role(cloud: LocalCloud, regions: Sequence[str]) -> None:
    """Let API Gateway write logs in these regions, where it has no role yet.

    Raises:
        BotoCoreError, ClientError: the emulator refuses it.
    """
    account = Account(cloud.region, cast(boto3.Session, _Session(cloud)))
    for region in regions:
        if not account.client("apigateway", region).get_account().get("cloudwatchRoleArn"):
            for call in api_gateway.creation(region):
                fix.make(account, call, time.sleep)
