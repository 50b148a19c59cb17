"""Loses the primary region of the disaster-recovery system on purpose: ``scripts/drill``."""

import argparse
import getpass
import importlib
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lib.common.aws_clients import cached
from lib.common.errors import ExerciseError, SettingError
from lib.disaster_recovery.drill import report, target
from lib.disaster_recovery.drill.operations import FailoverOperations
from lib.disaster_recovery.drill.scenario import Drill, DrillTarget
from lib.disaster_recovery.settings import RegionConfig, Settings
from lib.local_cloud.errors import LocalCloudError
from scripts.command_lines.drill import parse

LOCAL_CLOUD = "lib.local_cloud.systems.disaster_recovery"  # imported when it is asked for: a copy has none
TROUBLES = (SettingError, ExerciseError, LocalCloudError, BotoCoreError, ClientError)
LOCAL, AWS = (4.0, 20.0, 0.4), (60.0, 5.0, 10.0)  # seconds of each phase, payments a second, seconds between checks
CONNECT_SECONDS, READ_SECONDS, TRIES = 3, 10, 2  # of a call to AWS: a region that is lost does not answer


def tell(text: str) -> None:
    """Print a line at once."""
    print(f"  {text}", flush=True)


def show(what: str, command: str) -> None:
    """Print a step and the command that does the same."""
    print(f"  > {what}\n    $ {command}", flush=True)


def confirmed(settings: Settings, what: str, read: Callable[[str], str] = input) -> bool:
    """Ask for the name of what is about to be failed over, and return whether it was typed."""
    name = settings.name("database")
    loses = "LOSES what has not arrived in the other region. " if what in ("drill", "failover") else ""
    print(f"{what} of {name}, {settings.primary.region} and {settings.secondary.region}, in AWS. {loses}")
    return read(f"Type {name} to go on: ").strip() == name


def place(options: argparse.Namespace, stack: ExitStack) -> DrillTarget:
    """Return where to do it: the local cloud behind a proxy, or AWS."""
    if options.aws:
        settings, session = Settings.read(), boto3.session.Session()
        config = Config(
            connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": TRIES}
        )
        clients = cached(lambda service, where: cast(Any, session).client(service, region_name=where, config=config))
        outage = target.Outage(clients, settings, show)
        urls: Mapping[str, str] = {}
        if options.what == "drill":
            urls = target.addresses(clients, settings)
        steps = FailoverOperations(clients, settings, show, f"{getpass.getuser()}, scripts/drill {options.what}")
        return DrillTarget(settings, steps, urls, outage.cut, outage.restore, AWS[2])
    try:
        local = importlib.import_module(LOCAL_CLOUD)
    except ModuleNotFoundError as error:
        raise SettingError("There is no local cloud in this checkout: give --aws.") from error
    return cast(DrillTarget, local.drill_target(stack, show, LOCAL[2]))


def status(drill_target: DrillTarget) -> None:
    """Print which region writes, as each of them has it."""
    for region_config in drill_target.settings.region_configs:
        try:
            where, epoch = drill_target.steps.writer(region_config)
            print(
                f"{region_config.role} region {region_config.region}: payments are written in {where} (epoch {epoch}), "
                f"Aurora in {drill_target.steps.database_writer(region_config) or 'no region'}"
            )
            apart = drill_target.steps.writer_apart(region_config)
            if apart:
                print(f"  {apart} writer items say something else: scripts/drill writer ends a change that was begun")
        except (BotoCoreError, ClientError) as error:
            print(f"{region_config.role} region {region_config.region}: no answer ({type(error).__name__})")
        except ExerciseError as error:
            print(f"{region_config.role} region {region_config.region}: {error}")


def fail_over(steps: FailoverOperations, survivor: RegionConfig, lost: str) -> None:
    """Let a region write payments, and its Aurora everything else: neither waits for the other, or fails with it.

    Payments come first: they are down, and Aurora's failover takes minutes. What is done already is left alone, so that
    the same command goes on where the last one ended.

    Raises:
        ExerciseError: at least one of both is not done.
    """
    where, wrong = survivor.region, list[str]()
    parts: tuple[tuple[str, Callable[[], bool], Callable[[], object]], ...] = (
        (
            "payments",
            lambda: steps.writer(survivor)[0] == where and not steps.writer_apart(survivor),
            lambda: steps.move_writer(survivor, through=survivor, lost=lost),
        ),
        ("Aurora", lambda: steps.database_writer(survivor) == where, lambda: steps.fail_over(survivor)),
    )
    for name, done, do in parts:
        try:
            if done():
                tell(f"{name}: {where} writes already")
            else:
                do()
        except (ExerciseError, BotoCoreError, ClientError) as error:
            wrong.append(f"{name}: {error}")
    if wrong:
        raise ExerciseError(f"{' '.join(wrong)} The same command once more does what is not done.")


def move(drill_target: DrillTarget, options: argparse.Namespace) -> None:
    """Do a failover, a failback or a change of the writer without payments of its own.

    Raises:
        ExerciseError: a step is refused.
    """
    home, survivor = drill_target.settings.region_configs
    if options.what == "writer":
        through = [each for each in (home, survivor) if each.region == options.through]
        if not through:
            raise ExerciseError(
                f"--through {options.through} is not one of both regions: name {home.region} or {survivor.region}."
            )
        drill_target.steps.name_writer(options.to, through=through[0], lost=options.lost)
    elif options.what == "failover":
        fail_over(drill_target.steps, survivor, options.lost)
    else:
        drill_target.steps.switch_over(home, asked=survivor)
        drill_target.steps.pause(survivor, home)
        drill_target.steps.move_writer(home, through=home)


def drill(drill_target: DrillTarget, options: argparse.Namespace) -> int:
    """Do the whole drill, print the table, write the picture, and return the exit code."""
    usual = AWS if options.aws else LOCAL
    result = Drill(drill_target, options.seconds or usual[0], options.rate or usual[1], tell).run()
    for name, value in report.rows(result, drill_target.settings):
        print(f"{name:<56} {value}")
    picture = options.picture.absolute()
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_text(report.picture(result, drill_target.settings), encoding="utf-8")
    print(f"timeline: {picture}")
    if not options.aws:
        print(
            "Replication is late by what scripts/replication sets; what AWS's own lag costs is measured on AWS alone."
        )
    print("everything that is guaranteed was kept" if result.good else "NOT everything that is guaranteed was kept")
    return 0 if result.good else 1


def main(arguments: list[str], read: Callable[[str], str] = input) -> int:
    """Do what is asked for; return the exit code."""
    options = parse(arguments)
    try:
        with ExitStack() as stack:
            drill_target = place(options, stack)
            if options.what == "status":
                status(drill_target)
                return 0
            if options.aws and not confirmed(drill_target.settings, options.what, read):
                print("Not confirmed: nothing was done.", file=sys.stderr)
                return 2
            if options.what == "drill":
                return drill(drill_target, options)
            move(drill_target, options)
            status(drill_target)
            return 0
    except TROUBLES as error:
        print(f"drill: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
