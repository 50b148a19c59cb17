"""The command line: scripts/verify_on_aws."""

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from lib.common import region
from lib.common.errors import SettingError
from lib.verify_on_aws import aws, case, estimate, evidence
from lib.verify_on_aws.aws import AwsTarget
from lib.verify_on_aws.case import Case
from lib.verify_on_aws.command_line import PROGRAM, parse
from lib.verify_on_aws.evidence import Evidence
from lib.verify_on_aws.local import LocalTarget
from lib.verify_on_aws.process import Runner
from lib.verify_on_aws.run import DESTROY, STEPS, Run

ROOT = region.FOLDER.parent
PASSED, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
TARGETS = {"aws": evidence.AWS, "local": evidence.LOCAL}
PACKAGES = {
    "cdk": ("aws-cdk-lib", "constructs"),
    "cdktf": ("cdktf", "cdktf-cdktf-provider-aws"),
    "pulumi": ("pulumi", "pulumi-aws"),
}


def work_folder() -> Path:
    """Return the folder of what runs keep until they have ended."""
    return ROOT / ".local" / "verify_on_aws"


def commit() -> str:
    """Return the checkout's commit, with ``+`` where files differ from it."""
    git = ["git", "-C", str(ROOT)]
    found = subprocess.run([*git, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=False)
    changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=False)
    return f"{found.stdout.strip() or 'unknown'}{'+' if changed.stdout.strip() else ''}"


def versions(chosen: Case, target: AwsTarget | LocalTarget) -> dict[str, str]:
    """Return the versions of Python, of the packages that deploy, and of the tools."""
    local = ("ministack", "moto") if isinstance(target, LocalTarget) else ()
    names = ("boto3", *PACKAGES[chosen.iac_tool], *local)
    packages = {name: metadata.version(name) for name in names}
    return {
        "python": platform.python_version(),
        **packages,
        **(target.versions() if isinstance(target, AwsTarget) else {}),
    }


def show(chosen: Case, options: argparse.Namespace) -> None:
    """Print what will be done, what it costs and how long it takes."""
    name = TARGETS[options.target]
    runs = evidence.earlier(options.evidence, chosen.system, name)
    changes = ", ".join(f"{variable}={value}" for variable, value in chosen.change.items())
    print(f"{chosen.system} on {name}, in {', '.join(chosen.regions)}, as {chosen.stack}; the change: {changes}")
    print("\n".join(estimate.times(STEPS, runs)))
    if name == evidence.AWS:
        print("\n".join(estimate.DOCUMENTED))
        print(estimate.cost(chosen.system, estimate.limit_hours(options.hours), runs))


def ask(question: str) -> bool:
    """Return whether somebody says yes.

    Raises:
        SettingError: nobody is there to say it.
    """
    if not sys.stdin.isatty():
        raise SettingError("Nobody can be asked, as there is no terminal: --yes begins without a question.")
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def refuse(chosen: Case, target: str) -> None:
    """Refuse a target that the environment does not lead to, or that something is missing for.

    Raises:
        SettingError: with what to do.
    """
    if target != evidence.AWS:
        return
    endpoint = chosen.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        raise SettingError(f"AWS_ENDPOINT_URL={endpoint!r} does not lead to AWS: use a new shell, or --target local.")
    absent = aws.missing(chosen)
    if absent:
        raise SettingError(" ".join(absent))


def main(
    arguments: Sequence[str], environ: Mapping[str, str] = os.environ, confirm: Callable[[str], bool] = ask
) -> int:
    """Do what the command line says and return the exit status."""
    options = parse(arguments)
    suffix = options.destroy_only or options.suffix or case.fresh_suffix()
    try:
        chosen = case.read(options.system, suffix, environ)
        journal = work_folder() / f"{chosen.stack}.json"
        resumed = bool(options.destroy_only) or journal.exists()
        run = prepare(chosen, options, journal, resumed=resumed)
        show(chosen, options)
        question = f"Destroy {chosen.stack}?" if resumed else "Begin?"
        if not options.yes and not confirm(question):
            return USAGE
    except SettingError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return USAGE
    try:
        (run.resume if resumed else run.verify)()
    except KeyboardInterrupt:
        print(f"\nInterrupted. {still(chosen, options)}", file=sys.stderr)
        return INTERRUPTED
    return finish(run, chosen, options)


def prepare(chosen: Case, options: argparse.Namespace, journal: Path, *, resumed: bool) -> Run:
    """Return the run, which has begun nothing.

    Raises:
        SettingError: something is missing or refused.
    """
    name = TARGETS[options.target]
    refuse(chosen, name)
    hours = estimate.limit_hours(options.hours)
    runner = Runner(journal.with_suffix(".log"))
    target: AwsTarget | LocalTarget
    if name == evidence.AWS:
        target = AwsTarget.of(chosen, journal.parent, runner)
    else:
        target = LocalTarget.of(chosen, runner, running=resumed)
    if journal.exists():
        return Run(target, Evidence.read(journal), journal, hours, print)
    began = datetime.now(UTC).isoformat(timespec="seconds")
    written = Evidence(
        system=chosen.system,
        target=name,
        result=evidence.RUNNING,
        began=began,
        commit=commit(),
        regions=list(chosen.regions),
        environment=case.ENVIRONMENT,
        suffix=chosen.suffix,
        change=dict(chosen.change),
        versions=versions(chosen, target),
    )
    return Run(target, written, journal, hours, print)


def still(chosen: Case, options: argparse.Namespace) -> str:
    """Return how what may still be deployed is destroyed."""
    target = "" if options.target == "aws" else f" --target {options.target}"
    return f"{chosen.stack} may still be deployed: {PROGRAM} {chosen.system}{target} --destroy-only {chosen.suffix}"


def finish(run: Run, chosen: Case, options: argparse.Namespace) -> int:
    """Write the evidence, say where it is, and return the exit status."""
    path = evidence.file_name(options.evidence, run.written)
    run.written.write(path)
    run.journal.unlink()
    for left in run.written.left:
        print(f"left: {left.count} {left.type} in {left.region}: {left.why}")
    print(f"{run.written.result}: {path}")
    if run.written.result != evidence.FAILED:
        return PASSED
    destroyed = [step.result for step in run.written.steps if step.name.startswith(DESTROY)]
    if destroyed and destroyed[-1] == evidence.FAILED:
        print(still(chosen, options), file=sys.stderr)
    return FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
