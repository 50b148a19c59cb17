"""The CDK's own command line, pointed at the local cloud."""

import json
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import tap
from lib.local_cloud.cloud import ACCOUNT, ROOT, LocalCloud
from lib.local_cloud.emulation import rds
from lib.local_cloud.errors import LocalCloudError

PROGRAM = ROOT / "node_modules" / ".bin" / "cdk"
BOOTSTRAP_STACK = "CDKToolkit"
# "name | 12/51 | 4:22:43 PM | CREATE_COMPLETE | AWS::IAM::Role | path"
EVENT = re.compile(r"\|\s*(\d+/\d+)\s*\|[^|]*\|\s*(\w+)\s*\|\s*(\S+)\s*\|")
# What fails says one of these; a settings' note has "tap:" in the middle of its line.
REASON = re.compile(r"FAILED|❌|[Ee]rror|^\s*tap:")
Report = Callable[[str], None]


def run(
    cloud: LocalCloud,
    arguments: Sequence[str],
    report: Report,
    *,
    folder: Path = ROOT,
    app: bool = True,
    environ: Mapping[str, str] | None = None,
    watch: rds.DatabaseProvider | None = None,
) -> str:
    """Run the command line and return what it printed.

    Args:
        cloud: the account to work in.
        arguments: what follows ``cdk``.
        report: is told how far the deployment is.
        folder: where to run: the folder of cdk.json, or another for a command without an app.
        app: whether the command synthesises.
        environ: more variables.
        watch: ends the command when it fails.

    Raises:
        LocalCloudError: the command failed; with its own words.
    """
    variables = {**cloud.whole_environment(), **(environ or {})}
    if not app:
        del variables["CDK_APP"]
    lines: list[str] = []
    log = cloud.folder / "cdk.log"
    with (
        log.open("a", encoding="utf-8") as copy,
        subprocess.Popen(
            [str(PROGRAM), *arguments, "--ci", "--no-color", "--no-notices"],
            env=variables,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101 - it was asked for
        if watch is not None:
            watch.abort = process.terminate
        try:
            for line in process.stdout:
                copy.write(line)
                lines.append(line.rstrip())
                event = EVENT.search(line)
                if event:
                    report(f"{event[1]} {event[3]} {event[2].lower().replace('_', ' ')}")
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise LocalCloudError(f"cdk {arguments[0]} failed:\n{reason(lines)}\n(full log: {log})")
    return "\n".join(lines)


def reason(lines: Sequence[str]) -> str:
    """Return the lines of the command line's output that say why it failed."""
    kept = [line for line in lines if line.strip() and ("FAILED" in line or not EVENT.search(line))]
    start = next((n for n, line in enumerate(kept) if REASON.search(line)), max(0, len(kept) - 5))
    return "\n".join(f"  {line.strip()}" for line in kept[start : start + 6])


def stack_status(cloud: LocalCloud, name: str) -> str:
    """Return CloudFormation's word for a stack's state, or '' when there is none."""
    client = cloud.client("cloudformation")
    try:
        return str(client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
    except client.exceptions.ClientError:
        return ""


def bootstrap(cloud: LocalCloud, report: Report) -> bool:
    """Prepare the account for the CDK; return whether that was necessary."""
    if stack_status(cloud, BOOTSTRAP_STACK) in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        return False
    # In a folder without cdk.json, or the command line would synthesise the app first.
    run(cloud, ["bootstrap", f"aws://{ACCOUNT}/{cloud.region}"], report, folder=cloud.folder, app=False)
    return True


def _output(cloud: LocalCloud, system: str) -> Path:
    return cloud.folder / "cdk.out" / system


def deploy(
    cloud: LocalCloud, system: str, report: Report, environ: Mapping[str, str] | None = None
) -> tuple[bool, list[tuple[str, str, list[str]]]]:
    """Deploy one system of cdk.json's app.

    Args:
        cloud: where to; it must run.
        system: the system's name.
        report: is told how far it is.
        environ: its settings' variables, over the environment's own.

    Returns:
        Whether anything changed, and what was stepped down for this emulator: what, why, logical ids.
    """
    output = _output(cloud, system)
    output.parent.mkdir(parents=True, exist_ok=True)
    with rds.watching(cloud) as watch:
        printed = run(
            cloud,
            ["deploy", "--require-approval", "never", "--progress", "events", "--output", str(output)],
            report,
            environ={tap.SYSTEM: system, **(environ or {})},
            watch=watch,
        )
    changes = json.loads((output / "step-down.json").read_text(encoding="utf-8"))
    return "(no changes)" not in printed, [(what, why, list(names)) for what, why, names in changes]


def destroy(cloud: LocalCloud, system: str, report: Report) -> None:
    """Destroy a system as it was synthesised last; one that never was is destroyed already."""
    output = _output(cloud, system)
    if output.is_dir():
        run(cloud, ["destroy", "--force", "--all", "--progress", "events", "--app", str(output)], report)
