"""What the AWS bindings cost when only what is used of them is imported, beside the ordinary import, in one run.

    .venv/bin/python tests/benchmarks/cdktf_import.py [ROUNDS]

Each figure is a process of its own: the import alone (Python's and Node's part of it), and a whole synthesis. A and B
take turns, each in a first run, as after an installation, and again, when Python's bytecode is there. The medians are
shown, with processor time (Python and Node), which a busy machine does not change much, and Python's largest memory.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from lib.common import node  # noqa: E402
from tests.support.disaster_recovery import make_app  # noqa: E402

ORDINARY = "import cdktf_cdktf_provider_aws"  # before the stack's own folder can arrange anything
RUNS = ("first run", "again")


def inside(ordinary: bool, outdir: str) -> None:
    """Import and synthesise in this process, and print what that took."""
    began = time.monotonic()
    if ordinary:
        exec(ORDINARY)  # pylint: disable=exec-used
    from lib.disaster_recovery import stack

    imported = time.monotonic() - began
    app = make_app(Path(outdir))
    stack.build(app, {})
    app.synth()
    total = time.monotonic() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"import s": imported, "synthesis s": total, "Python MiB": memory}))


def once(ordinary: bool, bytecode: str) -> tuple[dict[str, float], bytes]:
    """Return what one process took, and what it synthesised."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--inside", str(int(ordinary)), folder]
        environ = {**os.environ, **node.environment(), "PYTHONPYCACHEPREFIX": bytecode}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        (file,) = Path(folder).glob("stacks/*/cdk.tf.json")
        found = json.loads(done.stdout.splitlines()[-1])
        found["processor s"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return found, file.read_bytes()


def main(rounds: int) -> None:
    """Measure and print."""
    found: dict[tuple[str, bool], list[dict[str, float]]] = {}
    written = set()
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            for run in RUNS:
                for ordinary, bytecode in ((False, one), (True, two)):
                    figure, text = once(ordinary, bytecode)
                    found.setdefault((run, ordinary), []).append(figure)
                    written.add(text)
    for run in RUNS:
        print(f"{run:14}{'what is used':>14}{'ordinary':>14}{'ratio':>8}")
        for name in found[run, False][0]:
            small, large = (statistics.median(f[name] for f in found[run, which]) for which in (False, True))
            print(f"  {name:12}{small:14.2f}{large:14.2f}{large / small:8.1f}")
    print("the same to the byte" if len(written) == 1 else "DIFFERENT", f"({len(next(iter(written)))} bytes)")


if __name__ == "__main__":
    if "--inside" in sys.argv:
        inside(sys.argv[2] == "1", sys.argv[3])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
