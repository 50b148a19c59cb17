"""The drill tells a system that keeps its guarantees from one that does not: its regions are in memory."""

import pytest

from lib.common.errors import ExerciseError
from lib.disaster_recovery.drill import scenario
from lib.disaster_recovery.drill.load import Response
from lib.disaster_recovery.drill.scenario import Drill
from lib.disaster_recovery.settings import Settings
from tests.support.disaster_recovery.drill import Regions

SECONDS, RATE = 0.15, 200.0


@pytest.fixture
def run(monkeypatch):
    """Do a drill with regions that have faults; return what was measured."""

    def do(*faults):
        regions = Regions(Settings.read({}), *faults)
        monkeypatch.setattr(scenario, "HttpClient", lambda: regions)
        return Drill(regions.drill_target(), SECONDS, RATE, lambda _text: None).run(), regions

    monkeypatch.setattr(scenario, "BY_NAME", 2.0)
    return do


def test_a_sound_system_keeps_everything(run):
    result, regions = run()
    assert result.good
    assert (result.lost, result.duplicates, result.missing, result.unanswered) == ([], [], [], [])
    assert regions.told == [("closed", "")]


def test_the_figures_are_those_of_the_payments(run):
    result, _regions = run()
    before = [found.at for found in result.acknowledged if found.epoch == 0]
    after = [found.at for found in result.acknowledged if found.epoch == 1]
    assert result.rto == pytest.approx(min(after) - max(before), abs=0.05)
    assert result.stopped == max(found.at for found in result.acknowledged if found.epoch == 0)
    assert result.rpo == 0.0
    assert {found.epoch for found in result.acknowledged} == {0, 1, 3}  # 2 is the pause
    assert result.detected is not None
    assert 0 < result.detected < result.rto + 0.1


def test_events_are_in_their_order(run):
    result, _regions = run()
    wanted = [
        "payments begin",
        "the primary region is cut off",
        "Aurora writes in the surviving region",
        "the primary region is back",
        "failback begins",
        "payments end",
    ]
    assert [what for _at, what in result.events if what in wanted] == wanted
    times = [at for at, _what in result.events]
    assert times == sorted(times)


def test_payments_that_never_arrive_are_the_rpo_and_lost(run):
    result, _regions = run("unreplicated")
    assert result.missing != []
    assert result.rpo > 0
    assert set(result.missing) <= set(result.lost)
    assert not result.good


def test_a_region_that_takes_payments_after_its_return_is_found(run):
    result, _regions = run("unfenced")
    assert not result.fenced
    assert result.duplicates == [f"{result.run}-fence"]
    assert not result.good


def test_another_payment_under_a_key_is_found(run):
    result, _regions = run("twice")
    assert result.duplicates != []
    assert not result.good


def test_an_outage_that_no_check_sees_ends_the_drill_and_restores(run, monkeypatch):
    monkeypatch.setattr(scenario, "BY_NAME", 0.2)
    with pytest.raises(ExerciseError, match="never saw that the primary region is away"):
        run("blind")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: setattr(r, "whole", False), r"The primary region is unhealthy \(503\)"),
        (lambda r: setattr(r, "cut_off", True), r"The primary region is unhealthy \(no answer\)"),
        (lambda r: setattr(r, "writer", r.settings.secondary.region), "Payments are written in .*: fail back first"),
        (lambda r: setattr(r, "database", ""), "The database is written in no region"),
    ],
)
def test_half_a_system_is_not_drilled(monkeypatch, change, words):
    regions = Regions(Settings.read({}))
    change(regions)
    monkeypatch.setattr(scenario, "HttpClient", lambda: regions)
    with pytest.raises(ExerciseError, match=words):
        Drill(regions.drill_target(), SECONDS, RATE, lambda _text: None).run()


def test_a_failback_that_no_check_sees_ends_the_drill(run, monkeypatch):
    monkeypatch.setattr(scenario, "BY_NAME", 0.3)
    monkeypatch.setattr(
        Regions, "move_writer", lambda self, to, through: stay(self) if self.epoch else move(self, to.region)
    )
    with pytest.raises(ExerciseError, match="never saw that the primary region writes again"):
        run()


def test_a_survivor_that_acknowledges_nothing_ends_the_drill(run, monkeypatch):
    monkeypatch.setattr(scenario, "BY_NAME", 0.3)
    monkeypatch.setattr(Regions, "move_writer", lambda self, to, through: 7)
    with pytest.raises(ExerciseError, match="The surviving region acknowledges nothing within"):
        run()


def test_a_returned_region_that_says_something_else_is_waited_for(run, monkeypatch):
    monkeypatch.setattr(scenario, "BY_NAME", 0.3)
    send = Regions.send

    def busy(self, method, url, body=None, key=""):
        return drill_answer() if key.endswith("-fence") else send(self, method, url, body, key)

    monkeypatch.setattr(Regions, "send", busy)
    result, _regions = run()
    assert not result.fenced
    assert any("it does not know that it is passive" in what for _at, what in result.events)


def drill_answer():
    return Response(500, {})


def stay(regions):
    return regions.epoch + 1


def move(regions, where):
    regions.writer, regions.epoch = where, regions.epoch + 1
    return regions.epoch
