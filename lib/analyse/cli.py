"""The command line: python -m lib.analyse, or scripts/analyse."""

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

from lib.analyse import discovery, policy, sensitive_ports
from lib.analyse.aws import role_account
from lib.analyse.command_line import parse
from lib.analyse.options import Options, check_accounts, check_regions, check_skipped
from lib.common import region
from lib.common.errors import SettingError

ALL_CHECKS = "all"


def options(arguments: Sequence[str] | None = None) -> tuple[str, Options]:
    """Return the command and its options.

    Raises:
        SettingError: a value that is refused.
        SystemExit: what argparse refuses itself (status 2).
    """
    given = parse(arguments)
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
