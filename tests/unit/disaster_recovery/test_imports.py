"""Only the bindings that are used are imported, and what is synthesised is the same to the byte as with all of them.

The ordinary import takes a minute. It is made once for the same sources and kept in .local; the synthesis that it is
compared with is made in every run.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lib.common import lambda_package, node
from lib.disaster_recovery import bindings
from tests.support import disaster_recovery
from tests.support.disaster_recovery import reference
from tests.support.disaster_recovery.reference import PACKAGE, ROOT

START = f"{bindings.PACKAGE}."
COUNT = f"print(len({{name.split('.')[1] for name in sys.modules if name.startswith('{START}')}}))"


def test_a_small_part_of_the_bindings_is_imported():
    statements = f"from lib.disaster_recovery import stack; {COUNT}"
    imported = int(reference.run(Path(sys.executable), ROOT, statements))
    folder = Path(importlib.util.find_spec(bindings.PACKAGE).origin).parent
    every = sum((path / "__init__.py").is_file() for path in folder.iterdir())
    assert 40 < imported < every / 20


def test_what_is_synthesised_is_the_same_to_the_byte(monkeypatch):
    before = f"import {bindings.PACKAGE} as every; assert len(vars(every)) > 2000"
    ordinary = reference.synthesised("ordinary", Path(sys.executable), ROOT, before)
    monkeypatch.setattr(lambda_package, "build", lambda *_: ROOT / PACKAGE)
    assert disaster_recovery.synthesise({}).read_bytes() == ordinary


def test_a_package_that_was_imported_before_stays(monkeypatch):
    monkeypatch.setitem(sys.modules, bindings.PACKAGE, disaster_recovery)
    monkeypatch.setenv("NODE_OPTIONS", "")
    bindings.load_on_demand()
    assert sys.modules[bindings.PACKAGE] is disaster_recovery
    assert os.environ["NODE_OPTIONS"] == ""


def test_settings_need_no_bindings(monkeypatch):
    monkeypatch.delitem(sys.modules, bindings.PACKAGE)
    monkeypatch.setenv("NODE_OPTIONS", "")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    bindings.load_on_demand()
    assert bindings.PACKAGE not in sys.modules
    assert os.environ["NODE_OPTIONS"] == ""


def test_the_package_is_found_and_not_executed(monkeypatch):
    monkeypatch.delitem(sys.modules, bindings.PACKAGE)
    bindings.load_on_demand()
    package = sys.modules[bindings.PACKAGE]
    assert package.__path__
    assert not hasattr(package, "vpc")


@pytest.mark.parametrize("before", ["", "--max-old-space-size=4096"])
def test_node_is_told_once_beside_what_it_was_told_before(monkeypatch, before):
    monkeypatch.setenv("NODE_OPTIONS", before)
    for _ in range(2):
        monkeypatch.delitem(sys.modules, bindings.PACKAGE)
        bindings.load_on_demand()
    assert os.environ["NODE_OPTIONS"] == f"{before} {bindings.PRELOADED}".strip()


@pytest.fixture
def package(tmp_path):
    """A package whose index requires two files, each of which says that it was loaded."""
    lib = tmp_path / "provider-aws" / "lib"
    lib.mkdir(parents=True)
    (lib / "index.js").write_text(
        'exports.a = exports.b = void 0;\nexports.a = require("./a");\nexports.b = require("./b");\n'
    )
    for name in "ab":
        (lib / f"{name}.js").write_text(f'console.log("loaded {name}"); exports.name = "{name}";\n')
    return lib


def said(package: Path, options: str) -> list[str]:
    """Return what Node says when it uses one of the two."""
    environ = {**os.environ, **node.environment(), "NODE_OPTIONS": options}
    script = f"const p = require({str(package)!r}); console.log(Object.keys(p).join()); console.log(p.b.name)"
    command = [environ["JSII_NODE"], "-e", script]
    return subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout.splitlines()


def test_node_loads_what_is_used(package):
    assert said(package, bindings.PRELOADED) == ["b,a", "loaded b", "b"]


def test_without_being_told_it_loads_everything(package):
    assert said(package, "") == ["loaded a", "loaded b", "b,a", "b"]
