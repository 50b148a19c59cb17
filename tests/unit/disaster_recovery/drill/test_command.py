"""The drill's command says what is missing where there is no local cloud."""

import pytest

from lib.common.errors import ExerciseError
from lib.disaster_recovery.drill.scenario import DrillTarget
from lib.disaster_recovery.settings import Settings
from scripts import drill


def test_where_no_local_cloud_is_part_of_the_checkout_it_asks_for_aws(monkeypatch, capsys):
    monkeypatch.setattr(drill, "LOCAL_CLOUD", "lib.nowhere")
    assert drill.main(["status"]) == 1
    assert capsys.readouterr().err == "drill: There is no local cloud in this checkout: give --aws.\n"


class Steps:
    """Notes how the writer is changed."""

    def __init__(self):
        self.calls = []

    def name_writer(self, to, *, through, lost):
        self.calls.append((to, through.region, lost))

    def move_writer(self, to, *, through, lost):
        self.calls.append((to.region, through.region, lost))

    def fail_over(self, to):
        self.calls.append(("aurora", to.region))

    pays, writes, apart = "x", "x", 3  # the regions of payments and of Aurora, and the items that say something else

    def writer(self, _where):
        return self.pays, 1

    def database_writer(self, _where):
        return self.writes

    def writer_apart(self, _where):
        return self.apart


@pytest.fixture
def steps(monkeypatch):
    """The command changes nothing but these."""
    noted = Steps()
    place = DrillTarget(Settings.read({}), noted, {}, lambda: None, lambda: None, 1.0)
    monkeypatch.setattr(drill, "place", lambda *_: place)
    return noted


def test_the_writer_is_changed_through_the_region_that_is_named(steps, capsys):
    home, peer = Settings.read({}).regions
    assert drill.main(["writer", "nobody", "--through", peer, "--lost", home]) == 0
    assert steps.calls == [("nobody", peer, home)]
    assert "3 writer items say something else" in capsys.readouterr().out


def test_a_failover_lets_payments_go_first_and_says_which_region_is_lost(steps):
    """They are down, and Aurora's failover takes minutes."""
    home, peer = Settings.read({}).regions
    assert drill.main(["failover", "--lost", home]) == 0
    assert steps.calls == [(peer, peer, home), ("aurora", peer)]


@pytest.mark.parametrize(
    ("pays", "writes", "apart", "done"),
    [(True, False, 0, ["aurora"]), (True, False, 2, ["payments", "aurora"]), (False, True, 0, ["payments"])],
)
def test_a_failover_goes_on_where_the_last_one_ended(steps, capsys, pays, writes, apart, done):
    home, peer = Settings.read({}).regions
    steps.pays, steps.writes, steps.apart = (peer if pays else home), (peer if writes else home), apart
    assert drill.main(["failover"]) == 0
    assert steps.calls == [{"payments": (peer, peer, ""), "aurora": ("aurora", peer)}[each] for each in done]
    assert ("writes already" in capsys.readouterr().out) is (len(done) < 2)


@pytest.mark.parametrize("broken", ["move_writer", "fail_over"])
def test_a_step_of_a_failover_that_fails_does_not_keep_the_other_one(steps, capsys, monkeypatch, broken):
    def fail(*_arguments, **_others):
        raise ExerciseError(f"{broken} is refused.")

    monkeypatch.setattr(steps, broken, fail)
    assert drill.main(["failover"]) == 1
    assert len(steps.calls) == 1
    said = capsys.readouterr().err
    assert f"{broken} is refused." in said
    assert "The same command once more does what is not done." in said


def test_a_region_that_is_none_of_the_two_is_refused(steps, capsys):
    assert drill.main(["writer", "nobody", "--through", "us-east-9"]) == 1
    assert "--through us-east-9 is not one of both regions: name" in capsys.readouterr().err
    assert steps.calls == []


@pytest.mark.parametrize(
    "words",
    [["writer"], ["writer", "nobody"], ["writer", "--through", "x"], ["failover", "x"], ["failback", "--lost", "x"]],
)
def test_a_writer_needs_both_of_its_regions_and_nothing_else_takes_them(words, capsys):
    with pytest.raises(SystemExit) as ended:
        drill.main(words)
    assert ended.value.code == 2
    assert "writer" in capsys.readouterr().err
