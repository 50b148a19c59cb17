"""A package holds the function's files and nothing of the machine, and is built once per content.

Everything here runs without pip; ``test_lambda_package_dependencies.py`` has the dependencies.
"""

import hashlib
import os
import stat
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lib.common import lambda_package, lambda_sources
from lib.common.lambda_sources import PackageError

ROOT = Path(__file__).resolve().parents[3]
HANDLER = "def handler(event, context):\n    return event\n"
Write = Callable[..., Path]


@pytest.fixture(name="write")
def fixture_write(tmp_path: Path) -> Write:
    """Return a function that writes a system's files, by default with a handler, and returns the repository."""

    def write(files: dict[str, str] | None = None, *, handler: str = HANDLER, root: Path = tmp_path) -> Path:
        for name, text in {"store/handler.py": handler, **(files or {})}.items():
            path = root / "lambda" / "shop" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return root

    return write


def names(package: Path) -> list[str]:
    """Return the names in a zip, in their order there."""
    with zipfile.ZipFile(package) as archive:
        return archive.namelist()


def refusal(root: Path, function: str = "store") -> str:
    """Return the message with which a build is refused."""
    with pytest.raises(PackageError) as error:
        lambda_package.build("shop", function, root=root)
    assert not list(root.glob(".local/**/*.zip"))
    return str(error.value)


def test_the_function_s_files_are_packed(write: Write) -> None:
    """Code and data, also in folders, sorted; not what other functions have."""
    root = write({"store/schema.sql": "", "store/b/c/d.json": "{}", "store/a.py": "", "other/handler.py": HANDLER})
    assert names(lambda_package.build("shop", "store", root=root)) == ["a.py", "b/c/d.json", "handler.py", "schema.sql"]


def test_shared_files_lie_beside_the_handler(write: Write) -> None:
    """So that the handler can import and read them."""
    root = write({"shared/ca.pem": "", "shared/coins.py": "CENT = 1\n"}, handler="import coins\n" + HANDLER)
    assert names(lambda_package.build("shop", "store", root=root)) == ["ca.pem", "coins.py", "handler.py"]


COMMON = {"../common/postgres.py": "import errors\n", "../common/errors.py": "", "../common/coins.py": "CENT = 1\n"}


def test_common_modules_are_packed_when_they_are_imported(write: Write) -> None:
    """By the handler, by a shared module, in a function; not those that nothing imports."""
    files = {"store/a.py": "", "shared/b.py": "def late():\n    from coins import CENT\n    return CENT\n", **COMMON}
    root = write(files, handler="import a, b\n" + HANDLER)
    assert names(lambda_package.build("shop", "store", root=root)) == ["a.py", "b.py", "coins.py", "handler.py"]


def test_a_common_module_brings_what_it_imports_and_reads(write: Write) -> None:
    """The certificates of RDS lie beside the module that verifies with them."""
    root = write({"../../lib/common/rds-ca.pem": "PEM", **COMMON}, handler="from postgres import errors\n" + HANDLER)
    package = lambda_package.build("shop", "store", root=root)
    assert names(package) == ["errors.py", "handler.py", "postgres.py", "rds-ca.pem"]
    with zipfile.ZipFile(package) as archive:
        assert archive.read("rds-ca.pem") == b"PEM"


def test_a_relative_import_and_a_longer_name_are_no_common_module(write: Write) -> None:
    """Only the first name counts, and only where the path of imports is searched."""
    never = "def never():\n    from . import coins\n    from .coins import CENT\n\n\n"
    handler = "import os.path, json\n\n\n" + never + HANDLER
    root = write({"../common/path.py": "", "../common/json.json": "", **COMMON}, handler=handler)
    assert names(lambda_package.build("shop", "store", root=root)) == ["handler.py"]


def test_a_module_that_is_called_as_a_common_one_is_refused(write: Write) -> None:
    """Which of the two an import means would depend on where it stands."""
    message = refusal(write({"store/coins.py": "", **COMMON}, handler="import coins\n" + HANDLER))
    assert "lambda/shop/store/coins.py and " in message
    assert "lambda/common/coins.py have one place in the package: rename one" in message


