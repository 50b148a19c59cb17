"""A new system is what CONTRIBUTING's recipe says and nothing else: it is deployed, exercised, destroyed and tested."""

import re

import pytest

from lib.local_cloud.servers.process import port_is_free
from tests.integration.conftest import TARGET
from tests.integration.new_system.conftest import Checkout, recipe

pytestmark = pytest.mark.skipif(TARGET == "aws", reason="the local cloud's own commands")


def test_the_recipe_is_one_folder_one_entry_one_file_and_its_tests(checkout: Checkout) -> None:
    folder = checkout.system.replace("-", "_")
    allowed = rf"tap\.py|lib/{folder}/\w+\.py|lib/local_cloud/systems/{folder}\.py|tests/unit/{folder}/\w+\.py"
    assert [path for path in checkout.changed if not re.fullmatch(allowed, path)] == []
    assert len(recipe()[2]) >= 5


def test_the_new_system_is_deployed_exercised_and_destroyed(checkout: Checkout) -> None:
    first = checkout.run("scripts/up", checkout.system)
    assert first.returncode == 0, first.stderr[-2000:]
    assert f"{checkout.system}: deployed with the AWS CDK" in first.stdout
    assert "message received" in first.stdout
    again = checkout.run("scripts/up", checkout.system)
    assert f"{checkout.system}: no changes" in again.stdout, again.stderr[-2000:]
    down = checkout.run("scripts/down")
    assert down.returncode == 0, down.stderr[-2000:]
    assert "nothing left behind" in down.stdout
    assert port_is_free(int(checkout.environ["LOCAL_CLOUD_PORT"]))


def test_its_own_tests_pass_and_those_that_look_at_every_system(checkout: Checkout) -> None:
    tests = [f"tests/unit/{checkout.system.replace('-', '_')}", "tests/architecture/test_registry.py"]
    tests += ["tests/unit/local_cloud/systems/test_systems.py", "tests/unit/test_ci.py"]
    done = checkout.run("python", "-W", "error", "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *tests)
    assert done.returncode == 0, done.stdout[-3000:]


def test_a_system_whose_settings_are_refused_does_not_keep_another_from_being_deployed(checkout: Checkout) -> None:
    words = ("cdk", "synth", "--quiet", "--no-notices", "--output", str(checkout.folder / "cdk.out"))
    good = checkout.run(*words, "Mailbox", BATCH_SIZE="0")
    assert good.returncode == 0, good.stderr[-2000:]
    bad = checkout.run(*words, "KinesisPipeline", BATCH_SIZE="0")
    assert bad.returncode == 1
    assert "tap: BATCH_SIZE='0' is refused" in bad.stderr + bad.stdout


def test_the_setting_leaves_the_other_systems_out(checkout: Checkout) -> None:
    folder = checkout.folder / "one.out"
    done = checkout.run("python", "tap.py", "cdk", TAP_SYSTEM=checkout.system, BATCH_SIZE="0", CDK_OUTDIR=str(folder))
    assert done.returncode == 0, done.stderr[-2000:]
    assert [path.name for path in folder.glob("*.template.json")] == ["Mailbox.template.json"]
