"""Where a deployed system is, found by its names in both regions, and how its primary region is taken away on AWS."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from lib.common import region
from lib.common.aws_clients import ClientFactory
from lib.common.errors import ExerciseError
from lib.disaster_recovery.settings import RegionConfig, Settings

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

STAGE = "v1"


def api(clients: ClientFactory, settings: Settings, region_config: RegionConfig) -> str:
    """Return the id of a region's API.

    Raises:
        ExerciseError: there is none of the system's name, or more than one.
    """
    pages = clients("apigateway", region_config.region).get_paginator("get_rest_apis").paginate()
    ids = [item["id"] for page in pages for item in page["items"] if item["name"] == settings.name("api")]
    if len(ids) != 1:
        raise ExerciseError(
            f"{len(ids)} APIs are called {settings.name('api')} in {region_config.region}, and one is needed: deploy "
            "first, with the same ENVIRONMENT_SUFFIX and regions."
        )
    return str(ids[0])


def addresses(clients: ClientFactory, settings: Settings) -> Mapping[str, str]:
    """Return the addresses of both regions' APIs on AWS, by role.

    Raises:
        ExerciseError: see :func:`api`.
    """
    return {
        region_config.role: f"https://{api(clients, settings, region_config)}.execute-api.{region_config.region}."
        f"{region.dns_suffix(region_config.region)}/{STAGE}"
        for region_config in settings.region_configs
    }


class Outage:
    """Takes the primary region's payments away on AWS: its function may not run, so nobody is answered.

    A region cannot be switched off. This is the part of its loss that callers and health checks see; what was
    acknowledged goes on being replicated, so that the drill's RPO is that of a region that can still send.
    """

    def __init__(self, clients: ClientFactory, settings: Settings, show: Callable[[str, str], None]) -> None:
        self._clients, self._settings, self._show = clients, settings, show
        self._cut = False

    def _said(self, what: str, words: str) -> str:
        name, where = self._settings.name("function", "payment"), self._settings.primary.region
        self._show(what, f"aws lambda {words} --region {where} --function-name {name}")
        return name

    def cut(self) -> None:
        """Let the function of the primary region run no more."""
        name = self._said(
            "the primary region answers nobody", "put-function-concurrency --reserved-concurrent-executions 0"
        )
        self._lambda().put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        self._cut = True

    def restore(self) -> None:
        """Let it run again, if it was stopped."""
        if self._cut:
            # What is declared, and not what was found: an earlier drill may have been interrupted.
            if reserved := self._settings.function_concurrency:
                words = f"put-function-concurrency --reserved-concurrent-executions {reserved}"
                name = self._said("the primary region answers again", words)
                self._lambda().put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
            else:
                name = self._said("the primary region answers again", "delete-function-concurrency")
                self._lambda().delete_function_concurrency(FunctionName=name)
            self._cut = False

    def _lambda(self) -> "LambdaClient":
        return self._clients("lambda", self._settings.primary.region)