def test_a_changed_common_module_is_another_package(write: Write) -> None:
    """As any other file of the package; one that is not in it changes nothing."""
    handler = "import coins\n" + HANDLER
    first = lambda_package.build("shop", "store", root=write(COMMON, handler=handler))
    write({"../common/postgres.py": "# changed"}, handler=handler)
    assert lambda_package.build("shop", "store", root=write({}, handler=handler)) == first
    write({"../common/coins.py": "CENT = 2\n"}, handler=handler)
    assert lambda_package.build("shop", "store", root=write({}, handler=handler)) != first


def test_the_code_of_functions_has_no_links() -> None:
    """Not every file system and archive keeps them, and what they lead to is packed by its name."""
    assert [path for path in (ROOT / "lambda").rglob("*") if path.is_symlink()] == []


def test_the_modules_of_a_function_are_found_in_these_folders(write: Write) -> None:
    """As they lie in the repository, for whoever runs them without a package."""
    root = write({"shared/b.py": "import coins\n", "shared/ca.pem": "", **COMMON})
    files, folders = lambda_sources.modules("shop", "store", root=root)
    assert [str(path.relative_to(root / "lambda")) for path in files] == [
        "shop/store/handler.py",
        "shop/shared/b.py",
        "common/coins.py",
    ]
    assert folders == [str(path.parent) for path in files]


def test_hidden_files_and_bytecode_are_left_out(write: Write) -> None:
    """They differ between machines."""
    root = write({"store/.DS_Store": "", "store/__pycache__/handler.cpython-311.pyc": "", "shared/.idea/x.json": ""})
    assert names(lambda_package.build("shop", "store", root=root)) == ["handler.py"]


def test_the_check_leaves_no_bytecode(write: Write) -> None:
    """Neither in the package nor beside the sources."""
    root = write({"store/coins.py": ""}, handler="import coins\n" + HANDLER)
    assert not [name for name in names(lambda_package.build("shop", "store", root=root)) if "pyc" in name]
    assert not list((root / "lambda").rglob("*.pyc"))


def test_one_name_twice_is_refused_with_both_files(write: Write) -> None:
    """Neither file silently wins."""
    message = refusal(write({"store/coins.py": "", "shared/coins.py": ""}))
    assert "lambda/shop/store/coins.py and " in message
    assert "lambda/shop/shared/coins.py have one place in the package: rename one" in message


def test_every_entry_has_the_same_time_and_mode(write: Write) -> None:
    """1980-01-01 and rw-r--r-- as a Unix file, not compressed: nothing of the machine is in the zip."""
    root = write()
    (root / "lambda/shop/store/handler.py").chmod(0o700)
    with zipfile.ZipFile(lambda_package.build("shop", "store", root=root)) as archive:
        entry = archive.infolist()[0]
    assert entry.date_time == (1980, 1, 1, 0, 0, 0)
    assert (stat.filemode(entry.external_attr >> 16), entry.create_system) == ("?rw-r--r--", 3)
    assert entry.compress_type == zipfile.ZIP_STORED


def test_the_package_has_the_content_s_name(write: Write) -> None:
    """System, function and 16 hexadecimal digits, in the repository's folder for what can be made again."""
    root = write()
    package = lambda_package.build("shop", "store", root=root)
    assert package.parent == root / ".local" / "lambda"
    assert package.name.removeprefix("shop-store-").removesuffix(".zip").isalnum()
    assert len(package.name) == len("shop-store-.zip") + 16


def test_another_output_folder_can_be_chosen(write: Write, tmp_path: Path) -> None:
    """It is made when it is not there."""
    output = tmp_path / "a" / "b"
    assert lambda_package.build("shop", "store", root=write(), output=output).parent == output


def test_a_built_package_is_not_built_again(write: Write, request: pytest.FixtureRequest) -> None:
    """The second call starts no process and writes nothing."""
    root = write()
    first = lambda_package.build("shop", "store", root=root)
    before = first.stat().st_mtime_ns
    request.getfixturevalue("no_process")
    assert lambda_package.build("shop", "store", root=root) == first
    assert first.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "change",
    [{"store/a.py": "A = 2\n"}, {"store/b.py": ""}, {"shared/a.sql": ""}, {"store/requirements.txt": "# changed\n"}],
)
def test_another_content_is_another_package(write: Write, change: dict[str, str]) -> None:
    """A changed file, a new one, a shared one, and the dependencies."""
    first = lambda_package.build("shop", "store", root=write({"store/a.py": "A = 1\n"}))
    assert lambda_package.build("shop", "store", root=write(change)) != first


