"""The command line of the simulation."""

import argparse
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lib.common.errors import SettingError
from lib.kinesis_pipeline.settings import Settings
from lib.kinesis_pipeline.simulation import report
from lib.kinesis_pipeline.simulation.model import MINUTE, Run, simulate
from lib.kinesis_pipeline.simulation.picture import draw
from lib.kinesis_pipeline.simulation.plant import Demand, Plant

LOAD = 0.5  # of what the shards take
FACTORS = (1, 10, 100)
BEGIN = 5 * MINUTE  # of an outage
TITLE = "Ten minutes without a database: how long events wait"


def _times(word: str) -> float:
    return _number(word, r"(\d+(?:\.\d+)?)x?", "is no multiple: write for example 10x")


def _percent(word: str) -> float:
    return _number(word, r"(\d{1,2}(?:\.\d+)?|100)%?", "is no share: write for example 1%") / 100


def _seconds(word: str) -> float:
    units = {"s": 1, "m": MINUTE, "h": 60 * MINUTE}
    number = _number(word, r"(\d+(?:\.\d+)?)[smh]", "is no time: write for example 90s, 10m or 2h")
    return number * units[word[-1]]


def _number(word: str, pattern: str, wrong: str) -> float:
    found = re.fullmatch(pattern, word)
    if not found:
        raise argparse.ArgumentTypeError(f"{word!r} {wrong}")
    return float(found[1])


def parser() -> argparse.ArgumentParser:
    """Return what the command takes."""
    made = argparse.ArgumentParser(
        prog="python -m lib.kinesis_pipeline.simulation",
        description="Simulate the pipeline with the settings of the environment: what a load, a burst, poison or an "
        "outage of the database does to it. Nothing is deployed, and nothing is asked.",
    )
    made.add_argument("--load", type=_times, default=1.0, help="times half of what the shards take, for example 1.5x")
    made.add_argument("--away", type=_seconds, default=600.0, help="outage of the database (10m)")
    made.add_argument("--lasts", type=_seconds, default=3600.0, help="what is simulated (1h)")
    made.add_argument("--poison", type=_percent, default=0.0, help="share of poison records, for example 1%%")
    made.add_argument(
        "--burst", type=_times, default=1.0, help="times the load, in the first ten seconds of each minute"
    )
    made.add_argument(
        "--invocation", type=_seconds, help="an assumption: from a full batch to the function's begin (0.02s)"
    )
    made.add_argument("--seed", type=int, default=1, help="of chance")
    made.add_argument("--json", action="store_true", help="data instead of a table")
    made.add_argument(
        "--picture", type=Path, help="draw ten minutes without a database at 1, 10 and 100 times the load"
    )
    return made


def pictured(plant: Plant) -> dict[str, Run]:
    """Return the runs of the picture: as many times the shards as the load, and the same database."""
    found = dict[str, Run]()
    for factor in FACTORS:
        larger = replace(plant, shards=plant.shards * factor)
        rate = LOAD * larger.shard_rate * larger.shards
        run = simulate(larger, Demand(rate, 30 * MINUTE, (BEGIN, BEGIN + 10 * MINUTE)))
        shards = f"{larger.shards} shard{'s' if larger.shards > 1 else ''}"
        found[f"{rate:,.0f} events a second, {shards}"] = run
    return found


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Simulate, print, and return 0; 2 for a setting that is refused.

    Args:
        arguments: of the command line.
        environ: of the settings; that of the process if it is left out.
    """
    chosen = parser().parse_args(arguments)
    try:
        plant = Plant.of(Settings.read(os.environ if environ is None else environ))
    except SettingError as error:
        print(error, file=sys.stderr)
        return 2
    if chosen.picture:
        chosen.picture.write_text(draw(pictured(plant), TITLE), encoding="utf-8")
        print(f"Drawn: {chosen.picture.resolve()}")
        return 0
    if chosen.invocation is not None:
        plant = replace(plant, invocation_seconds=chosen.invocation)
    demand = Demand(
        chosen.load * LOAD * plant.shard_rate * plant.shards,
        chosen.lasts,
        (BEGIN, BEGIN + chosen.away) if chosen.away else (0, 0),
        chosen.poison,
        chosen.burst,
        10 if chosen.burst > 1 else 0,
        chosen.seed,
    )
    run = simulate(plant, demand)
    print(json.dumps(report.as_json(run), indent=1) if chosen.json else report.text(run), end="")
    return 0
