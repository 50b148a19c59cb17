"""What a synthesis is compared with: made in another process, which is slow, and kept as long as its sources stay."""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from lib.common import node

ROOT = Path(__file__).resolve().parents[3]
KEPT = ROOT / ".local" / "disaster-recovery"
SOURCES = ("lib/common", "lib/disaster_recovery", "lib/AWS_REGION", "lib/AWS_REGION_DR")
# Any file will do as a package: what is compared is the stack, and the functions' code changes more often.
PACKAGE = "lib/AWS_REGION"
APART = ("drill", "exercise")  # what is done with a deployed stack
RUN = (
    "from pathlib import Path; from lib.common import lambda_package; "
    f"lambda_package.build = lambda *_: Path(sys.argv[1]) / {PACKAGE!r}; "
    "from lib.disaster_recovery import stack; from cdktf import App; "
    "app = App(outdir=sys.argv[2]); stack.build(app, {}); app.synth()"
)


def files() -> Iterator[Path]:
    """Yield every file that a synthesis depends on."""
    for source in SOURCES:
        path = ROOT / source
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        kept = (file for file in found if file.is_file() and "__pycache__" not in file.parts)
        yield from (file for file in kept if not file.name.startswith(APART))


def digest(*more: Path) -> str:
    """Return a name for the sources as they are, with the packages' versions and this Python's."""
    text = hashlib.sha256(sys.version.encode())
    for file in (*files(), ROOT / "requirements.lock", *more):
        text.update(f"{file.relative_to(ROOT)} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return text.hexdigest()[:16]


def synthesised(name: str, python: Path, root: Path, before: str, *more: Path, statements: str = RUN) -> bytes:
    """Return what another process synthesises, of now or of an earlier run with the same sources.

    Args:
        name: what is kept is called so.
        python: the interpreter.
        root: the repository, or a changed copy of it.
        before: a statement that is run first.
        more: files besides the sources that it depends on.
        statements: how it is synthesised.
    """
    target = KEPT / f"{name}-{digest(Path(__file__), *more)}.json"
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            run(python, root, f"{before}; {statements}", folder)
            (file,) = Path(folder).glob("stacks/*/cdk.tf.json")
            os.replace(file, target)
    return target.read_bytes()


def run(python: Path, root: Path, statements: str, *arguments: str) -> str:
    """Run statements in another process, with nothing of this one's environment that could matter."""
    environ = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ} | node.environment()
    environ |= {name: os.environ[name] for name in ("JSII_NODE",) if name in os.environ}
    code = f"import sys; sys.path.insert(0, sys.argv[1]); {statements}"
    command: Sequence[str] = [str(python), "-c", code, str(root), *arguments]
    done = subprocess.run(command, env=environ, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
