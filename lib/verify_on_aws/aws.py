"""Each step in an AWS account, with the tools that a user has: ``cdk``, ``pulumi``, ``terraform``, ``docker``."""

import base64
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from lib.check_account.account import Account
from lib.common import region as regions
from lib.common.aws_clients import ClientFactory
from lib.leftovers import collect, kinds
from lib.leftovers.kinds import Leftover
from lib.verify_on_aws import buckets
from lib.verify_on_aws.case import Case, Image
from lib.verify_on_aws.process import Runner

TAG = "verify"  # of the image: the repository is new each time
# What pytest says last: "3 failed, 20 passed, 1 skipped in 12.34s".
COUNTS = re.compile(r"\b\d+ (?:failed|passed|skipped|xfailed|errors?)\b")


@dataclass(frozen=True)
class IacTool:
    """How a tool deploys and destroys a stack, without a question.

    Attributes:
        programs: what has to be on the PATH, and where it comes from.
        version: the command that says the tool's version.
        deploy: the commands; ``{stack}`` is filled in.
        destroy: as well.
    """

    programs: Mapping[str, str]
    version: str
    deploy: Sequence[str]
    destroy: Sequence[str]


TERRAFORM = "terraform -chdir=cdktf.out/stacks/{stack}"
SYNTHESIS = ("python tap.py cdktf", f"{TERRAFORM} init -input=false")
SELECTION = "pulumi stack select {stack} --create --non-interactive"
TOOLS: Mapping[str, IacTool] = {
    # https://docs.aws.amazon.com/cdk/v2/guide/ref-cli-cmd-deploy.html
    "cdk": IacTool(
        {"cdk": "scripts/test installs it"},
        "cdk --version",
        ("cdk deploy --require-approval never --progress events",),
        ("cdk destroy --force",),
    ),
    # What 'cdktf deploy' does, without the compiler that it takes:
    # https://developer.hashicorp.com/terraform/cdktf/cli-reference/commands
    "cdktf": IacTool(
        {"terraform": "https://developer.hashicorp.com/terraform/install, 1.11 or later"},
        "terraform version",
        (*SYNTHESIS, f"{TERRAFORM} apply -input=false -auto-approve"),
        (*SYNTHESIS, f"{TERRAFORM} destroy -input=false -auto-approve"),
    ),
    # https://www.pulumi.com/docs/iac/cli/commands/pulumi_up/
    "pulumi": IacTool(
        {"pulumi": "https://www.pulumi.com/docs/iac/download-install/"},
        "pulumi version",
        (SELECTION, "pulumi up --stack {stack} --yes --non-interactive"),
        (
            SELECTION,
            "pulumi destroy --stack {stack} --yes --non-interactive",
            "pulumi stack rm {stack} --yes --non-interactive",
        ),
    ),
}


def missing(case: Case) -> list[str]:
    """Return a sentence for each program that is needed and not on the PATH."""
    needed = dict(TOOLS[case.iac_tool].programs)
    if case.image:
        needed["docker"] = "https://docs.docker.com/engine/install/"
    path = case.environ.get("PATH")
    return [
        f"{name} is not on the PATH: {source}." for name, source in needed.items() if not shutil.which(name, path=path)
    ]


def environment(case: Case, folder: Path) -> dict[str, str]:
    """Return the environment of every program: Pulumi's state is kept beside the journal, unless somebody says where.

    https://www.pulumi.com/docs/iac/cli/environment-variables/

    Args:
        case: what is verified.
        folder: what runs that have not ended keep.
    """
    pulumi = {"PULUMI_BACKEND_URL": f"file://{folder}", "PULUMI_CONFIG_PASSPHRASE": case.suffix}
    return {**(pulumi if case.iac_tool == "pulumi" else {}), **case.environ, "TAP_TEST_TARGET": "aws"}


