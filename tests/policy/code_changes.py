"""Changes of a program's code, made to the program itself while it is synthesised."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

from lib.declared.read import TOOLS

Patch = Callable[[str], Any]


@contextmanager
def nothing(_system: str) -> Iterator[None]:
    """Leave the program as it is."""
    yield


@contextmanager
def route_removed(system: str) -> Iterator[None]:
    """Declare one route less, the last one that is not about health."""
    module = _api(system)
    routes = module.ROUTES
    gone = [route for route in routes if "health" not in route[0]][-1]
    with mock.patch.object(module, "ROUTES", tuple(route for route in routes if route is not gone)):
        yield


@contextmanager
def authorizer_added(system: str) -> Iterator[None]:
    """Declare an authorizer of the API, which calls the API's own function."""
    module = _api(system)
    declare, add = module.Api._routes, _AUTHORIZERS[TOOLS[system]]

    def routes(self: Any) -> None:
        add(self)
        declare(self)

    with mock.patch.object(module.Api, "_routes", routes):
        yield


def _api(system: str) -> Any:
    return importlib.import_module(f"lib.{system.replace('-', '_')}.api")


def _pulumi(api: Any) -> None:
    aws = importlib.import_module("pulumi_aws")
    uri = api._args.functions.api.invoke_arn
    aws.apigateway.Authorizer("callers", name="callers", rest_api=api.rest.id, authorizer_uri=uri, opts=api._own)


def _cdktf(api: Any) -> None:
    module = importlib.import_module("cdktf_cdktf_provider_aws.api_gateway_authorizer")
    module.ApiGatewayAuthorizer(
        api,
        "authorizer",
        name="callers",
        rest_api_id=api.rest.id,
        authorizer_uri=api._function.invoke_arn,
        provider=api._aws.provider,
    )


_AUTHORIZERS: Mapping[str, Callable[[Any], None]] = {"pulumi": _pulumi, "cdktf": _cdktf}
CHANGES: Mapping[str, Patch] = {
    "": nothing,
    "authorizer added": authorizer_added,
    "route removed": route_removed,
}
