"""A simulation is read as a table by the minute, sentences, data, alarms that begin and end, and a picture."""

import json
import re
import runpy
import sys
from xml.etree import ElementTree

import pytest

from lib.kinesis_pipeline.simulation import cli, picture, report
from lib.kinesis_pipeline.simulation.model import Minute, Run, simulate
from lib.kinesis_pipeline.simulation.plant import Demand, Plant

SHORT = ["--lasts", "15m", "--away", "6m"]
OUTAGE = Demand(100, 1500, (300, 900))


def run_of(*minutes):
    return Run(Plant(), OUTAGE, list(minutes))


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([Minute(age=301.0)] * 2, []),
        ([Minute(age=300.0)] * 9, []),
        ([Minute(age=301.0)] * 3, [("iterator-age", 3, None)]),
        ([*[Minute(age=301.0)] * 4, Minute(age=1.0)], [("iterator-age", 3, 5)]),
        ([*[Minute(age=301.0)] * 4, Minute()], [("iterator-age", 3, 5)]),
        ([Minute(errors=1), Minute(), Minute(errors=1)], []),
        ([Minute(errors=1)] * 2, [("consumer-errors", 2, None)]),
        ([Minute(quarantined=1), Minute()], [("set-aside", 1, 2), ("failure-bucket", 1, 2)]),
        ([Minute(given_up=1)], [("failure-bucket", 1, None)]),
    ],
)
def test_alarms_begin_and_end_as_cloudwatchs_do(minutes, expected):
    assert report.alarms(run_of(*minutes)) == expected


@pytest.mark.parametrize(("seconds", "words"), [(0, "0 s"), (119, "119 s"), (120, "2.0 min"), (605, "10.1 min")])
def test_times_are_short(seconds, words):
    assert report.duration(seconds) == words


def test_the_summary_answers_what_one_asks():
    found = "\n".join(report.summary(simulate(Plant(), OUTAGE)))
    assert re.search(r"on time again: \d+ s after its return\.", found)
    assert "100 events a second, 1 shard, batches of 100." in found
    assert re.search(r"Alarm iterator-age: from minute 1\d to minute 1\d\.", found)
    assert "lost 0, waiting" in found


def test_an_outage_that_is_not_made_up_for_is_said():
    found = report.summary(simulate(Plant(shards=2), Demand(100, 600, (300, 900))))
    assert any("on time again: not within the simulation." in line for line in found)
    assert any("2 shards" in line for line in found)


def test_without_an_outage_nothing_is_said_of_one():
    assert not [line for line in report.summary(simulate(Plant(), Demand(10, 120))) if "database" in line]


def test_silence_is_an_empty_cell():
    (row,) = report.rows(run_of(Minute()))
    assert row == ("1", "0", "0", "0", "", "", "", "", "")


def test_the_command_prints_a_row_a_minute(capsys):
    assert cli.main(SHORT, {}) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[0].split()[:3] == ["minute", "sent", "stored"]
    assert re.search(r"^ +15 ", printed, re.MULTILINE)


def test_the_command_prints_data(capsys):
    assert (
        cli.main([*SHORT, "--json", "--load", "0.2x", "--burst", "3x", "--poison", "2%", "--invocation", "0.1s"], {})
        == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert len(found["minutes"]) == 15
    assert sum(minute["quarantined"] for minute in found["minutes"]) > 0
    assert found["caught_up_seconds"] > 0


def test_an_outage_of_no_time_is_none(capsys):
    assert cli.main(["--lasts", "2m", "--away", "0s"], {}) == 0
    assert "Without its database" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (["--load", "much"], "'much' is no multiple: write for example 10x"),
        (["--poison", "101%"], "'101%' is no share: write for example 1%"),
        (["--away", "10"], "'10' is no time: write for example 90s, 10m or 2h"),
    ],
)
def test_the_command_refuses_what_it_does_not_understand(words, wrong, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(words, {})
    assert stopped.value.code == 2
    assert wrong in capsys.readouterr().err


def test_a_setting_that_is_refused_is_said(capsys):
    assert cli.main([], {"STREAM_SHARDS": "0"}) == 2
    assert "STREAM_SHARDS='0' is refused" in capsys.readouterr().err


def test_the_module_is_a_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["simulation", "--lasts", "1m"])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_module("lib.kinesis_pipeline.simulation", run_name="__main__")
    assert stopped.value.code == 0
    assert "events a second" in capsys.readouterr().out


def test_a_picture_has_a_line_for_each_load_and_says_when_there_is_no_database():
    runs = {"few": simulate(Plant(), OUTAGE), "many & more": simulate(Plant(), Demand(300, 1500, (300, 900)))}
    drawn = picture.draw(runs, "Waiting")
    tree = ElementTree.fromstring(drawn)
    names = [element.tag.rpartition("}")[2] for element in tree.iter()]
    assert names.count("polyline") == 2
    texts = [element.text for element in tree.iter() if element.text]
    assert {"few", "many & more", "no database", "alarm", "Waiting"} <= set(texts)
    assert "prefers-color-scheme:dark" in drawn


def test_a_calm_picture_has_neither_outage_nor_alarm():
    drawn = picture.draw({"calm": simulate(Plant(), Demand(10, 120))}, "Calm")
    assert "no database" not in drawn
    assert "alarm" not in drawn


@pytest.mark.parametrize(("span", "step"), [(5, 1), (30, 5), (61, 10), (5000, 120)])
def test_axes_have_few_marks(span, step):
    assert picture.step(span) == step


def test_the_picture_of_the_document_has_ten_and_a_hundred_times_the_load(monkeypatch, tmp_path, capsys):
    asked = []

    def quick(plant, demand):
        asked.append((plant.shards, demand.rate, demand.away[1] - demand.away[0]))
        return run_of(Minute(age=1.0))

    monkeypatch.setattr(cli, "simulate", quick)
    file = tmp_path / "picture.svg"
    assert cli.main(["--picture", str(file)], {}) == 0
    assert asked == [(1, 500, 600), (10, 5000, 600), (100, 50_000, 600)]
    assert str(file) in capsys.readouterr().out
    assert "50,000 events a second, 100 shards" in file.read_text(encoding="utf-8")
