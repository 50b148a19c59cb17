"""The lag is the time since when something is missing, and is not known while a server does not answer."""

from pg8000.exceptions import InterfaceError

from lib.local_cloud.servers import lag
from lib.local_cloud.servers.lag import Behind, Lag, Meter


def test_whoever_has_everything_is_not_behind():
    behind = Behind()
    behind.grown(1.0, 100)
    assert behind.seconds(5.0, 100) == 0


def test_the_oldest_thing_that_is_missing_counts():
    behind = Behind()
    for now, position in ((1.0, 100), (2.0, 200), (2.5, 200), (3.0, 300)):
        behind.grown(now, position)
    assert [behind.seconds(4.0, reached) for reached in (50, 100, 250, 300)] == [3.0, 2.0, 1.0, 0.0]


def test_what_everybody_has_is_forgotten():
    behind = Behind()
    for now, position in ((1.0, 100), (2.0, 200)):
        behind.grown(now, position)
    behind.forget(150)
    assert behind.seconds(4.0, 0) == 2.0
    behind.forget(200)
    assert behind.seconds(4.0, 0) == 0


class Server:
    """A server whose log has some length; it answers unless it is lost."""

    def __init__(self, *answers):
        self.answers, self.made, self.closed = list(answers), 0, 0

    def administrator(self):
        self.made += 1
        return self

    def run(self, _sql):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        self.closed += 1
        raise InterfaceError("it has gone")


def test_what_is_not_seen_and_what_has_not_arrived_are_two_things():
    clock = iter([1.0, 1.0, 2.0, 2.0, 3.0, 3.0])
    meter = Meter(Server([[10]], [[20]], [[30]]), Server([[10, 10]], [[10, 10]], [[20, 10]]), lambda: next(clock))
    assert [meter.read() for _ in range(3)] == [Lag(0, 0), Lag(0, 0), Lag(1.0, 0)]


def test_nothing_is_known_of_a_lost_server_and_it_is_asked_anew():
    leading, following = Server(InterfaceError("lost"), [[1]]), Server([[1, 1]], [], [[1, 1]])
    meter = Meter(leading, following, lambda: 1.0)
    assert [meter.read(), meter.read(), meter.read()] == [None, None, Lag(0, 0)]  # lost, no standby, there again
    assert (leading.made, leading.closed) == (3, 2)


def test_whoever_writes_nothing_more_is_not_behind():
    assert lag.Behind().seconds(9.0, 0) == 0
