"""How long the pipeline takes to synthesise, beside an empty CDK app, in one run.

    .venv/bin/python tests/benchmarks/synthesis.py [ROUNDS]

Each figure is a whole process: Python, imports, Node, synthesis. A and B take turns; the medians are shown.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from lib.common import node  # noqa: E402

EMPTY = """
import aws_cdk
app = aws_cdk.App()
aws_cdk.CfnWaitConditionHandle(aws_cdk.Stack(app, "Empty"), "Handle")
app.synth()
"""
COMMANDS = {"kinesis-pipeline": [str(ROOT / "tap.py"), "cdk"], "empty app": ["-c", EMPTY]}


def once(arguments: list[str]) -> float:
    """Return the seconds that one synthesis takes."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, **node.environment(), "CDK_OUTDIR": folder, "TAP_SYSTEM": "kinesis-pipeline"}
        began = time.monotonic()
        subprocess.run([sys.executable, *arguments], env=environ, check=True, cwd=ROOT)
        return time.monotonic() - began


def main(rounds: int) -> None:
    """Measure and print."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(rounds + 1):
        for name, arguments in COMMANDS.items():
            seconds = once(arguments)
            if number:  # the first round warms the disk's cache
                times[name].append(seconds)
    for name, found in times.items():
        print(f"{name:18} median {statistics.median(found):5.2f} s   min {min(found):5.2f}   max {max(found):5.2f}")
    pairs = zip(times["kinesis-pipeline"], times["empty app"], strict=True)
    print(f"ratio              median {statistics.median(a / b for a, b in pairs):5.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
