"""The table and the picture say what was measured, and what was not."""

import xml.etree.ElementTree as ET

import pytest

from lib.disaster_recovery.drill import report
from lib.disaster_recovery.drill.load import Acknowledged
from lib.disaster_recovery.drill.scenario import Result
from lib.disaster_recovery.settings import Settings


@pytest.fixture
def settings():
    return Settings.read({})


@pytest.fixture
def result(settings):
    home, survivor = (region_config.region for region_config in settings.region_configs)
    paid = [(0.5, home, 0, 1), (1.0, home, 0, 1), (3.5, survivor, 1, 4), (5.0, home, 2, 1)]
    return Result(
        run="drill-1",
        rate=2.0,
        end=6.0,
        rto=2.5,
        stopped=1.0,
        detected=1.0,
        taken_over=0.5,
        taken_back=1.5,
        rpo=0.0,
        fenced=True,
        events=[(0.1, "payments begin"), (5.9, "payments <end>")],
        refused={"503 region_passive": 3},
        acknowledged=[Acknowledged(f"k{at}", f"p{at}", *where, at, at, tries) for at, *where, tries in paid],
    )


def test_the_table_has_the_figures(result, settings):
    said = dict(report.rows(result, settings))
    assert said["RTO: last acknowledged before, first after"] == "2.50 s"
    assert said["payments acknowledged"].startswith("4 at 2 a second: 3 in the primary region, 1 in the secondary")
    assert said["sent more than once with the same key"] == "1 payments; refusals: 3 x 503 region_passive"
    assert said["lost: acknowledged, and not in both regions"] == "0"


def test_what_was_not_measured_has_no_figure(settings):
    said = dict(report.rows(Result("drill-2", 1.0), settings))
    assert said["RTO: last acknowledged before, first after"] == "not measured"
    assert said["sent more than once with the same key"].endswith("refusals: none")
    assert said["the returned region refused payments"] == "NO"


@pytest.mark.parametrize(
    ("missing", "said"), [([], "0 payments"), (["a", "b"], "2 payments, the oldest 0.40 s before the cut")]
)
def test_the_rpo_is_payments_and_their_age(result, settings, missing, said):
    result.missing, result.rpo = missing, 0.4
    assert dict(report.rows(result, settings))["RPO: acknowledged before the cut, missing at takeover"] == said


@pytest.mark.parametrize(("count", "end"), [(3, "k2"), (9, "...")])
def test_lost_payments_are_named(result, settings, count, end):
    result.lost = [f"k{number}" for number in range(count)]
    said = dict(report.rows(result, settings))["lost: acknowledged, and not in both regions"]
    assert said.startswith(f"{count}: k0, ")
    assert said.endswith(end)
    assert not result.good


def test_the_picture_is_a_whole_one_and_needs_nothing_from_elsewhere(result, settings):
    text = report.picture(result, settings)
    root = ET.fromstring(text)  # our own
    assert root.tag.endswith("svg")
    assert "href" not in text
    assert "url(" not in text


def test_the_picture_shows_the_outage_and_every_event(result, settings):
    root = ET.fromstring(report.picture(result, settings))  # our own
    texts = ["".join(found.itertext()) for found in root.iter() if found.tag.endswith("text")]
    assert "no payments: 2.50 s" in texts
    assert any("payments <end>" in text for text in texts)
    shades = [found for found in root.iter() if found.get("class") == "r"]
    scale = (report.WIDTH - report.LEFT - report.RIGHT) / result.end
    assert float(shades[0].get("x")) == pytest.approx(report.LEFT + 1.0 * scale, abs=0.1)
    assert float(shades[0].get("width")) == pytest.approx(2.5 * scale, abs=0.1)


def test_a_run_without_a_failover_has_no_outage_in_its_picture(settings):
    root = ET.fromstring(report.picture(Result("drill-3", 1.0), settings))  # our own
    assert not [found for found in root.iter() if found.get("class") == "r"]
