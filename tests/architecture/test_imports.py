"""Each part imports what it uses and nothing else; only lib/AWS_REGION and its pair name a region."""

import ast
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import tap
from lib.common import region

ROOT = Path(__file__).resolve().parent.parent.parent
MODULES = {"cdk": {"aws_cdk"}, "cdktf": {"cdktf"}, "pulumi": {"pulumi", "pulumi_aws"}}
IAC_TOOLS = set().union(*MODULES.values()) | {"constructs", "jsii"}
# What runs in AWS, or against it: no stack needs any of it.
RUN_TIME = {"boto3", "botocore", "flask", "pg8000", "psycopg"}
HEAVY = IAC_TOOLS | {"boto3", "botocore", "moto", "ministack", "pg8000", "rich"}


def imported(statement: str) -> set[str]:
    """Return the top-level modules that a statement brings into a fresh interpreter."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {statement}; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split()}


def test_common_imports_the_standard_library_only():
    names = [p.stem for p in (ROOT / "lib" / "common").glob("*.py") if p.stem != "__init__"]
    assert len(names) >= 8
    found = imported("; ".join(f"import lib.common.{name}" for name in names))
    foreign = found - set(sys.stdlib_module_names) - {"lib", "__main__"}
    assert {name for name in foreign if not name.startswith("_")} == set()


@pytest.mark.parametrize(
    ("statement", "forbidden"),
    [
        ("import tap", HEAVY),
        ("import lib.payment.exercise", IAC_TOOLS | {"boto3", "botocore"}),
        ("import lib.analyse.cli", HEAVY),
        ("import lib.analyse.run", HEAVY),
        ("import lib.check_account.cli", IAC_TOOLS),
        ("import lib.local_cloud.cli", IAC_TOOLS),
        ("import lib.local_cloud.cdk.template_compat", HEAVY),
    ],
)
def test_no_iac_tool_is_imported_where_it_is_not_used(statement, forbidden):
    assert imported(statement) & forbidden == set()


@pytest.mark.parametrize("name", tap.SYSTEMS)
def test_a_system_imports_its_own_tool_and_only_where_it_declares(name):
    folder, own = f"lib.{name.replace('-', '_')}", MODULES[tap.SYSTEMS[name].iac_tool]
    others = set().union(*MODULES.values()) - own
    assert imported(f"import {folder}.settings") & HEAVY == set()
    assert imported(f"import {tap.SYSTEMS[name].module}") & (others | RUN_TIME) == set()


def test_what_exercises_a_system_needs_no_tool():
    names = sorted(path.parent.name for path in (ROOT / "lib").glob("*/exercise.py"))
    assert len(names) >= 3
    for name in names:
        assert imported(f"import lib.{name}.exercise") & IAC_TOOLS - {"constructs", "jsii"} == set(), name


def test_the_check_notices_a_tool():
    assert imported("import pulumi") & IAC_TOOLS == {"pulumi"}


def test_no_system_imports_another():
    for system in [*(name.replace("-", "_") for name in tap.SYSTEMS), "analyse"]:
        for path in (ROOT / "lib" / system).rglob("*.py"):
            used = set(re.findall(r"(?:from|import) lib\.(\w+)", path.read_text(encoding="utf-8")))
            assert used <= {system, "common", "pulumi_components"}, path


def test_the_archived_tool_is_imported_in_one_folder():
    pattern = re.compile(r"^\s*(?:from|import) cdktf\w*", re.M)
    files = [*(ROOT / "lib").rglob("*.py"), *(ROOT / "scripts").rglob("*.py"), ROOT / "tap.py"]
    using = {path.parent.name for path in files if pattern.search(path.read_text(encoding="utf-8"))}
    assert using == {"disaster_recovery"}


def test_the_pulumi_parts_know_no_system_and_no_settings():
    files = list((ROOT / "lib" / "pulumi_components").glob("*.py"))
    assert len(files) >= 4
    for path in files:
        used = set(re.findall(r"(?:from|import) lib\.(\w+)", path.read_text(encoding="utf-8")))
        assert used <= {"common", "pulumi_components"}, path


def modules() -> dict[str, set[str]]:
    """Return the modules of lib that each of them imports, wherever in the file."""
    files = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in (ROOT / "lib").rglob("*.py")}
    names = {name.removesuffix(".__init__"): path for name, path in files.items()}
    found: dict[str, set[str]] = {}
    for name, path in names.items():
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        froms = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
        asked = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        for node in froms:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            asked |= inner & names.keys() if inner & names.keys() else {str(node.module)}
        found[name] = (asked & names.keys()) - {name}
    return found


def test_no_modules_import_each_other_in_a_circle():
    assert len(list(TopologicalSorter(modules()).static_order())) >= 200


def test_a_circle_would_be_noticed():
    known = modules()
    known["lib.common.errors"] = {"lib.common.region"}
    with pytest.raises(CycleError):
        list(TopologicalSorter(known).static_order())


def sources() -> list[Path]:
    """Return every file in which no region may be named."""
    folders = [path for name in ("lib", "lambda", "scripts") for path in (ROOT / name).rglob("*")]
    return [p for p in [*folders, ROOT / "tap.py"] if p.is_file() and "__pycache__" not in p.parts]


def named(text: str) -> set[str]:
    """Return the regions named in a text."""
    return {name for name in region.known() if re.search(rf"(?<![a-z0-9-]){name}(?![0-9])", text)}


def test_only_the_two_files_name_a_region():
    holders = {path.relative_to(ROOT).as_posix() for path in sources() if named(path.read_text(encoding="utf-8"))}
    assert holders == {"lib/AWS_REGION", "lib/AWS_REGION_DR"}


def test_a_region_in_a_source_would_be_noticed():
    assert named(f'client("ec2", region_name="{region.primary({})}")') == {region.primary({})}


def test_no_file_is_longer_than_a_reader_can_hold():
    long = {p.name: n for p in sources() if p.suffix == ".py" and (n := len(p.read_text().splitlines())) > 300}
    assert long == {}
