"""TAP's one entry point, for the CDK, the CDKTF and Pulumi.

    pulumi up                 Pulumi.yaml calls this file; the stack's name chooses the system
    cdk deploy                cdk.json calls ``python tap.py cdk``
    cdktf deploy              cdktf.json calls ``python tap.py cdktf``

:data:`SYSTEMS` is the one list of systems: everything that goes through all of them is derived from it. A CDK or CDKTF
app has a stack for each system of its tool, unless TAP_SYSTEM names one; then no other is imported.
"""

import importlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent
# Pulumi runs this file without its folder on the path.
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from lib.common import api_logging, aws_clients, node  # noqa: E402  # pylint: disable=wrong-import-position  # found by it
from lib.common.errors import SettingError  # noqa: E402  # pylint: disable=wrong-import-position  # found by it


class System(NamedTuple):
    """How a system is built.

    Attributes:
        iac_tool: ``cdk``, ``cdktf`` or ``pulumi``.
        module: has ``build(scope, environ)`` for the CDK and the CDKTF, ``build(suffix, environ)`` for Pulumi, which
            read the settings before they declare anything. A module with an API has ``api_log_roles`` with the same
            settings as its ``build``: see :func:`ready`.
        regions: how many regions it is in at a time.
    """

    iac_tool: str
    module: str
    regions: int = 1


# By the name that documents, commands and physical names have; the folder is the same with underscores.
# The order is that of the local databases' ports: a new system is the last one.
SYSTEMS: Mapping[str, System] = {
    "kinesis-pipeline": System("cdk", "lib.kinesis_pipeline.stack"),
    "flask-api": System("pulumi", "lib.flask_api.stack"),
    "payment": System("pulumi", "lib.payment.stack"),
    "disaster-recovery": System("cdktf", "lib.disaster_recovery.stack", regions=2),
}
IAC_TOOLS: Mapping[str, str] = {"cdk": "AWS CDK", "cdktf": "CDKTF", "pulumi": "Pulumi"}
SYSTEM = "TAP_SYSTEM"
USAGE = "Type 'cdk deploy', 'cdktf deploy' or 'pulumi up': each of them calls tap.py in its own way."


def load(name: str) -> ModuleType:
    """Return a system's ``stack`` module."""
    return importlib.import_module(SYSTEMS[name].module)


def ready(name: str, module: ModuleType, *settings: Any) -> None:
    """Ask the account, before anything is declared, for what a system needs of it and no stack owns.

    Who has no credentials here, or may not ask, is told by the tool itself, or by AWS.

    Args:
        name: the system's name.
        module: its ``stack`` module.
        settings: what its ``api_log_roles`` takes.

    Raises:
        SettingError: the account lacks it; with what to do.
    """
    roles = getattr(module, "api_log_roles", None)
    if roles is None:
        return
    own = roles(*settings)
    botocore, session = importlib.import_module("botocore"), importlib.import_module("boto3").Session()
    # In seconds, and few: a machine without a network synthesises too.
    patience = importlib.import_module("botocore.config").Config(
        connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2}
    )
    client = aws_clients.cached(lambda service, region: session.client(service, region_name=region, config=patience))
    try:
        api_logging.refuse_missing_role(client, name, own)
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        print(f"tap: {name}: API Gateway's role for logs could not be asked for: {error}", file=sys.stderr)


def chosen(iac_tool: str, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the systems of a tool, or the one of them that TAP_SYSTEM names.

    Raises:
        SettingError: TAP_SYSTEM names none of them.
    """
    names = [name for name, system in SYSTEMS.items() if system.iac_tool == iac_tool]
    asked = environ.get(SYSTEM)
    if asked and asked not in names:
        there = f"use {' or '.join(names)}, or leave it out" if names else "leave it out"
        raise SettingError(f"{SYSTEM}={asked!r} is not a system of the {IAC_TOOLS[iac_tool]} here: {there}.")
    return [asked] if asked else names


def cdk() -> None:
    """Synthesise the CDK systems into the folder that the CDK's command line names."""
    os.environ.update(node.environment())
    app = importlib.import_module("aws_cdk").App()
    names = chosen("cdk")
    for name in names:
        try:
            load(name).build(app)
        except SettingError as error:
            if len(names) == 1:
                raise
            _refuse(app, name, error)
    app.synth()


def _refuse(app: Any, name: str, error: SettingError) -> None:
    """Put a stack with an error in the place of one whose settings are refused: the others can be deployed.

    The CDK's command line ends with the errors of the stacks that are selected, and no others
    (https://github.com/aws/aws-cdk/pull/1807). The stack's CloudFormation name is not the system's, so that nothing
    that is deployed could be changed by it.
    """
    aws_cdk = importlib.import_module("aws_cdk")
    stack = aws_cdk.Stack(app, "".join(word.capitalize() for word in name.split("-")))
    aws_cdk.CfnWaitConditionHandle(stack, "Refused")  # a template without resources is an error of the whole app
    aws_cdk.Annotations.of(stack).add_error(f"tap: {error}")


def cdktf() -> None:
    """Synthesise the CDKTF systems.

    Raises:
        SettingError: the settings of one are refused; where there are several, with how to leave it out.
    """
    os.environ.update(node.environment())
    names = chosen("cdktf")
    modules = {name: load(name) for name in names}  # before Node starts: they may say how
    app = importlib.import_module("cdktf").App()
    for name, module in modules.items():
        try:
            ready(name, module)
            module.build(app)
        except SettingError as error:
            if len(names) == 1:
                raise
            # The CDKTF's command line ends with the errors of every stack, selected or not.
            raise SettingError(f"{name}: {error} ({SYSTEM}=<another system> leaves this one out.)") from error
    app.synth()


def pulumi() -> None:
    """Declare the Pulumi system that the stack's name begins with.

    Raises:
        SettingError: the name begins with no system's name.
    """
    stack = importlib.import_module("pulumi").get_stack()
    names = [name for name, system in SYSTEMS.items() if system.iac_tool == "pulumi"]
    for name in sorted(names, key=len, reverse=True):  # one name may begin with another
        prefix = f"{name}-"
        if stack.startswith(prefix) and stack != prefix:
            module, suffix = load(name), stack.removeprefix(prefix)
            ready(name, module, suffix)
            module.build(suffix)
            return
    known = " or ".join(f"{name}-<suffix>" for name in names)
    raise SettingError(f"The Pulumi stack {stack!r} names no system: type 'pulumi stack init' with {known}.")


def main(arguments: list[str]) -> None:
    """Serve the tool that is calling.

    Raises:
        SettingError: with the sentence to show.
    """
    if arguments == ["cdk"]:
        cdk()
    elif arguments == ["cdktf"]:
        cdktf()
    elif not arguments and "pulumi" in sys.modules:
        pulumi()
    else:
        raise SettingError(USAGE)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except SettingError as error:
        if "pulumi" in sys.modules:
            # Pulumi shows this one error as a sentence, any other as a traceback.
            raise sys.modules["pulumi"].RunError(f"tap: {error}") from error
        sys.exit(f"tap: {error}")
