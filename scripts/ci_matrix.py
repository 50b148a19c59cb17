"""Prints the systems for the matrices of ci.yml, as lines for GITHUB_OUTPUT.

python3 scripts/ci_matrix.py >> "$GITHUB_OUTPUT"      systems=[all of them], then one line for each IaC tool
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import tap  # pylint: disable=wrong-import-position  # after the path


def lines() -> list[str]:
    """Return ``systems`` and the IaC tools, each with the names of its systems as a JSON array."""
    groups = {"systems": list(tap.SYSTEMS)}
    groups |= {
        tool: [name for name, system in tap.SYSTEMS.items() if system.iac_tool == tool] for tool in tap.IAC_TOOLS
    }
    return [f"{group}={json.dumps(names)}" for group, names in groups.items()]


if __name__ == "__main__":
    print(*lines(), sep="\n")
