"""The pipeline's document shows what the simulation finds with the stack's settings: its picture, and its table."""

from dataclasses import replace
from pathlib import Path

import pytest

from lib.kinesis_pipeline.settings import Settings
from lib.kinesis_pipeline.simulation import cli, picture, report
from lib.kinesis_pipeline.simulation.model import simulate
from lib.kinesis_pipeline.simulation.plant import Demand, Plant

DOCS = Path(__file__).resolve().parents[2] / "docs"
AWAY = (cli.BEGIN, cli.BEGIN + 600)


@pytest.fixture(scope="module")
def text():
    """The document."""
    return (DOCS / "systems" / "kinesis-pipeline.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pictured():
    """The runs of the picture."""
    return cli.pictured(Plant.of(Settings.read({})))


def row(what, run):
    oldest = max(age for _at, age in run.ages)
    again = "not within 15 min" if run.caught_up is None else report.duration(run.caught_up)
    return f"| {what} | {report.duration(oldest)} | {again} |"


def test_the_picture_is_what_is_found(pictured):
    found = (DOCS / "pictures" / "kinesis-pipeline-outage.svg").read_text(encoding="utf-8")
    assert found == picture.draw(pictured, cli.TITLE)


def test_the_table_has_the_loads_of_the_picture(pictured, text):
    for what, run in pictured.items():
        assert row(what, run) in text


@pytest.mark.parametrize("seconds", [0.005, 0.1])
def test_the_table_has_what_lambdas_own_time_does(seconds, text):
    plant = replace(Plant.of(Settings.read({})), invocation_seconds=seconds)
    run = simulate(plant, Demand(500, 1800, AWAY))
    assert row(f"500 events a second, 1 shard, {seconds * 1000:g} ms for Lambda", run) in text
