"""Environments of their own, for packages that do not fit beside the repository's, from pinned and hashed lists."""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from uv import find_uv_bin  # an import, so that a copy of a system has the package too

ROOT = Path(__file__).resolve().parents[2]
UV = find_uv_bin()


def python(name: str, requirements: Path) -> Path:
    """Return the Python of an environment with these packages, which is made when there is none of the same list.

    Args:
        name: the environment's name in ``.local``.
        requirements: the list, as ``uv pip compile --generate-hashes`` writes it.
    """
    version = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = ROOT / ".local" / f"{name}-{version}"
    if not folder.is_dir():
        folder.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            made = Path(scratch) / "environment"
            subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, made], check=True)
            install = [UV, "pip", "install", "--quiet", "--python", made / "bin" / "python", "--require-hashes"]
            subprocess.run([*install, "--requirements", requirements], check=True)
            try:
                os.rename(made, folder)
            except OSError:
                if not folder.is_dir():  # otherwise another process was first, with the same list
                    raise
    return folder / "bin" / "python"
