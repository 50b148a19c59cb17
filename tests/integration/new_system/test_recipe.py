"""A new system is what CONTRIBUTING's recipe says and nothing else: deployed, destroyed, and held to every rule."""

import re
from pathlib import Path

import pytest

from lib.common.setting_types import ENVIRONMENTS
from lib.local_cloud.servers.process import port_is_free
from tests.integration.conftest import TARGET
from tests.integration.new_system.conftest import Checkout, commands, recipe
from tests.policy.rule import every

pytestmark = pytest.mark.skipif(TARGET == "aws", reason="the local cloud's own commands")


def pytest_of(checkout: Checkout, *arguments: str) -> str:
    """Run tests of the copy, and return the last line of what pytest says."""
    done = checkout.run("python", "-W", "error", "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *arguments)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return done.stdout.splitlines()[-1]


def test_the_recipe_is_one_folder_one_entry_one_file_its_tests_and_its_document(checkout: Checkout) -> None:
    folder = checkout.system.replace("-", "_")
    allowed = "|".join(
        (
            r"tap\.py",
            rf"lib/{folder}/\w+\.py",
            rf"lib/{folder}/environments/\w+\.toml",
            rf"lib/local_cloud/systems/{folder}\.py",
            rf"lib/verify_on_aws/systems/{checkout.system}\.toml",
            rf"tests/unit/{folder}/\w+\.py",
            rf"docs/systems/{checkout.system}\.md",
        )
    )
    assert [path for path in checkout.changed if not re.fullmatch(allowed, path)] == []
    assert len(recipe()[2]) >= 7
    assert len(commands()) == 2


def test_the_new_system_is_deployed_exercised_and_destroyed(checkout: Checkout) -> None:
    first = checkout.run("scripts/up", checkout.system)
    assert first.returncode == 0, first.stderr[-2000:]
    assert f"{checkout.system}: deployed with the AWS CDK" in first.stdout
    assert "message received" in first.stdout
    synthesised = Path(checkout.environ["LOCAL_CLOUD_FOLDER"], "cdk.out", checkout.system).glob("*.template.json")
    assert [path.name for path in synthesised] == ["Mailbox.template.json"]  # no other system of the CDK
    again = checkout.run("scripts/up", checkout.system)
    assert f"{checkout.system}: no changes" in again.stdout, again.stderr[-2000:]
    down = checkout.run("scripts/down")
    assert down.returncode == 0, down.stderr[-2000:]
    assert "nothing left behind" in down.stdout
    assert port_is_free(int(checkout.environ["LOCAL_CLOUD_PORT"]))


def test_it_passes_what_every_system_has_to_pass(checkout: Checkout) -> None:
    folder = f"tests/unit/{checkout.system.replace('-', '_')}"
    summary = pytest_of(checkout, folder, "tests/policy", "tests/region", "-k", checkout.system)
    # Each rule in each environment and partition at least: a name that selects no test would pass as well.
    assert int(re.findall(r"(\d+) passed", summary)[0]) >= len(every()) * len(ENVIRONMENTS)


def test_the_tests_pass_that_look_at_the_list_of_systems(checkout: Checkout) -> None:
    tests = ["tests/architecture/test_registry.py", "tests/unit/local_cloud/systems/test_systems.py"]
    pytest_of(checkout, *tests, "tests/unit/test_ci.py", "tests/unit/test_documents.py", "tests/unit/verify_on_aws")


def test_a_system_whose_settings_are_refused_does_not_keep_another_from_being_deployed(checkout: Checkout) -> None:
    words, folder = ("cdk", "synth", "--quiet", "--no-notices"), str(checkout.folder / "cdk.out")
    good = checkout.run(*words, "--output", folder, "Mailbox", BATCH_SIZE="0")
    assert good.returncode == 0, good.stderr[-2000:]
    bad = checkout.run(*words, "--app", folder, "KinesisPipeline")  # as it was synthesised before, with the others
    assert bad.returncode == 1
    assert "tap: BATCH_SIZE='0' is refused" in bad.stderr + bad.stdout
