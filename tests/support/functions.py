"""Loads Lambda functions as AWS does: all files of the package at the top of the path."""

import importlib
import sys
import time
from types import ModuleType, SimpleNamespace

import boto3

from lib.common import lambda_sources, rds_ca, region

# What Lambda gives every function: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
OF_LAMBDA = {"AWS_DEFAULT_REGION": region.primary({}), "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def load(system: str, function: str) -> SimpleNamespace:
    """Import a function's modules afresh and return them by name: ``load("system", "function").handler``.

    ``lambda`` is a keyword, so the folder cannot be imported as a package; and two functions have modules
    of the same name, so nothing of them stays in ``sys.modules``.
    """
    files, folders = lambda_sources.modules(system, function)
    names = [path.stem for path in files]
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    sys.path[:0] = folders
    try:
        modules: dict[str, ModuleType] = {name: importlib.import_module(name) for name in names}
    finally:
        del sys.path[: len(folders)]
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(before)
    if "postgres" in modules:  # beside which the package has it
        modules["postgres"].BUNDLED_CA = rds_ca.BUNDLE  # type: ignore[attr-defined]
    return SimpleNamespace(**modules)


def session() -> boto3.session.Session:
    """Return a session with the credentials and the region that Lambda gives every function here."""
    return boto3.session.Session(
        OF_LAMBDA["AWS_ACCESS_KEY_ID"], OF_LAMBDA["AWS_SECRET_ACCESS_KEY"], region_name=OF_LAMBDA["AWS_DEFAULT_REGION"]
    )


def keep_credentials(modules: SimpleNamespace) -> None:
    """Give a function's modules credentials that stay the same, whatever is in the environment.

    Otherwise modules that many tests share keep those of the first test that needs some: moto's, for example, which
    the database refuses.
    """
    made = session()
    modules.aws._session = lambda: made  # pylint: disable=protected-access


class Context:
    """The part of Lambda's context that functions use."""

    function_name = "test"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:test"
    aws_request_id = "test"

    def __init__(self, seconds: float = 30.0) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left of the time limit."""
        return int(self.seconds * 1000)


class RunningContext(Context):
    """The context of an invocation that has begun: its time runs out."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left of the time limit."""
        return int((self._end - time.monotonic()) * 1000)
