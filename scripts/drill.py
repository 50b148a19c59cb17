"""Loses the primary region of the disaster-recovery system on purpose, and measures what that costs.

scripts/drill                    the whole drill, on the local cloud (scripts/up disaster-recovery before it)
scripts/drill failover           only the failover: Aurora and the payments go to the secondary region
scripts/drill failback           only the failback: they return to the primary region, without loss
scripts/drill status             which region writes
scripts/drill ... --aws          the same in the AWS account of the environment, after a typed confirmation

Exit code: 0 everything guaranteed was kept, 1 it was not or a step failed, 2 wrong usage or not confirmed.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

# pylint: disable=wrong-import-position
from lib.common.errors import ExerciseError, SettingError
from lib.disaster_recovery.drill import report, target
from lib.disaster_recovery.drill.operations import Steps
from lib.disaster_recovery.drill.scenario import Drill, World
from lib.disaster_recovery.drill.tcp_proxy import Gate
from lib.disaster_recovery.settings import Settings
from lib.local_cloud.cloud import ROOT, LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.systems import disaster_recovery as local

# pylint: enable=wrong-import-position

PICTURE = ROOT / ".local" / "drill.svg"
TROUBLES = (SettingError, ExerciseError, LocalCloudError, BotoCoreError, ClientError)
LOCAL, AWS = (4.0, 20.0, 0.4), (60.0, 5.0, 10.0)  # seconds of each phase, payments a second, seconds between checks
WHAT = ("drill", "failover", "failback", "status")


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return what is asked for."""
    parser = argparse.ArgumentParser(prog="scripts/drill", description="Loses a region on purpose, and measures.")
    parser.add_argument("what", nargs="?", choices=WHAT, default="drill")
    parser.add_argument("--aws", action="store_true", help="in AWS, after a confirmation; otherwise the local cloud")
    parser.add_argument("--seconds", type=float, help="of payments before, during and after")
    parser.add_argument("--rate", type=float, help="payments a second")
    parser.add_argument("--picture", type=Path, default=PICTURE, help="where the timeline is written (SVG)")
    options = parser.parse_args(arguments)
    if min(options.seconds or 1, options.rate or 1) <= 0:
        parser.error("--seconds and --rate are more than 0")
    return options


def tell(text: str) -> None:
    """Print a line at once."""
    print(f"  {text}", flush=True)


def show(what: str, command: str) -> None:
    """Print a step and the command that does the same."""
    print(f"  > {what}\n    $ {command}", flush=True)


def confirmed(settings: Settings, what: str, read: Callable[[str], str] = input) -> bool:
    """Ask for the name of what is about to be failed over, and return whether it was typed."""
    name = settings.name("database")
    loses = "LOSES what has not arrived in the other region. " if what != "failback" else ""
    print(f"{what} of {name}, {settings.primary.region} and {settings.secondary.region}, in AWS. {loses}")
    return read(f"Type {name} to go on: ").strip() == name


def place(options: argparse.Namespace, stack: ExitStack) -> World:
    """Return where to do it: the local cloud behind a gate, or AWS."""
    if options.aws:
        settings, session = Settings.read(), boto3.session.Session()
        clients = cache(lambda service, where: session.client(service, region_name=where))
        outage = target.Outage(clients, settings, show)
        urls: Mapping[str, str] = {}
        if options.what == "drill":
            urls = target.addresses(clients, settings)
        steps = Steps(clients, settings, show, "scripts/drill")
        return World(settings, steps, urls, outage.cut, outage.heal, AWS[2])
    cloud = LocalCloud.read()
    if not cloud.emulator.healthy():
        raise LocalCloudError(f"No local cloud answers on port {cloud.port}: run scripts/up disaster-recovery first.")
    settings = local.settings()
    found: Callable[..., Any] = cache(cloud.client)
    gates = {side.role: stack.enter_context(Gate(cloud.port)) for side in settings.sides}
    ids = {side.role: target.api(found, settings, side) for side in settings.sides}
    urls = {role: local.address(gate.port, ids[role]) for role, gate in gates.items()}
    gate = gates[settings.primary.role]
    return World(
        settings,
        Steps(found, settings, show, "scripts/drill", settle_seconds=LOCAL[2]),
        urls,
        gate.cut,
        gate.heal,
        LOCAL[2],
    )


def status(world: World) -> None:
    """Print which region writes, as each of them has it."""
    for side in world.settings.sides:
        try:
            where, epoch = world.steps.writer(side)
            print(
                f"{side.role} region {side.region}: payments are written in {where} (epoch {epoch}), "
                f"Aurora in {world.steps.database_writer(side) or 'no region'}"
            )
        except (BotoCoreError, ClientError) as error:
            print(f"{side.role} region {side.region}: no answer ({type(error).__name__})")


def move(world: World, what: str) -> None:
    """Do a failover or a failback without payments of its own."""
    home, survivor = world.settings.sides
    if what == "failover":
        world.steps.fail_over(survivor)
        world.steps.move_writer(survivor, through=survivor)
    else:
        world.steps.switch_over(home, asked=survivor)
        world.steps.pause(survivor, home)
        world.steps.move_writer(home, through=home)


def drill(world: World, options: argparse.Namespace) -> int:
    """Do the whole drill, print the table, write the picture, and return the exit code."""
    usual = AWS if options.aws else LOCAL
    result = Drill(world, options.seconds or usual[0], options.rate or usual[1], tell).run()
    for name, value in report.rows(result, world.settings):
        print(f"{name:<56} {value}")
    options.picture.parent.mkdir(parents=True, exist_ok=True)
    options.picture.write_text(report.picture(result, world.settings), encoding="utf-8")
    print(f"timeline: {options.picture}")
    if not options.aws:
        print("Replication of the emulator takes no time: what a real lag costs is measured on AWS alone.")
    print("everything that is guaranteed was kept" if result.good else "NOT everything that is guaranteed was kept")
    return 0 if result.good else 1


def main(arguments: list[str], read: Callable[[str], str] = input) -> int:
    """Do what is asked for; return the exit code."""
    options = parse(arguments)
    try:
        with ExitStack() as stack:
            world = place(options, stack)
            if options.what == "status":
                status(world)
                return 0
            if options.aws and not confirmed(world.settings, options.what, read):
                print("Not confirmed: nothing was done.", file=sys.stderr)
                return 2
            if options.what == "drill":
                return drill(world, options)
            move(world, options.what)
            status(world)
            return 0
    except TROUBLES as error:
        print(f"drill: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
