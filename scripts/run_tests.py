"""Everything that a commit has to pass: ``scripts/test``."""

import subprocess
import sys

from scripts import lints
from scripts.command_lines.run_tests import FAST, parse
from scripts.lints import ROOT, Check

# Three on two cores: one of them waits most of the time, for Terraform.
PYTEST = [sys.executable, "-W", "error", "-m", "pytest", "-n", "3", "--no-loadscope-reorder", "-q"]
COVERAGE = ["--cov", "--cov-report=term-missing:skip-covered", "--durations=10"]
DEPLOYING = "tests/integration"  # the one kind of test that deploys


def main(arguments: list[str]) -> int:
    """Run everything, what needs no deployment, or the tests that are named; return the exit code."""
    asked = parse(arguments)
    if FAST in asked:
        asked.remove(FAST)
        tests = Check("tests without a deployment", [[*PYTEST, f"--ignore={DEPLOYING}", *asked]], {})
        return lints.verdict([lints.style(), lints.types(), lints.lint(lints.changed()), tests])
    if asked:
        return subprocess.run([*PYTEST, *asked], cwd=ROOT, env=lints.environment({}), check=False).returncode
    return lints.verdict([lints.style(), Check("tests", [[*PYTEST, *COVERAGE]], {}), lints.types(), lints.lint()])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
