"""How a CDKTF system is deployed to the local cloud: by CDKTF's command line, or synthesised and then by Terraform."""

import json
import os
import secrets
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lib.local_cloud import programs
from lib.local_cloud.cdktf import app, cli, terraform_fetch
from lib.local_cloud.cdktf.config_compat import PASSWORD
from lib.local_cloud.cdktf.terraform_fetch import DeployMode
from lib.local_cloud.cdktf.terraform_run import Command, State, changed, run
from lib.local_cloud.cloud import ROOT, LocalCloud

Report = Callable[[str], None]
Step = tuple[str, str, list[str]]  # what was done, why, and the names of what it was done to
PINNED = "6.25.0"
PARALLEL = "60"  # the provider mostly waits; Terraform's own 10 at a time would make a queue of it


@dataclass(frozen=True)
class Deployer:
    """One stack's way to the local cloud.

    Args:
        cloud: where to; it must run.
        stack: the stack's name.
        environ: the settings' variables, over the environment's own.
    """

    cloud: LocalCloud
    stack: str
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def _folder(self) -> Path:
        return terraform_fetch.folder(self.cloud)

    @property
    def _output(self) -> Path:
        return self._folder / "cdktf.out"

    @property
    def _state(self) -> Path:
        return self._folder / f"{self.stack}.tfstate"

    @property
    def state(self) -> State:
        """What is deployed."""
        return State(self._state)

    def deploy(self, report: Report, prepare: Callable[[], list[Step]] = list) -> tuple[bool, list[Step], DeployMode]:
        """Deploy; return whether that changed anything, what was stepped down, and which way it went.

        Args:
            report: is told what is being done.
            prepare: makes what the old provider cannot, where that one is used, and returns what it did.

        Raises:
            SettingError: a setting, or one of the ways' variables, is refused.
            LocalCloudError: it failed; what was made is known, and the next call goes on from there.
        """
        self._begin()
        command_line, how = cli.way(self.cloud, report, {**os.environ, **self.environ})
        mode = terraform_fetch.deploy_mode(self.cloud, PINNED, report, {**os.environ, **self.environ})
        terraform_fetch.remember(self.cloud, mode)
        environ = self._environment(mode, report)
        prepared = prepare() if mode.old else []
        report("synthesis")
        if command_line:
            words = ["deploy", self.stack, "--auto-approve", "--terraform-parallelism", PARALLEL]
            lines = self._cdktf(command_line, words, environ, report)
        else:
            lines = self._apply(environ, report)
        steps = json.loads((self._output / app.REPORT).read_text(encoding="utf-8"))
        sentence = f"{how}, {mode.sentence}"
        steps = [*((what, why, list(names)) for what, why, names in steps), *prepared]
        return changed(lines), steps, DeployMode(mode.old, sentence)

    def _begin(self) -> None:
        """Forget the state of an emulator that has ended: it kept everything in memory."""
        run_, known = self.cloud.emulator.token(), self._folder / "emulator"
        if known.exists() and known.read_text(encoding="utf-8") != run_:
            shutil.rmtree(known.parent)
        (self._folder / known.name).write_text(run_, encoding="utf-8")

    def _environment(self, mode: DeployMode, report: Report) -> dict[str, str]:
        cloud = self.cloud
        environ = {
            **cli.environment(cloud),
            **self.environ,
            "TERRAFORM_BINARY_NAME": str(terraform_fetch.program(cloud, report, old=mode.old)),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            "CDKTF_DISABLE_PLUGIN_CACHE_ENV": "1",
            "CDKTF_HOME": str(self._folder / "home"),
            "CDKTF_LOG_FILE_DIRECTORY": str(self._folder / "home"),
            app.PROVIDER: app.OLD if mode.old else app.PINNED,
            app.URL: cloud.environment()["AWS_ENDPOINT_URL"],
            app.STATE: str(self._state),
        }
        if mode.old:
            environ |= {
                "TF_CLI_CONFIG_FILE": str(terraform_fetch.mirror(cloud)),
                f"TF_VAR_{PASSWORD}": self._password(),
            }
        else:
            environ["TF_PLUGIN_CACHE_DIR"] = str(terraform_fetch.TOOLS / "plugins")
        return environ

    def _password(self) -> str:
        """Return the database's password, the same in every run, from a file that nobody else reads."""
        path = self._folder / "password"
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
                file.write(secrets.token_urlsafe(24))
        return path.read_text(encoding="utf-8")

    def _cdktf(self, program: Path, words: list[str], environ: Mapping[str, str], report: Report) -> list[str]:
        synthesis = shlex.join(programs.command(programs.CDKTF_APP))
        command = [str(program), *words, "--skip-provider-lock", "--app", synthesis, "--output", str(self._output)]
        return self._run("cdktf", command, ROOT, {**environ, "CI": "1"}, report)

    def _apply(self, environ: Mapping[str, str], report: Report) -> list[str]:
        synthesis = {**environ, "CDKTF_OUTDIR": str(self._output)}
        self._run("synthesis", programs.command(programs.CDKTF_APP), ROOT, synthesis, report)
        self._terraform(["init", "-input=false"], environ, report)
        return self._terraform(["apply", "-input=false", "-auto-approve", f"-parallelism={PARALLEL}"], environ, report)

    def _terraform(self, words: list[str], environ: Mapping[str, str], report: Report) -> list[str]:
        program = environ["TERRAFORM_BINARY_NAME"]
        directory = self._output / "stacks" / self.stack
        return self._run("terraform", [program, words[0], "-no-color", *words[1:]], directory, environ, report)

    def _run(
        self, title: str, words: list[str], directory: Path, environ: Mapping[str, str], report: Report
    ) -> list[str]:
        return run(Command(title, words, directory, environ, self._folder / f"{title}-run.log"), report)

    def _known(self) -> DeployMode:
        return terraform_fetch.deploy_mode(self.cloud, PINNED, lambda _text: None, {**os.environ, **self.environ})

    def destroy(self, report: Report) -> None:
        """Remove everything that was deployed, as it was synthesised then; nothing deployed is nothing to do.

        Raises:
            LocalCloudError: something could not be removed; the rest is, and the next call goes on from there.
        """
        if not self.state.resources():
            return
        words = ["destroy", "-input=false", "-auto-approve", f"-parallelism={PARALLEL}"]
        self._terraform(words, self._environment(self._known(), report), report)
        terraform_fetch.forget(self.cloud)
