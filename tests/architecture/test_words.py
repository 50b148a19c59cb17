"""Code, tests and documents use AWS's and the field's own words, and point to nothing that is not in the repository."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What a reader would have to learn or look up, and what to write instead.
WORDS = {
    r"mend(s|ed|ing)?": "fix",
    r"dear(er|est)?": "expensive",
    r"grav(e|er|est|ity)": "severe, severity",
    r"spoil(t|s)?": "invalid",
    r"for ever": "forever",
    r"heal(s|ed|ing)?": "restore, recover",
    r"set[ _]aside": "quarantine",
    r"is no (switch|flag|port|class|address|name)\b": "is not a valid ...",
    r"without a remainder": "nothing left behind",
    r"class (World|Gate|Place|Kind|Ledger|Watch|Wish|Spool|Tally|Pace|Act)\b": "AWS's or the tool's term",
}
FORBIDDEN = {re.compile(rf"\b{pattern}\b", re.IGNORECASE): instead for pattern, instead in WORDS.items()}
# "(X6)", or "A1-A3:" at the beginning: a list of requirements that readers do not have.
CODE = re.compile(
    r'"""[A-Z]\d{1,2}(-[A-Z]?\d{1,2})?(, [A-Z]\d{1,2})*:|\((?!X11\))[A-FKPX]\d{1,2}((, | to |-)[A-Z]?\d{1,2})*\)'
)


def problems(text: str) -> Iterator[tuple[int, str]]:
    """Yield the number of each line that has such a word or code, and what to do about it."""
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, instead in FORBIDDEN.items():
            if found := pattern.search(line):
                yield number, f"{found[0]!r}: write {instead}"
        if found := CODE.search(line):
            yield number, f"{found[0]!r} points to a list that is not in the repository: say what is required"


def files() -> list[Path]:
    """Return what people write and read here; not this file, which has the words."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = [ROOT / name for name in listed.stdout.splitlines()]
    return [path for path in found if path.is_file() and path != Path(__file__).resolve()]


def test_no_file_has_words_of_its_own():
    found = {
        f"{path.relative_to(ROOT)}:{number}": problem
        for path in files()
        for number, problem in problems(path.read_text(encoding="utf-8"))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "# its cause is mended",
        "def heal(self):",
        "class World:",
        '    """Nothing is lost (X6)."""',
        '"""A1-A3: prices."""',
        'raise SettingError(f"{name} is no port")',
        "it keeps logs for ever",
    ],
)
def test_a_word_of_ones_own_is_found(line):
    assert len(list(problems(f"first line\n{line}\n"))) == 1


@pytest.mark.parametrize("line", ["gravel", "# healthy", "class KindOf:", "x = (S3)", "EC2: a service", "mendacious"])
def test_other_words_are_not(line):
    assert list(problems(line)) == []
