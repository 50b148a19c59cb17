r"""The way out of an archived engine: the same stack under CDK Terrain, its living fork, with imports swapped.

Nothing else is changed. The fork's packages do not fit beside the CDK (constructs below 10.8), so they get an
environment of their own in .local, from the pinned and hashed list beside this file:

    printf 'botocore==<as in requirements.lock>\ncdktn\ncdktn-provider-aws\n' | .venv/bin/uv pip compile - \
      --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
      -o tests/architecture/cdktn-requirements.txt
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lib.common import lambda_package
from tests.support import disaster_recovery, environments
from tests.support.disaster_recovery.reference import PACKAGE, ROOT, RUN, files, synthesised

REQUIREMENTS = Path(__file__).parent / "cdktn-requirements.txt"
SWAPS = (("cdktf_cdktf_provider_aws", "cdktn_provider_aws"), ("from cdktf import", "from cdktn import"))


def swapped(root: Path) -> list[str]:
    """Copy what the stack consists of, its imports swapped; return the names of the files that changed."""
    changed = []
    for file in files():
        place = file.relative_to(ROOT)
        copy = root / place
        copy.parent.mkdir(parents=True, exist_ok=True)
        if place.parts[:2] == ("lib", "disaster_recovery"):
            text = before = file.read_text(encoding="utf-8")
            for old, new in SWAPS:
                text = text.replace(old, new)
            copy.write_text(text, encoding="utf-8")
            changed += [file.name] if text != before else []
        else:
            shutil.copyfile(file, copy)
    (root / "lib" / "__init__.py").touch()
    return changed


def plain(found: Any) -> Any:
    """Return a configuration without what says where it was made."""
    if isinstance(found, dict):
        return {key: plain(value) for key, value in found.items() if key != "//"}
    return [plain(value) for value in found] if isinstance(found, list) else found


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is synthesised by CDKTF, and by the fork."""
    root = tmp_path_factory.mktemp("fork")
    assert len(swapped(root)) >= 12
    python, statements = environments.python("cdktn", REQUIREMENTS), RUN.replace(*SWAPS[1])
    text = synthesised("fork", python, root, "import cdktn", Path(__file__), REQUIREMENTS, statements=statements)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lambda_package, "build", lambda *_: ROOT / PACKAGE)
        here = disaster_recovery.read(disaster_recovery.synthesise({})).json
    return plain(here), plain(json.loads(text))


@pytest.mark.parametrize("part", ["resource", "data", "ephemeral", "output", "provider"])
def test_the_fork_synthesises_the_same(both, part):
    ours, theirs = both
    assert set(ours[part]) == set(theirs[part])
    for kind in ours[part]:
        assert theirs[part][kind] == ours[part][kind], kind


def test_the_fork_asks_for_a_provider_of_the_same_source_and_a_later_version(both):
    ours, theirs = (found["terraform"]["required_providers"]["aws"] for found in both)
    assert theirs["source"].removeprefix("hashicorp/") == ours["source"]
    assert tuple(map(int, theirs["version"].split("."))) > tuple(map(int, ours["version"].split(".")))


def test_both_ask_for_the_same_terraform(both):
    ours, theirs = both
    assert ours["terraform"]["required_version"] == theirs["terraform"]["required_version"]
    assert set(ours["terraform"]) == set(theirs["terraform"])


def test_the_comparison_sees_a_property_that_differs(both):
    ours, theirs = both
    changed = json.loads(json.dumps(theirs["resource"]))
    next(iter(changed["aws_rds_cluster"].values()))["port"] = 1
    assert changed != ours["resource"]


def test_no_registry_is_named():
    text = REQUIREMENTS.read_text(encoding="utf-8")
    assert "http" not in text
    assert text.count("--hash=sha256:") > text.count("==")
