"""What is committed is there in every clone: no link leads out of it."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def links(listing: str) -> list[str]:
    """Return the symbolic links of a listing by ``git ls-files --stage``: their mode is 120000."""
    return [line.partition("\t")[2] for line in listing.splitlines() if line.startswith("120000 ")]


def test_no_symbolic_link_is_committed() -> None:
    """It would lead to a folder of one machine, or not be a link on another."""
    listed = subprocess.run(["git", "ls-files", "--stage"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "README.md" in listed.stdout
    assert links(listed.stdout) == []


def test_a_link_would_be_noticed() -> None:
    """Other modes are files."""
    assert links("120000 4684ffa 0\t.venv\n100644 1111111 0\tREADME.md\n100755 2222222 0\tscripts/up\n") == [".venv"]
