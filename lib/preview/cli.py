"""The command: ``scripts/preview``."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import tap
from lib.common import naming, region
from lib.common.errors import SettingError
from lib.local_cloud import account, found
from lib.preview.command_line import PROGRAM, parse

SHOWN, FAILED, USAGE = 0, 1, 2
STATE = tap.ROOT / ".local" / "preview"


@dataclass(frozen=True)
class Tool:
    """How a tool shows what it would change.

    Attributes:
        program: what has to be on the PATH.
        source: where it comes from, for who has none.
        commands: one after the other; ``{stack}`` and ``{system}`` are filled in.
        local: the commands for the local cloud.
    """

    program: str
    source: str
    commands: Sequence[str]
    local: Sequence[str]


PLAN = "terraform -chdir=cdktf.out/stacks/{stack}"
SYNTHESIS = ("python tap.py cdktf", f"{PLAN} init -input=false")
TOOLS: Mapping[str, Tool] = {
    # For a diff AWS is given a change set, which it does not run; with the emulator the templates are compared.
    # https://docs.aws.amazon.com/cdk/v2/guide/ref-cli-cmd-diff.html
    "cdk": Tool("cdk", "scripts/up installs it", ("cdk diff",), ("cdk diff --no-change-set",)),
    # https://developer.hashicorp.com/terraform/cli/commands/plan. Here the old provider deploys: its state is not for
    # the pinned one, which plans everything anew.
    "cdktf": Tool(
        "terraform",
        "https://developer.hashicorp.com/terraform/install, 1.11 or later",
        (*SYNTHESIS, f"{PLAN} plan -input=false"),
        (*SYNTHESIS, f"{PLAN} plan -input=false -refresh=false -lock=false"),
    ),
    # https://www.pulumi.com/docs/iac/cli/commands/pulumi_preview/
    "pulumi": Tool(
        "pulumi",
        "https://www.pulumi.com/docs/iac/download-install/",
        ("pulumi preview --stack {stack} --diff --non-interactive",),
        (
            "pulumi stack select {stack} --create --non-interactive",
            "pulumi preview --stack {stack} --diff --non-interactive",
        ),
    ),
}


def where(system: str, environ: Mapping[str, str], *, local: bool) -> dict[str, str]:
    """Return the variables with which the tool asks AWS, or the local cloud that runs.

    Raises:
        SettingError: the environment leads elsewhere, or no local cloud runs.
    """
    endpoint = environ.get("AWS_ENDPOINT_URL")
    if not local:
        if endpoint:
            raise SettingError(f"AWS_ENDPOINT_URL={endpoint!r} does not lead to AWS: use a new shell, or --local.")
        return dict(environ)
    cloud = found.running(environ)
    if cloud is None:
        raise SettingError("No local cloud answers: run scripts/up --only-cloud first, or leave out --local for AWS.")
    # What a stack asks of its account, and scripts/up would give it: a program ends without it.
    pair = region.pair(environ) if tap.SYSTEMS[system].regions > 1 else [region.primary(environ)]
    account.give_api_gateway_its_role(cloud, pair)
    STATE.mkdir(parents=True, exist_ok=True)
    # Pulumi's state is kept apart: nothing is deployed to the local cloud by its command line.
    pulumi = {"PULUMI_BACKEND_URL": STATE.as_uri(), "PULUMI_CONFIG_PASSPHRASE": "preview"}
    return {**cloud.whole_environment(environ), **pulumi}


def show(system: str, environ: Mapping[str, str], *, local: bool) -> int:
    """Run the tool, its output being the command's, and return the exit status.

    Args:
        system: one of the systems of this checkout.
        environ: the variables of the caller.
        local: whether the local cloud is asked.

    Raises:
        SettingError: something is missing or refused.
    """
    tool = TOOLS[tap.SYSTEMS[system].iac_tool]
    if shutil.which(tool.program, path=environ.get("PATH")) is None:
        raise SettingError(f"{tool.program} is not on the PATH, and {system} needs it: {tool.source}.")
    stack = f"{system}-{naming.suffix(environ)}"
    variables = {**where(system, environ, local=local), tap.SYSTEM: system}
    config = tap.ROOT / f"Pulumi.{stack}.yaml"
    kept = config.exists()
    try:
        for line in tool.local if local else tool.commands:
            words = [word.format(stack=stack, system=system) for word in shlex.split(line)]
            print(f"$ {shlex.join(words)}", file=sys.stderr, flush=True)
            done = subprocess.run(_own(words), cwd=tap.ROOT, env=variables, check=False)
            if done.returncode:
                print(f"{PROGRAM}: {words[0]} ended with {done.returncode}; it has said why above.", file=sys.stderr)
                return FAILED
    finally:
        if local and not kept:
            config.unlink(missing_ok=True)  # the salt of the state that is kept apart
    return SHOWN


def _own(words: Sequence[str]) -> list[str]:
    """Return a command with this environment's Python in the place of ``python``."""
    return [sys.executable if words[0] == "python" else words[0], *words[1:]]


def main(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> int:
    """Do what the command line says and return the exit status."""
    options = parse(arguments)
    try:
        return show(options.system, environ, local=options.local)
    except SettingError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return USAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
