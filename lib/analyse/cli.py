"""The command line: python -m lib.analyse, or scripts/analyse."""

import argparse
import io
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from lib.analyse import discovery, policy, sensitive_ports
from lib.analyse.aws import role_account
from lib.analyse.model import SEVERITIES
from lib.analyse.options import FORMATS, RETENTIONS, STREAMS, Options, check_accounts, check_regions, check_skipped
from lib.common import region
from lib.common.errors import SettingError

ALL_CHECKS = "all"
_PORTS_HELP = (
    "a port that is sensitive, as 8443 or udp/514, repeated, in place of the default list, or with it: default"
)
_EPILOG = """\
exit status: 0 nothing found at or above --fail-on; 1 something was; 2 wrong usage, no credentials, or an error;
3 something could not be looked at (whatever was found): the report's coverage says what. Go on with --resume.
'analyse iam-policy' prints the policy that the auditor needs. It only reads.
"""


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days: write one such as 30")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    command_line = argparse.ArgumentParser(
        prog="analyse",
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


def options(arguments: Sequence[str] | None = None) -> tuple[str, Options]:
    """Return the command and its options.

    Raises:
        SettingError: a value that is refused.
        SystemExit: what argparse refuses itself (status 2).
    """
    given = parser().parse_args(arguments)
    known = [check.id for check in discovery.checks()]
    for name in given.check:
        if name not in (*known, ALL_CHECKS):
            raise SettingError(f"--check {name!r} is unknown: use one of {', '.join(known)}, or {ALL_CHECKS}.")
    if given.region and given.all_regions:
        raise SettingError("--region and --all-regions exclude each other: leave one out.")
    for role in given.role:
        role_account(role)
    check_accounts(given.role, given.organization, given.external_id)
    sensitive_ports.parse(given.sensitive_port)
    formats = ["json", *(given.format or ["csv", "html"])]  # report.json is what a resumed run and a reader trust
    return given.command, Options(
        regions=check_regions(given.region),
        all_regions=given.all_regions,
        default_region=not (given.region or given.all_regions),
        profile=given.profile,
        roles=tuple(given.role),
        organization=given.organization,
        external_id=given.external_id,
        skip_regions=check_skipped(given.skip_region, all_regions=given.all_regions),
        log_groups=tuple(given.log_group) or ("*",),
        streams=given.streams,
        log_tags=given.log_tags,
        measure_ingestion=given.measure_ingestion,
        retention=given.retention,
        sensitive_ports=tuple(given.sensitive_port),
        attached_only=given.attached_only,
        older_than=given.older_than,
        old_snapshot=given.old_snapshot,
        detach_times=given.detach_times,
        owner_tag=given.owner_tag,
        checks=tuple(known) if ALL_CHECKS in given.check else tuple(given.check),
        ignore=given.ignore,
        compare=given.compare,
        fail_on=given.fail_on,
        formats=tuple(dict.fromkeys(formats)),
        output=given.output,
        resume=given.resume,
        quiet=given.quiet,
    )


def leave(code: int) -> None:
    """End the program now: at its ordinary end Python would wait for calls that hang."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    os._exit(code)


def _tolerant() -> None:
    """Let no character that a terminal cannot show end the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    """Let ctrl-C and a polite kill end the run between two calls with its reports, and a second one at once."""

    def stopped(*_: object) -> None:
        if stop.is_set():
            leave(3)  # report.json is there, and says that the run was incomplete
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(name, stopped) for name in names]
    try:
        yield
    finally:
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler)


def now() -> datetime:
    """Return the time at which a run begins, aware."""
    return datetime.now(UTC)


def _audit(chosen: Options) -> int:
    from lib.analyse import terminal
    from lib.analyse.run import Run

    screen = terminal.Screen(sys.stdout, sys.stderr, quiet=chosen.quiet)
    run = Run(chosen, now(), progress=screen.progress)
    with _signals(run.stop):
        code = run.audit()
    screen.summary(run)
    if run.abandoned:
        leave(code)
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says and return the exit status."""
    _tolerant()
    try:
        command, chosen = options(arguments)
        if command == "iam-policy":
            partition = region.partition(chosen.regions[0])
            print(
                json.dumps(
                    policy.document(discovery.collectors().values(), partition, chosen.roles, chosen.organization),
                    indent=2,
                )
            )
            return 0
        return _audit(chosen)
    except SettingError as error:
        print(f"analyse: {error}", file=sys.stderr)
    except OSError as error:
        name = error.filename or "a file or connection"
        print(f"analyse: {name} cannot be used: {error.strerror or error}.", file=sys.stderr)
    except Exception as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught  # Python would exit with 1
        traceback.print_exc()
        print(f"analyse: unexpected {type(error).__name__}, an error of the auditor itself: {error}.", file=sys.stderr)
    return 2
