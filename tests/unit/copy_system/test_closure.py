"""What a file needs is found by what it imports, starts and lies beside."""

from importlib import metadata

import pytest

from lib.copy_system import closure


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository of a test's own."""
    monkeypatch.setattr(closure, "ROOT", tmp_path)
    files = {
        "lib/__init__.py": "",
        "lib/one/__init__.py": "",
        "lib/one/a.py": "import json\nfrom lib.two import b\nimport importlib\nimportlib.import_module('lib.three')",
        "lib/one/data.json": "{}",
        "lib/one/README.md": "",
        "lib/one/__pycache__/a.pyc": "",
        "lib/two/b.py": "import boto3\nfrom . import sibling\nprint('lib.four')",
        "lib/three.py": "",
        "lib/four.py": "",
        "lib/AWS_REGION": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def names(root, paths):
    return {path.relative_to(root).as_posix() for path in paths}


def test_imports_are_followed_to_the_end(root):
    found, foreign = closure.closure([root / "lib/one/a.py"])
    expected = {"lib/__init__.py", "lib/one/a.py", "lib/one/data.json", "lib/two/b.py"}
    assert names(root, found) == expected | {"lib/three.py"}
    assert {"json", "boto3", "importlib"} <= foreign


def test_a_program_that_is_started_as_a_file_comes_along(root, monkeypatch):
    monkeypatch.setattr(closure, "STARTED", {"lib/three.py": ("lib/four.py",)})
    found, _foreign = closure.closure([root / "lib/three.py"])
    assert "lib/four.py" in names(root, found)


def test_what_python_leaves_is_no_file(root):
    assert names(root, closure.files(root / "lib" / "one")) == {
        "lib/one/README.md",
        "lib/one/__init__.py",
        "lib/one/a.py",
        "lib/one/data.json",
    }


def test_packages_come_with_what_they_need():
    found = closure.packages({"boto3"})
    assert {"boto3", "botocore", "s3transfer", "pytest", "pytest-xdist"} <= found
    assert "aws-cdk-lib" not in found


def test_a_package_that_is_not_installed_is_for_another_platform(monkeypatch):
    requires = metadata.requires

    def without(name):
        if name == "botocore":
            raise metadata.PackageNotFoundError(name)
        return requires(name)

    monkeypatch.setattr(closure.metadata, "requires", without)
    assert "botocore" not in closure.packages({"boto3"})


def test_the_lock_keeps_its_lines():
    text = closure.lock({"boto3"})
    assert text.startswith("boto3==")
    assert text.count("==") == 1
    assert "--hash=sha256:" in text
