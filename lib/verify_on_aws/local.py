"""Each step on the local cloud, by ``scripts/up`` and ``scripts/down``: what the command itself is tested with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lib.common.aws_clients import cached
from lib.common.errors import SettingError
from lib.leftovers.kinds import Leftover, LeftoverType
from lib.local_cloud import inventory, programs
from lib.local_cloud.cloud import PORT_VARIABLE, LocalCloud
from lib.verify_on_aws import aws
from lib.verify_on_aws.case import Case
from lib.verify_on_aws.process import Runner

COMMANDS = "lib.local_cloud.cli"
# The account check's statuses: nothing to change, and something that the emulator does not answer.
READY = (0, 3)
# They deploy with settings of their own, or read what the emulator was asked in another run.
NOT_RUN = ("--ignore-glob=*/test_again.py", "--ignore-glob=*/test_deployer_policy.py")


@dataclass(frozen=True)
class LocalTarget:
    """A local cloud of this run's own: its last step ends it.

    Args:
        case: what is verified.
        cloud: where.
        runner: runs the commands.
    """

    case: Case
    cloud: LocalCloud
    runner: Runner

    @classmethod
    def of(cls, case: Case, runner: Runner, *, running: bool) -> "LocalTarget":
        """Return the local cloud of the environment.

        Args:
            case: what is verified.
            runner: runs the commands.
            running: whether it may run already, as after an interruption.

        Raises:
            SettingError: it runs, and holds what somebody else has deployed.
        """
        cloud = LocalCloud.read(case.environ)
        if cloud.emulator.healthy() and not running:
            raise SettingError(
                f"A local cloud runs on port {cloud.port} already: end it with scripts/down, or set {PORT_VARIABLE} to "
                "another port and LOCAL_CLOUD_FOLDER to another folder."
            )
        return cls(case, cloud, runner)

    @property
    def environ(self) -> dict[str, str]:
        """The environment of every program."""
        return {**self.cloud.whole_environment(self.case.environ), "TAP_TEST_TARGET": "deployed"}

    def _command(self, *arguments: str, change: Mapping[str, str] | None = None) -> None:
        self.runner.run(programs.command(COMMANDS, *arguments), {**self.case.environ, **(change or {})})

    def check(self) -> str:
        """Start the local cloud and ask ``scripts/check_account``, whose verdict on an emulator says nothing."""
        self._command("up", "--only-cloud")
        check = programs.command("lib.check_account.cli", self.case.system)
        self.runner.run(check, self.environ, good=READY)
        return "the emulator's answers say nothing about an account"

    def deploy(self, change: Mapping[str, str]) -> str:
        """Deploy and exercise the system; a changed one of Pulumi is made again, as nothing is updated in process."""
        again = bool(change) and self.case.iac_tool == "pulumi"
        if again:
            self.destroy()
        self._command("up", self.case.system, change=change)
        return "destroyed and made again: without the Pulumi CLI nothing is updated in place" if again else ""

    def tests(self, change: Mapping[str, str]) -> str:
        """Run the integration tests, or after a change those of what is deployed alone."""
        path = f"{self.case.tests}/test_deployed.py" if change else self.case.tests
        return aws.pytest(self.runner, path, {**self.environ, **change}, *NOT_RUN)

    def destroy(self) -> str:
        """Destroy the system; the local cloud goes on, with the names that are taken there."""
        self._command("down", self.case.system)
        return ""

    def leftovers(self) -> Sequence[Leftover]:
        """Return what is left of any system, as the emulator does not know retained backups; end the local cloud."""
        left = [
            Leftover(
                LeftoverType(kind, "", "it is in the local cloud's inventory", "nothing", ""), name, self.cloud.region
            )
            for kind, name in inventory.remainder(self.cloud)
        ]
        self._command("down")
        return left

    def remove_log_groups(self) -> str:
        """Remove what RDS wrote."""
        return aws.remove_log_groups(cached(self.cloud.client), self.case)
