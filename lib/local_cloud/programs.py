"""The programs that the local cloud starts in processes of their own: each by its module's name, or as a file.

What starts which of them, and why in a process: README.md beside this file.
"""

import sys
from pathlib import Path

FOLDER = Path(__file__).parent
CDK_APP = "lib.local_cloud.cdk.app"
CDKTF_APP = "lib.local_cloud.cdktf.app"
PULUMI_APPLY = "lib.local_cloud.pulumi.in_process.apply"
AUDITOR = "lib.analyse"
# As files, with -P: the modules beside them are none of their own, and they need none of this checkout.
MINISTACK = FOLDER / "servers" / "ministack_main.py"
TERRAFORM = FOLDER / "cdktf" / "terraform_main.py"


def command(program: str | Path, *arguments: str) -> list[str]:
    """Return the command of a program, in this environment's Python."""
    how = ["-m", program] if isinstance(program, str) else ["-P", str(program)]
    return [sys.executable, *how, *arguments]