@dataclass
class AwsTarget:
    """An AWS account.

    Args:
        case: what is verified.
        environ: of every program.
        runner: runs them.
        client: makes clients of the account.
    """

    case: Case
    environ: Mapping[str, str]
    runner: Runner
    client: ClientFactory
    published: bool = field(default=False, init=False)

    @classmethod
    def of(cls, case: Case, folder: Path, runner: Runner) -> "AwsTarget":
        """Return the account that the environment's credentials belong to."""
        folder.mkdir(parents=True, exist_ok=True)
        account = Account(regions.global_region(case.regions[0]))
        return cls(case, environment(case, folder), runner, account.client)

    @property
    def tool(self) -> IacTool:
        """The system's tool."""
        return TOOLS[self.case.iac_tool]

    def commands(self, commands: Sequence[str], change: Mapping[str, str]) -> list[str]:
        """Run commands one after the other; return the last lines of the last one."""
        lines: list[str] = []
        for command in commands:
            program, *arguments = command.format(stack=self.case.stack).split()
            name = sys.executable if program == "python" else program
            lines = self.runner.run([name, *arguments], {**self.environ, **change})
        return lines

    def versions(self) -> dict[str, str]:
        """Return the version of the tool."""
        (name,) = self.tool.programs
        done = subprocess.run(
            self.tool.version.split(), env=dict(self.environ), capture_output=True, text=True, check=False
        )
        return {name: (done.stdout.strip() or "unknown").splitlines()[0]}

    def check(self) -> str:
        """Ask ``scripts/check_account``."""
        self.runner.run([sys.executable, "-m", "lib.check_account.cli", self.case.system], self.environ)
        return ""

    def deploy(self, change: Mapping[str, str]) -> str:
        """Deploy the system; one with an image needs its repository first."""
        image = self.case.image
        if image and not self.published:
            self.commands(self.tool.deploy, change)
            self._publish(image)
        given = {image.variable: TAG, **change} if image else change
        self.commands(self.tool.deploy, given)
        return ""

    def _publish(self, image: Image) -> None:
        """Build the image and push it into the stack's repository.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/docker-push-ecr-image.html
        """
        (address,) = self.commands((f"pulumi stack output {image.output} --stack {{stack}}",), {})[-1:]
        ecr = cast(Any, self.client("ecr", self.case.regions[0]))
        answer = ecr.get_authorization_token()["authorizationData"][0]
        user, _colon, password = base64.b64decode(answer["authorizationToken"]).decode().partition(":")
        registry, name = address.split("/")[0], f"{address}:{TAG}"
        self.runner.run(["docker", "login", "--username", user, "--password-stdin", registry], self.environ, password)
        build = [
            "docker",
            "build",
            "--platform",
            image.platform,
            "--file",
            image.dockerfile,
            "--tag",
            name,
            image.context,
        ]
        self.runner.run(build, self.environ)
        self.runner.run(["docker", "push", name], self.environ)
        self.published = True

    def tests(self, change: Mapping[str, str]) -> str:
        """Run the integration tests, or after a change those of what is deployed alone."""
        part = f"{self.case.tests}/test_deployed.py" if change else self.case.tests
        given = {self.case.image.variable: TAG, **change} if self.case.image else change
        return pytest(self.runner, part, {**self.environ, **given})

    def destroy(self) -> str:
        """Destroy the system; a bucket that the tool leaves as long as it holds anything is emptied."""
        self.published = False
        if self.case.empty_buckets:
            buckets.empty(self.client, self.case)
        self.commands(self.tool.destroy, {})
        return ""

    def leftovers(self) -> Sequence[Leftover]:
        """Return what is left in every region of the system."""
        case = self.case
        return [one for where in case.regions for one in collect.left(self.client, case.system, case.suffix, where)]

    def remove_log_groups(self) -> str:
        """Remove what RDS wrote."""
        return remove_log_groups(self.client, self.case)


def pytest(runner: Runner, path: str, environ: Mapping[str, str], *options: str) -> str:
    """Run tests and return how many passed, failed, were skipped.

    Raises:
        StepError: one failed.
    """
    lines = runner.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, path], environ)
    return ", ".join(COUNTS.findall(lines[-1] if lines else ""))


def remove_log_groups(client: ClientFactory, case: Case) -> str:
    """Remove the log groups that RDS wrote once more, and return how many there were."""
    found = (one for where in case.regions for one in collect.log_groups(client, case.system, case.suffix, where))
    groups = [one for one in found if one.kind is kinds.RDS_LOGS]
    for group in groups:
        client("logs", group.region).delete_log_group(logGroupName=group.name)
    return f"{len(groups)} removed"
