"""Dependencies are installed for AWS Lambda's platform from pinned hashes, the same on every machine.

pip really runs, without a network: it finds wheels that are written here. Its three runs, of a second each, are made
once; each test looks at one side of one of them. Where its answer alone matters, it is played.
"""

import hashlib
import platform
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lib.common import lambda_package
from lib.common.lambda_sources import PackageError

HANDLER = "def handler(event, context):\n    return event\n"
USES_BOTH = "import tiny\nfrom native import _speedups\nfrom native.sub import fast\n" + HANDLER
PINNED = "tiny==1.0 --hash=sha256:" + "0" * 64
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}


def wheel(folder: Path, name: str, tag: str, files: dict[str, str]) -> str:
    """Write a wheel of version 1.0 and return its line for requirements.txt."""
    path, info = folder / f"{name}-1.0-{tag}.whl", f"{name}-1.0.dist-info"
    metadata = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for place, text in {**files, **metadata}.items():
            archive.writestr(place, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{place},,\n" for place in [*files, *metadata, f"{info}/RECORD"]))
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def write(root: Path, requirements: str, handler: str = HANDLER) -> Path:
    """Write a system with one function and return the repository."""
    folder = root / "lambda" / "shop" / "store"
    folder.mkdir(parents=True)
    (folder / "handler.py").write_text(handler, encoding="utf-8")
    (folder / "requirements.txt").write_text(requirements, encoding="utf-8")
    return root


def attempt(root: Path) -> Path | PackageError:
    """Return the package, or why there is none."""
    try:
        return lambda_package.build("shop", "store", root=root)
    except PackageError as error:
        return error


@pytest.fixture(name="results", scope="module")
def fixture_results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Build three systems: the same one twice, in two places, and one whose dependency was replaced since."""
    wheels = tmp_path_factory.mktemp("wheels")
    tiny = wheel(wheels, "tiny", "py3-none-any", {"tiny.py": "def main(): ...\n"})
    native = [
        wheel(
            wheels,
            "native",
            f"cp314-cp314-manylinux_2_28_{machine}",
            {"native/__init__.py": "", "native/sub.py": "", f"native/_speedups.cpython-314-{machine}-linux-gnu.so": ""},
        )
        for machine in MACHINES.values()
    ]
    both = f"{tiny}  # why\n# a comment\n{native[0]} \\\n    {native[1].removeprefix('native==1.0 ')}\n"
    folder = tmp_path_factory.mktemp("repositories")
    jobs = {
        "first": write(folder / "first", both, USES_BOTH),
        "second": write(folder / "elsewhere" / "second", both, USES_BOTH),
        "replaced": write(folder / "replaced", PINNED),
    }
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(wheels))
        patch.setenv("PIP_CONFIG_FILE", "/dev/null")
        yield dict(zip(jobs, pool.map(attempt, jobs.values()), strict=True))


def names(package: Path) -> list[str]:
    """Return the names in a zip."""
    with zipfile.ZipFile(package) as archive:
        return archive.namelist()


def test_the_dependency_is_in_the_package(results: dict[str, Any]) -> None:
    """Beside the handler, where AWS Lambda looks for it; the list of dependencies is not."""
    there = names(results["first"])
    assert {"handler.py", "tiny.py", "native/__init__.py", "tiny-1.0.dist-info/METADATA"} <= set(there)
    assert "requirements.txt" not in there


def test_what_pip_writes_about_this_machine_is_not_in_the_package(results: dict[str, Any]) -> None:
    """Commands, records and bytecode."""
    traces = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", ".pyc")
    assert not [name for name in names(results["first"]) if name.endswith(traces) or name.startswith("bin/")]


def test_the_same_input_is_the_same_bytes(results: dict[str, Any]) -> None:
    """Built in another folder, at another time."""
    assert results["first"] != results["second"]
    assert results["first"].read_bytes() == results["second"].read_bytes()
    assert results["first"].name == results["second"].name


def test_compiled_code_is_for_aws_lambda_and_not_for_this_machine(results: dict[str, Any]) -> None:
    """Of two wheels, the one of the default architecture and Python version; the check imports a stand-in."""
    compiled = [name for name in names(results["first"]) if name.endswith(".so")]
    assert compiled == ["native/_speedups.cpython-314-aarch64-linux-gnu.so"]


def test_a_dependency_that_was_replaced_is_refused(results: dict[str, Any]) -> None:
    """The hash in the file counts, not the name; the message has pip's reason and what to do."""
    message = str(results["replaced"])
    assert message.startswith("The dependencies of lambda/shop/store cannot be installed: ERROR: THESE PACKAGES DO NOT")
    assert "check the network and pip's index" in message


def test_a_failed_build_leaves_nothing(results: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    """No package, no scratch folder."""
    assert isinstance(results["replaced"], PackageError)
    folder = next(tmp_path_factory.getbasetemp().glob("repositories*")) / "replaced" / ".local" / "lambda"
    assert not list(folder.iterdir())


@pytest.mark.parametrize(("architecture", "machine"), MACHINES.items())
def test_pip_is_asked_for_the_target_s_wheels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, architecture: str, machine: str
) -> None:
    """The architecture, the Python version and every glibc up to Amazon Linux 2023's."""
    command = fake_pip(monkeypatch, [])
    lambda_package.build("shop", "store", root=write(tmp_path, PINNED), architecture=architecture, runtime="3.13")
    platforms = {part.removeprefix("--platform=") for part in command if part.startswith("--platform=")}
    assert {f"manylinux2014_{machine}", f"manylinux_2_17_{machine}", f"manylinux_2_34_{machine}"} <= platforms
    assert f"manylinux_2_35_{machine}" not in platforms
    assert {"--python-version=3.13", "--only-binary=:all:", "--no-deps", "--require-hashes"} <= set(command)


def test_every_record_of_pip_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what it writes for a dependency from a file's address alone."""
    records = ["INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "METADATA"]
    fake_pip(monkeypatch, [f"tiny-1.0.dist-info/{name}" for name in records])
    package = lambda_package.build("shop", "store", root=write(tmp_path, PINNED))
    assert names(package) == ["handler.py", "tiny-1.0.dist-info/METADATA"]


@pytest.mark.parametrize("requirements", ["", "# nothing yet\n\n"])
def test_without_dependencies_pip_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, requirements: str
) -> None:
    """A list may be empty."""
    command = fake_pip(monkeypatch, [])
    assert lambda_package.build("shop", "store", root=write(tmp_path, requirements)).is_file()
    assert not command


def test_pip_s_first_error_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not its warnings about retries, and not the lines that follow from the first."""
    fake_pip(monkeypatch, [], error="WARNING: Retrying\nERROR: No version (from versions: none)\nERROR: No matching")
    with pytest.raises(PackageError, match=r"installed: ERROR: No version \(from versions: none\) - check the network"):
        lambda_package.build("shop", "store", root=write(tmp_path, PINNED))


@pytest.mark.usefixtures("no_process")
@pytest.mark.parametrize(
    "line",
    [
        "tiny",
        "tiny==1.0",
        "tiny>=1.0 --hash=sha256:" + "0" * 64,
        "tiny==1.0 ; python_version < '3.12' --hash=sha256:" + "0" * 64,
        "--index-url=https://example.com/simple",
        "-r other.txt",
    ],
)
def test_a_line_that_is_not_pinned_is_refused(tmp_path: Path, line: str) -> None:
    """Before pip runs: its answer would depend on the day, the index, or the Python that runs it."""
    root = write(tmp_path, f"# a comment\n{line}\n")
    with pytest.raises(PackageError, match=r"shop/store/requirements\.txt has the line .*: write NAME==VERSION --hash"):
        lambda_package.build("shop", "store", root=root)


def fake_pip(monkeypatch: pytest.MonkeyPatch, files: list[str], *, error: str | None = None) -> list[str]:
    """Let pip 'install' files without content, or fail with a message; return what will be its command."""
    real, seen = subprocess.run, []

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        if "pip" not in command:
            return real(command, **options)  # pylint: disable=subprocess-run-check
        seen.extend(command)
        staging = next(Path(part.removeprefix("--target=")) for part in command if part.startswith("--target="))
        for name in files:
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).touch()
        return subprocess.CompletedProcess(command, int(error is not None), "", error or "")

    monkeypatch.setattr(subprocess, "run", run)
    return seen


def test_a_file_that_hides_a_dependency_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither silently wins."""
    root = write(tmp_path, PINNED)
    (root / "lambda" / "shop" / "store" / "tiny.py").touch()
    fake_pip(monkeypatch, ["tiny.py"])
    with pytest.raises(PackageError, match=r"store/tiny\.py and a dependency of lambda/shop/store have one place"):
        lambda_package.build("shop", "store", root=root)


@pytest.mark.parametrize(
    ("said", "shown"),
    [("", "pip says nothing"), ("\n/usr/bin/python: No module named pip\n", "/usr/bin/python: No module named pip")],
)
def test_a_pip_that_does_not_run_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, shown: str
) -> None:
    """Where there is no line with ERROR, the last one has the reason."""
    fake_pip(monkeypatch, [], error=said)
    with pytest.raises(PackageError, match=f"cannot be installed: {shown} - check"):
        lambda_package.build("shop", "store", root=write(tmp_path, PINNED))


@pytest.mark.parametrize(
    ("system", "machine", "foreign"),
    [("linux", "aarch64", False), ("linux", "x86_64", True), ("darwin", "aarch64", True)],
)
def test_compiled_code_for_this_machine_is_really_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, machine: str, foreign: bool
) -> None:
    """A stand-in is only for what cannot be loaded here."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    fake_pip(monkeypatch, ["native/broken.so", "native/__init__.py", "_flat.cpython-314-any.so"])
    root = write(tmp_path, PINNED, "import native.absent\nimport _flat\n" + HANDLER)
    if foreign:
        assert lambda_package.build("shop", "store", root=root, runtime=version).is_file()
    else:
        with pytest.raises(PackageError, match=r"No module named 'native\.absent'"):
            lambda_package.build("shop", "store", root=root, runtime=version)
