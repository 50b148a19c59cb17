"""Draw a system's architecture from its CloudFormation template, its Pulumi program or its Terraform configuration.

    scripts/draw kinesis-pipeline                             synthesise it, write docs/pictures/kinesis-pipeline.svg
    scripts/draw flask-api                                    run its program under Pulumi's mocks, write its picture
    scripts/draw disaster-recovery                            synthesise it, draw both of its regions
    scripts/draw flask-api --check                            only say whether the committed picture is up to date
    scripts/draw kinesis-pipeline --template FILE             draw a template that is there already

The same template gives the same bytes; no account, no region and no hashed name is in them. Settings are read from the
environment as ever, so a picture to commit is drawn without any.
Exit status: 0 done, 1 the committed picture is out of date, 2 nothing can be drawn (one sentence says why).
"""

import argparse
from collections.abc import Sequence
from pathlib import Path


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(
        prog="scripts/draw",
        description=lines[0],
        epilog="\n".join(lines[2:]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("system", metavar="SYSTEM", help="for example kinesis-pipeline")
    parser.add_argument("--template", type=Path, help="a CloudFormation template in JSON, instead of a synthesis")
    parser.add_argument(
        "--output", type=Path, help="the picture's file, instead of this checkout's docs/pictures/<system>.svg"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the picture is out of date")
    return parser.parse_args(arguments)
