"""Which operation of an API a request asks for."""

from collections.abc import Mapping
from typing import Generic, TypeVar

import problems
from problems import Problem
from web import Request

Operation = TypeVar("Operation")


class Router(Generic[Operation]):
    """The operations of an API.

    Args:
        routes: by path and method; one segment of a path may be a parameter, as in ``/payments/{id}/refunds``.
    """

    def __init__(self, routes: Mapping[str, Mapping[str, Operation]]) -> None:
        self.routes = routes
        self._segments = {route: route.split("/") for route in routes}

    def match(self, path: str) -> tuple[str, str]:
        """Return the route that a path belongs to and its parameter's value, or two empty texts."""
        parts = path.split("/")
        for route, segments in self._segments.items():
            pairs = list(zip(segments, parts, strict=False))
            if len(parts) == len(segments) and all(a == b or a.startswith("{") for a, b in pairs):
                return route, next((value for name, value in pairs if name.startswith("{")), "")
        return "", ""

    def operation(self, request: Request) -> tuple[Operation, str]:
        """Return the operation that a request asks for, and the parameter in its path.

        Raises:
            Problem: there is no such path, or it does not take the method.
        """
        route, value = self.match(request.path)
        if not route:
            raise Problem(problems.NOT_FOUND, f"There are: {', '.join(self.routes)}.")
        methods = self.routes[route]
        if request.method not in methods:
            allowed = ", ".join(methods)
            raise Problem(problems.METHOD_NOT_ALLOWED, f"Use {allowed}.", headers={"Allow": allowed})
        return methods[request.method], value
