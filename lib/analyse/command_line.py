"""What the auditor takes: scripts/analyse."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lib.analyse.model import SEVERITIES
from lib.analyse.options import FORMATS, RETENTIONS, STREAMS

INSTALLED = "tap-analyse"  # what pip calls the command; here it is scripts/analyse
_PORTS_HELP = (
    "a port that is sensitive, as 8443 or udp/514, repeated, in place of the default list, or with it: default"
)
_EPILOG = """\
exit status: 0 nothing found at or above --fail-on; 1 something was; 2 wrong usage, no credentials, or an error;
3 something could not be looked at (whatever was found): the report's coverage says what. Go on with --resume.
'%(prog)s iam-policy' prints the policy that the auditor needs. It only reads.
"""


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days: write one such as 30")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    command_line = argparse.ArgumentParser(
        prog=INSTALLED if Path(sys.argv[0]).name == INSTALLED else "scripts/analyse",
        description="Find volumes that nobody uses, security groups open to the world, and what CloudWatch logs cost.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command_line.add_argument
    add("command", nargs="?", choices=("audit", "iam-policy"), default="audit", help="what to do (default: audit)")
    add("--region", action="append", default=[], help="a region to look at, repeated (default: lib/AWS_REGION)")
    add("--all-regions", action="store_true", help="every region that the account has switched on")
    add("--skip-region", action="append", default=[], metavar="R", help="not this one of --all-regions, repeated")
    add("--profile", help="a profile of the AWS configuration")
    add("--role", action="append", default=[], metavar="ARN", help="a role to assume, one for each account, repeated")
    add("--organization", metavar="ROLE", help="every account of the organization, by a role that each has")
    add("--external-id", metavar="ID", help="what the roles' trust policies ask for")
    add("--check", action="append", default=[], metavar="ID", help="only this check, repeated, or all of them: all")
    add("--log-group", action="append", default=[], metavar="GLOB", help="log groups to look at, repeated (default: *)")
    add("--streams", choices=STREAMS, default="auto", help="count log streams: auto for up to 250 groups of a region")
    add("--log-tags", action="store_true", help="read the tags of log groups, for owners and the ignore file")
    add("--measure-ingestion", action="store_true", help="ask CloudWatch what log groups took in (it bills each)")
    add(
        "--retention", type=int, choices=RETENTIONS, default=365, metavar="DAYS", help="advised for logs (default: 365)"
    )
    add("--attached-only", action="store_true", help="leave out security groups that nothing uses")
    add("--sensitive-port", action="append", default=[], metavar="PORT", help=_PORTS_HELP)
    add("--older-than", type=_days, default=0, metavar="DAYS", help="leave out volumes unused for fewer days than this")
    add("--old-snapshot", type=_days, default=365, metavar="DAYS", help="from when a snapshot is old (default: 365)")
    add("--detach-times", action="store_true", help="ask CloudTrail when volumes were detached (2 calls a second)")
    add("--owner-tag", default="Owner", metavar="KEY", help="the tag that names an owner (default: Owner)")
    add("--ignore", type=Path, metavar="FILE", help="accepted findings, each with a reason and an end (TOML)")
    add("--compare", type=Path, metavar="PATH", help="an earlier report.json or its folder: tell what is new and gone")
    add("--fail-on", choices=SEVERITIES, default="low", help="the least severity that makes exit status 1")
    add("--format", action="append", default=[], choices=FORMATS, help="a report, repeated (default: json, csv, html)")
    add("--output", type=Path, default=Path("analyse-report"), metavar="FOLDER", help="where the reports are written")
    add("--resume", action="store_true", help="go on with an interrupted or incomplete run of the same options")
    add("--quiet", action="store_true", help="print nothing but errors")
    return command_line


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command and its options, as they were written."""
    return parser().parse_args(arguments)
