"""The Pulumi CLI, by its Automation API, pointed at the local cloud: ``python -m lib.local_cloud.pulumi_cli``.

It runs in a process of its own, so that whoever starts it can end a download from a network that is closed, and
imports no engine.
"""

import importlib.metadata
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import urllib.error
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pulumi import automation

from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.pulumi_ledger import identity
from lib.local_cloud.pulumi_program import PROGRAM, PROJECT, config
from lib.local_cloud.pulumi_run import TOOLS
from lib.local_cloud.pulumi_values import MASK

ANSWER_SECONDS = 5.0
RESULT = "{stack}.cli.json"
Report = Callable[[str], None]


def command(tools: Path = TOOLS) -> automation.PulumiCommand:
    """Return the CLI: the one on the PATH, the one fetched earlier, or one fetched now.

    Raises:
        Exception: it is nowhere, and cannot be fetched; the package raises what comes.
    """
    with suppress(OSError, automation.InvalidVersionError):
        return automation.PulumiCommand()
    return automation.PulumiCommand.install(root=str(tools / "cli"))


def home(tools: Path = TOOLS) -> Path:
    """Return the folder with the plug-ins: the user's own if the AWS plug-in is there already."""
    own = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    plugin = f"resource-aws-v{importlib.metadata.version('pulumi-aws')}"
    return own if (own / "plugins" / plugin).is_dir() else tools / "home"


def workspace(
    cloud: LocalCloud, cli: automation.PulumiCommand, tools: Path = TOOLS
) -> automation.LocalWorkspaceOptions:
    """Return how the CLI is to work: state, passphrase and project file lie in the cloud's folder, and end with it."""
    folder = cloud.folder / "pulumi" / "cli"
    run = identity(cloud.emulator)
    known = folder / "emulator"
    if known.exists() and known.read_text(encoding="utf-8") != run:
        shutil.rmtree(folder)  # the state of an emulator that has ended
    (folder / "state").mkdir(parents=True, exist_ok=True, mode=0o700)
    known.write_text(run, encoding="utf-8")
    passphrase = folder / "passphrase"
    if not passphrase.exists():
        with os.fdopen(os.open(passphrase, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(32))
    options = {"virtualenv": sys.prefix} if sys.prefix != sys.base_prefix else {}
    return automation.LocalWorkspaceOptions(
        work_dir=str(folder), pulumi_home=str(home(tools)), pulumi_command=cli,
        project_settings=automation.ProjectSettings(
            name=PROJECT, runtime=automation.ProjectRuntimeInfo("python", options), main=str(PROGRAM),
        ),
        env_vars={
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}", "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase),
            "PULUMI_CONFIG_PASSPHRASE": "", "PULUMI_SKIP_UPDATE_CHECK": "true",
        },
    )  # fmt: skip


def prepare(tools: Path = TOOLS) -> automation.PulumiCommand:
    """Have the CLI and the AWS plug-in ready.

    Raises:
        Exception: see :func:`command`.
    """
    socket.setdefaulttimeout(ANSWER_SECONDS)  # the package itself would wait for ever
    cli = command(tools)
    where = home(tools)
    where.mkdir(parents=True, exist_ok=True)
    version = f"v{importlib.metadata.version('pulumi-aws')}"
    cli.run(["plugin", "install", "resource", "aws", version], str(where), {"PULUMI_HOME": str(where)})
    return cli


class Events:
    """What the engine tells while it works."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.types: dict[str, str] = {}
        self.errors: list[str] = []

    def __call__(self, event: automation.EngineEvent) -> None:
        """Take an event."""
        if event.diagnostic_event and event.diagnostic_event.severity == "error":
            self.errors.append(event.diagnostic_event.message.strip())
        if event.res_outputs_event:
            metadata = event.res_outputs_event.metadata
            if metadata.type.startswith("aws:"):
                self.types[metadata.urn] = metadata.type
                self._report(
                    f"{len(self.types)} {metadata.type.split(':')[-1]} {metadata.urn.split('::')[-1]} {_op(metadata)}"
                )


def _op(metadata: Any) -> str:
    return str(getattr(metadata.op, "value", metadata.op))


def _working(stack: automation.Stack, work: Callable[[], Any], events: Events) -> Any:
    """Do something with a stack, which an interrupted run may have left locked.

    Raises:
        LocalCloudError: the CLI failed; with the engine's words.
    """
    try:
        try:
            return work()
        except automation.ConcurrentUpdateError:
            stack.cancel()  # nobody else uses this cloud's state
            return work()
    except automation.CommandError as error:
        raise LocalCloudError("\n".join(events.errors) or words(error)) from error


def up(cloud: LocalCloud, name: str, report: Report, tools: Path = TOOLS) -> dict[str, Any]:
    """Deploy a stack and return what :mod:`lib.local_cloud.pulumi_engine` tells of it.

    Raises:
        LocalCloudError: see :func:`_working`.
    """
    options, events = workspace(cloud, command(tools), tools), Events(report)
    stack = automation.create_or_select_stack(stack_name=name, work_dir=str(options.work_dir), opts=options)
    for key, value in config(name).items():
        stack.set_config(key, automation.ConfigValue(value))
    result = _working(stack, lambda: stack.up(on_event=events, color="never", show_secrets=False), events)
    changes = result.summary.resource_changes or {}
    return {
        "changed": any(count for op, count in changes.items() if str(getattr(op, "value", op)) != "same"),
        "types": list(events.types.values()),
        "outputs": {key: MASK if output.secret else output.value for key, output in result.outputs.items()},
    }


def down(cloud: LocalCloud, name: str, report: Report, tools: Path = TOOLS) -> None:
    """Destroy a stack.

    Raises:
        LocalCloudError: see :func:`_working`.
    """
    options, events = workspace(cloud, command(tools), tools), Events(report)
    stack = automation.create_or_select_stack(stack_name=name, work_dir=str(options.work_dir), opts=options)
    _working(stack, lambda: stack.destroy(on_event=events, color="never", show_secrets=False), events)
    stack.workspace.remove_stack(name)


def _tell(text: str) -> None:
    print(text, flush=True)


def main(arguments: list[str], environ: Mapping[str, str] = os.environ, tools: Path = TOOLS) -> int:
    """``prepare``, ``up`` or ``down`` a stack; return the exit code."""
    what, name = arguments
    try:
        cloud = LocalCloud.read(environ)
        if what == "prepare":
            prepare(tools)
            return 0
        result = cloud.folder / "pulumi" / RESULT.format(stack=name)
        if what == "up":
            result.write_text(json.dumps(up(cloud, name, _tell, tools)), encoding="utf-8")
        else:
            down(cloud, name, _tell, tools)
            result.unlink(missing_ok=True)
    except Exception as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught
        print(f"tap: {words(error)}", file=sys.stderr)
        return 1
    return 0


def words(error: Exception) -> str:
    """Return what an error says for itself, which the package wraps in a command's whole output."""
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    said = (error.output if isinstance(error, subprocess.CalledProcessError) else "") or str(error).rpartition(
        "stderr:"
    )[2]
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return text.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