@pytest.mark.parametrize("change", [{"architecture": "x86_64"}, {"runtime": "3.13"}])
def test_another_target_is_another_package(write: Write, change: dict[str, str]) -> None:
    """Compiled dependencies differ between them."""
    root = write()
    default = lambda_package.build("shop", "store", root=root, architecture="arm64", runtime="3.14")
    assert default == lambda_package.build("shop", "store", root=root)
    assert lambda_package.build("shop", "store", root=root, **change) != default  # type: ignore[arg-type]


def test_another_format_is_another_package(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed packager does not return what an older one has made."""
    first = lambda_package.build("shop", "store", root=write())
    monkeypatch.setattr(lambda_package, "FORMAT", b"another")
    assert lambda_package.build("shop", "store", root=write()) != first


def test_text_moved_between_files_is_another_package(write: Write) -> None:
    """The files' limits are part of the content."""
    first = lambda_package.build("shop", "store", root=write({"store/a.sql": "xy", "store/b.sql": ""}))
    assert lambda_package.build("shop", "store", root=write({"store/a.sql": "x", "store/b.sql": "y"})) != first


def test_an_interrupted_build_leaves_nothing(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """No half zip under the right name, and no scratch folder."""
    root = write()

    def interrupt(source: Path, target: Path) -> None:
        assert source.is_relative_to(target.parent)  # across file systems, it would be a copy and not a rename
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupt)
        with pytest.raises(KeyboardInterrupt):
            lambda_package.build("shop", "store", root=root)
    assert not list((root / ".local" / "lambda").iterdir())


def test_builds_at_the_same_time_do_not_disturb_each_other(write: Write) -> None:
    """All return one whole package, and nothing else is left."""
    root = write()
    with ThreadPoolExecutor(4) as pool:
        packages = set(pool.map(lambda _: lambda_package.build("shop", "store", root=root), range(4)))
    assert [names(package) for package in packages] == [["handler.py"]]
    assert list((root / ".local" / "lambda").iterdir()) == list(packages)


def test_an_unknown_system_is_refused_with_those_that_exist(write: Write) -> None:
    """The usual mistake is a hyphen for an underscore."""
    with pytest.raises(PackageError, match=r"^lambda/s-hop is missing: lambda has shop\.$"):
        lambda_package.build("s-hop", "store", root=write())


def test_an_unknown_function_is_refused_with_those_that_exist(write: Write) -> None:
    """Folders without a handler, as ``shared``, are none."""
    message = refusal(write({"shared/a.py": "", "other/handler.py": HANDLER}), "shared")
    assert message == "lambda/shop/shared/handler.py is missing: lambda/shop has other, store."


def test_a_repository_without_lambda_code_is_said_to_have_none(tmp_path: Path) -> None:
    """The list of what exists can be empty."""
    with pytest.raises(PackageError, match="lambda/shop is missing: lambda has nothing yet"):
        lambda_package.build("shop", "store", root=tmp_path)


@pytest.mark.parametrize("name", ["", "shop"])
def test_an_empty_name_is_refused(write: Write, name: str) -> None:
    """It would be the folder above."""
    with pytest.raises(PackageError, match="is missing"):
        lambda_package.build(name, "", root=write())


def test_an_unknown_architecture_is_refused(write: Write) -> None:
    """AWS Lambda's names count, not the kernel's."""
    with pytest.raises(PackageError, match="'aarch64' is not one of AWS Lambda's: use arm64 or x86_64"):
        lambda_package.build("shop", "store", root=write(), architecture="aarch64")


def test_the_repository_itself_is_the_default_root() -> None:
    """The message lists this repository's own systems."""
    with pytest.raises(PackageError, match=r"lambda has .*kinesis_pipeline"):
        lambda_package.build("no-such-system", "x")


def test_the_content_s_hash_is_stable(write: Write) -> None:
    """The same content has the same name on every machine and in every release of Python."""
    text = b"1:15:arm644:3.140:10:handler.py%d:%b" % (len(HANDLER), HANDLER.encode())
    assert hashlib.sha256(text).hexdigest()[:16] in lambda_package.build("shop", "store", root=write()).name
