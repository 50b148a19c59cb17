"""The same as a command: what to look at comes from the deployed function, and the exit status says what came of it."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from lib.common.errors import SettingError
from lib.disaster_recovery.settings import Settings
from tests.support.disaster_recovery import aurora as support
from tests.support.disaster_recovery.two_regions import HOME, PEER

ROOT = Path(__file__).resolve().parent.parent.parent.parent
NAME = Settings.read({}).name("function", "verification")
MODULES = ("aurora", "aws", "dynamo", "findings", "settings", "verify", "writer")


@pytest.fixture
def command(verification, recovery_cloud, monkeypatch):
    """The command on the emulator; nothing of the function's modules stays behind."""
    for name, value in support.access(recovery_cloud, HOME).items():
        monkeypatch.setenv(name, value)
    before = {name: sys.modules.pop(name) for name in MODULES if name in sys.modules}
    yield SimpleNamespace(**runpy.run_path(str(ROOT / "scripts" / "verify_backups.py")))
    for name in MODULES:
        sys.modules.pop(name, None)
    sys.modules.update(before)


@pytest.fixture
def environ(verification):
    return support.environ(verification.table, verification.cluster)


def test_a_whole_system_is_a_success(command, environ, capsys):
    path = list(sys.path)
    assert command.main([], environ) == 0
    assert capsys.readouterr().out.endswith("result: clean\n")
    assert sys.path == path


def test_a_finding_is_the_first_status(command, environ, capsys):
    assert command.main(["--json"], {**environ, "GLOBAL_CLUSTER": "nothing"}) == 1
    report = json.loads(capsys.readouterr().out)
    assert {finding["code"] for finding in report["findings"]} == {"global-missing"}


@pytest.mark.parametrize(("endpoint", "told"), [("http://127.0.0.1:4566", True), ("", False)])
def test_what_an_emulator_cannot_give_is_said_beside_the_status(command, environ, capsys, monkeypatch, endpoint, told):
    found = SimpleNamespace(code=1, table=lambda: "", findings=[SimpleNamespace(code="lag-unknown")])
    monkeypatch.setitem(sys.modules, "verify", SimpleNamespace(verify=lambda _settings: found))
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    assert command.main([], environ) == 1
    assert (f"Status 1 is what {endpoint} can give at best" in capsys.readouterr().err) is told


def test_what_cannot_be_looked_at_is_the_third(command, environ, capsys, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_RDS", "http://127.0.0.1:9")
    assert command.main([], environ) == 3
    assert "no-answer" in capsys.readouterr().out


def test_a_variable_that_is_wrong_is_the_second(command, environ, capsys):
    assert command.main([], {**environ, "LAG_MAX_MS": "fast"}) == 2
    assert "LAG_MAX_MS='fast'" in capsys.readouterr().err


def test_an_unknown_option_is_the_second(command):
    with pytest.raises(SystemExit, match="2"):
        command.main(["--fast"], {})


class Lambda:
    """Lambda in two regions, each with the function's variables or an error."""

    def __init__(self, **answers):
        self.answers, self.asked = answers, []

    def __call__(self, service, region):
        assert service == "lambda"
        self.asked.append(region)
        return self

    def get_function_configuration(self, FunctionName):
        assert FunctionName == NAME
        answer = self.answers["home" if self.asked[-1] == HOME else "peer"]
        if isinstance(answer, Exception):
            raise answer
        return answer


AWAY = EndpointConnectionError(endpoint_url="https://lambda.test")
MISSING = ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "-"}}, "GetFunctionConfiguration")
THERE = {"Environment": {"Variables": {"TABLE_NAME": "payments"}}}
LOCKED = {"Environment": {"Error": {"ErrorCode": "AccessDeniedException"}}}


@pytest.mark.parametrize("home", [THERE, AWAY, MISSING, LOCKED, {}], ids=["there", "away", "missing", "locked", "none"])
def test_the_function_is_asked_in_whichever_region_answers(command, home):
    clients = Lambda(home=home, peer=THERE)
    assert command.wanted({}, clients) == {"TABLE_NAME": "payments"}
    assert clients.asked == ([HOME] if home == THERE else [HOME, PEER])


def test_without_a_function_it_is_said_what_is_missing(command):
    with pytest.raises(SettingError, match=f"{NAME} cannot be read .*EndpointConnectionError.*ResourceNotFound"):
        command.wanted({}, Lambda(home=AWAY, peer=MISSING))


def test_the_deployed_function_is_looked_for(command, capsys):
    """On the emulator, where there is none."""
    assert command.main([], {}) == 2
    assert f"The function {NAME} cannot be read" in capsys.readouterr().err


def test_the_command_runs_from_anywhere(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "scripts.verify_backups", "--help"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert "--json" in done.stdout
    assert (ROOT / "scripts" / "verify_backups").stat().st_mode & 0o111
