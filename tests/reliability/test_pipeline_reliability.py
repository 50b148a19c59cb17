"""Each event is stored exactly once and each poison record is kept with its payload, whatever breaks.

The real handler is driven by the event source mapping of ``tests.support.kinesis_pipeline`` with the settings of the
stack, one loaded handler with a connection of its own for each shard, against a real PostgreSQL. Meanwhile
the server is killed (-9) twice, the password is rotated, S3 fails, functions time out before and after the
commit and die of a record, connections break after the commit, and batches that succeeded come again.

That the verdict can be unfavourable is shown too: consumers with one defect each are found out by it.
"""

import base64
import contextlib
import io
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from lib.kinesis_pipeline import delivery
from lib.kinesis_pipeline.settings import Settings as Stack
from lib.kinesis_pipeline.users import USERS
from lib.local_cloud.servers.postgres import Postgres
from tests.support import database, functions
from tests.support.database import TestServer
from tests.support.kinesis_pipeline import traffic
from tests.support.kinesis_pipeline.event_source import Poller, Settings, Shard

# pylint: disable=redefined-outer-name

SERVICE = "reliability"
EVENTS, FEW, SHARDS = 20_000, 2_000, 4
# As lib/kinesis_pipeline/functions.py has it.
MAPPING = Settings(
    batch_size=Stack.read({}).batch_size,
    bisect_batch_on_function_error=True,
    report_batch_item_failures=True,
    maximum_retry_attempts=delivery.RETRIES,
    maximum_record_age_in_seconds=24 * 3600,
    pause_seconds=0.005,
)
KILLER = base64.b64encode(traffic.KILLER).decode()
DOWN_SECONDS = 3.0  # longer than an invocation waits, so that batches come back
PROGRESS_SECONDS = 15.0
LONGEST_SECONDS = 120.0  # what has not come to its end by then is blocked


@dataclass(frozen=True)
class Trouble:
    """How often what goes wrong, 0 to 1."""

    s3: float = 0.10
    again: float = 0.03  # a successful batch is delivered once more
    no_time: float = 0.03  # the function is nearly out of time when it comes to the database
    answer: float = 0.03  # the function times out after the commit
    connection: float = 0.03  # the connection breaks after the commit


OFTEN = Trouble(s3=0.4, again=0.2, no_time=0.2, answer=0.2)  # for few events


class Environment:
    """One execution environment of the consumer: the real modules, and what goes wrong around them."""

    def __init__(self, scene: "Scene", shard: Shard) -> None:
        self._scene, self._shard, self._chance = scene, shard, random.Random(shard.name)
        self.modules = functions.load("kinesis_pipeline", "consumer")
        self.handler = self.modules.handler
        environ = {**scene.server.environ, "DB_USER": USERS["consumer"]}
        self.database = self.modules.postgres.Database(environ, token=self._token)
        self._once, self.database._once = self.database._once, self._then_break  # pylint: disable=protected-access
        self.handler.database = self.database
        bucket = traffic.Bucket(scene.objects, self._chance, scene.trouble.s3)
        self.modules.quarantine.client = lambda: bucket
        # Powertools shares these among all loaded copies, which in Lambda are processes of their own.
        provider = self.handler.metrics.provider
        provider.metric_set, provider.dimension_set, provider.metadata_set = {}, {}, {}

    def _token(self, *address: Any) -> str:
        self._scene.tokens.append(self.modules.aws.auth_token(*address))
        return self._scene.tokens[-1]

    def as_master(self, sql: str) -> None:
        """Change what the consumer may not change."""
        with self._scene.server.connect() as connection:
            connection.run(sql)

    def _happens(self, how_often: float) -> bool:
        return self._chance.random() < how_often

    def _then_break(self, *arguments: Any) -> Any:
        rows = self._once(*arguments)
        if self._happens(self._scene.trouble.connection):
            raise ConnectionResetError
        return rows

    def __call__(self, event: dict[str, Any]) -> Any:
        """Be invoked by Lambda."""
        while self._shard.position > self._scene.gate * len(self._shard.records):
            time.sleep(0.002)
        if any(record["kinesis"]["data"] == KILLER for record in event["Records"]):
            self.database.close()  # Lambda goes on with a new process
            raise MemoryError
        seconds = 0.0 if self._happens(self._scene.trouble.no_time) else self._chance.uniform(1.0, 2.5)
        answer = self.handler.handler(event, functions.Context(self.handler.MARGIN_SECONDS + seconds))
        if self._happens(self._scene.trouble.answer):
            self.database.close()
            raise TimeoutError
        return answer


@dataclass
class Scene:
    """One run: what is sent, where to, and when the server came back."""

    server: TestServer
    load: traffic.Load
    trouble: Trouble
    tokens: list[str] = field(default_factory=list)  # that the consumers signed in with
    objects: dict[str, bytes] = field(default_factory=dict)
    returned: list[float] = field(default_factory=list)  # time.monotonic()
    gate: float = 1.0  # no shard goes on beyond this part of its records
    deadline: float = field(default_factory=lambda: time.monotonic() + LONGEST_SECONDS)

    def run(self, change: Callable[[Environment], object], *disturb: Callable[["Scene", Poller], None]) -> None:
        """Deliver the whole stream to consumers, changed ones perhaps, and disturb them meanwhile."""
        chance = random.Random("again")
        with contextlib.ExitStack() as stack, contextlib.redirect_stdout(io.StringIO()):
            environments = {shard.name: Environment(self, shard) for shard in self.load.stream.shards}
            for environment in environments.values():
                stack.callback(environment.database.close)
                change(environment)
            poller = Poller(
                self.load.stream,
                environments,
                MAPPING,
                discarded=self.objects.__setitem__,
                again=lambda: chance.random() < self.trouble.again,
            )
            with ThreadPoolExecutor(1) as pool:
                running = pool.submit(poller.run)
                try:
                    for each in disturb:
                        each(self, poller)
                    self.gate = 1.0
                    with contextlib.suppress(TimeoutError):
                        running.result(self.deadline - time.monotonic())
                finally:
                    poller.stop.set()
                    self.gate = 1.0

    def wait(self, part: float, poller: Poller) -> None:
        """Wait until every shard is between that part of its records and a fifth more: in the middle of its work."""
        self.gate = part + 0.2
        shards = self.load.stream.shards
        while any(shard.position < part * len(shard.records) for shard in shards):
            if poller.stop.wait(0.002) or time.monotonic() > self.deadline:
                break

    def verdict(self) -> list[str]:
        """Return what is wrong."""
        with self.server.connect() as connection:
            rows = connection.run("SELECT event_id::text, amount FROM stored_events")
        return traffic.verdict(self.load, map(tuple, rows), self.objects)


def kill(server: Postgres) -> None:
    """Kill PostgreSQL with all its processes (-9), and wait until they are gone."""
    postmaster = server.process()
    assert postmaster is not None
    postmaster.suspend()  # it starts no further process meanwhile
    family = [postmaster, *postmaster.children(recursive=True)]
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


def crash(part: float, down: float) -> Callable[[Scene, Poller], None]:
    """Return what kills the server in the middle of its work, and starts it again on the same port."""

    def disturb(scene: Scene, poller: Poller) -> None:
        scene.wait(part, poller)
        kill(scene.server.server)
        time.sleep(down)
        assert scene.server.server.start()
        scene.returned.append(time.monotonic())

    return disturb


def rotate(part: float) -> Callable[[Scene, Poller], None]:
    """Return what gives the master user a new password, and breaks every connection."""

    def disturb(scene: Scene, poller: Poller) -> None:
        scene.wait(part, poller)
        scene.server.rotate("second-Password.2")
        with scene.server.server.administrator() as connection:
            connection.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :user", user=USERS["consumer"]
            )

    return disturb


@pytest.fixture(scope="module")
def server() -> Iterator[TestServer]:
    """A PostgreSQL of this file's own, for it gets killed; not below pytest's folder, which is closed to others."""
    with tempfile.TemporaryDirectory(prefix="tap-reliability-") as folder:
        try:
            yield database.start(Path(folder))
        finally:
            Postgres(Path(folder) / "postgres", 0).remove()  # known by its folder, however far the start came


@pytest.fixture
def scene(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Scene]:
    """Makes a run on an empty table, in the functions' environment."""
    monkeypatch.setenv("FAILURE_BUCKET", traffic.BUCKET)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "TAP/Reliability")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", SERVICE)
    for name, value in functions.OF_LAMBDA.items():
        monkeypatch.setenv(name, value)
    server.server.start()  # unless it runs
    with server.connect() as connection:
        connection.run(
            "DROP TABLE IF EXISTS stored_events, event_ids, schema_migrations; DROP FUNCTION IF EXISTS event_is_new"
        )
    with contextlib.redirect_stdout(io.StringIO()):
        admin = functions.load("kinesis_pipeline", "database")
    admin.handler.database = admin.postgres.Database(server.environ, secrets=server.secrets)
    admin.handler.migrate(60.0)
    admin.handler.database.close()

    def make(events: int, trouble: Trouble) -> Scene:
        return Scene(server, traffic.load(events, SHARDS, "reliability"), trouble)

    return make


def unchanged(_environment: Environment) -> None:
    """Leave the consumer as it is."""


def test_every_record_meets_its_fate_whatever_breaks(scene: Callable[..., Scene]) -> None:
    """20,000 events on four shards, two kills, a rotation; nothing is lost, doubled, invented or blocked."""
    run = scene(EVENTS, Trouble())
    assert run.load.duplicates == pytest.approx(0.03 * EVENTS, rel=0.2)
    assert len(run.load.poison) == 0.01 * EVENTS
    began = time.monotonic()
    run.run(unchanged, crash(0.15, DOWN_SECONDS), rotate(0.4), crash(0.65, 0.0))
    wrong = run.verdict()
    assert not wrong
    pauses = [
        min(moment for moment in shard.moved if moment > back) - back
        for back in run.returned
        for shard in run.load.stream.shards
    ]
    print(f"{time.monotonic() - began:.1f} s; first progress {max(pauses):.2f} s after a return at the latest")
    assert len(pauses) == 2 * SHARDS
    assert max(pauses) < PROGRESS_SECONDS
    assert len(run.tokens) >= 2 * SHARDS  # at first, and after the rotation
    killers = sum(data == traffic.KILLER for data in run.load.poison.values())
    assert sum(key.startswith("aws/lambda/") for key in run.objects) == killers > 0


def test_the_honest_consumer_passes_the_small_test(scene: Callable[..., Scene]) -> None:
    """What the broken consumers below go through is survivable."""
    run = scene(FEW, OFTEN)
    run.run(unchanged)
    wrong = run.verdict()
    assert not wrong


def forgets(environment: Environment) -> None:
    """Answer success without having stored, when the database is unavailable."""
    store = environment.handler.store

    def broken(*arguments: Any) -> Any:
        return store(*arguments)._replace(unfinished=[])

    environment.handler.store = broken


# What the table does with an id that is taken: lib/../migrations/0005_event_ids.sql.
TAKEN = """
CREATE OR REPLACE FUNCTION event_is_new() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO public.event_ids (event_id, stored_at) VALUES (NEW.event_id, NEW.stored_at) {};
    RETURN NEW;
END
$$
"""


def inserts_blindly(environment: Environment) -> None:
    """Take each id without a look: what was stored before is refused, hence taken for poison."""
    environment.as_master(TAKEN.format(""))


def inserts_blindly_without_key(environment: Environment) -> None:
    """Insert whatever comes, into a table without a key."""
    environment.as_master("DROP TRIGGER IF EXISTS new_events_only ON stored_events")
    environment.as_master("ALTER TABLE events DROP CONSTRAINT IF EXISTS events_pkey")


def overwrites(environment: Environment) -> None:
    """Let the last event under an id win."""
    last = (
        "UPDATE public.stored_events SET amount = NEW.amount, attributes = NEW.attributes WHERE event_id = NEW.event_id"
    )
    environment.as_master(TAKEN.format(f"ON CONFLICT DO NOTHING; IF NOT FOUND THEN {last}; RETURN NULL; END IF"))


def loses_poison(environment: Environment) -> None:
    """Take a poison record for quarantined although S3 failed."""
    quarantine = environment.handler.quarantine
    environment.handler.quarantine = lambda poison: quarantine(poison) or True


def alters_poison(environment: Environment) -> None:
    """Set something else aside than what came."""
    quarantine, kind = environment.handler.quarantine, environment.modules.events.Record

    def broken(poison: list[Any]) -> Any:
        raws = [{**each.record.raw, "kinesis": {**each.record.raw["kinesis"], "data": ""}} for each in poison]
        places = [(each.record.shard_id, each.record.sequence_number) for each in poison]
        changed = [kind(*place, raw) for place, raw in zip(places, raws, strict=True)]
        return quarantine([each._replace(record=record) for each, record in zip(poison, changed, strict=True)])

    environment.handler.quarantine = broken


@pytest.mark.parametrize(
    ("change", "trouble", "finding"),
    [
        (forgets, Trouble(again=0.0, no_time=0.5), "lost event"),  # delivered again, the loss would be made good
        (inserts_blindly, Trouble(), "quarantined without reason"),  # OFTEN takes long: every repetition is halved
        (inserts_blindly_without_key, OFTEN, "stored more than once"),
        (overwrites, OFTEN, "sum of amounts"),
        (loses_poison, OFTEN, "lost poison"),
        (alters_poison, OFTEN, "another payload"),
    ],
)
def test_a_broken_consumer_is_found_out(
    scene: Callable[..., Scene], change: Callable[[Environment], None], trouble: Trouble, finding: str
) -> None:
    """The same verdict, on consumers with one defect each."""
    run = scene(FEW, trouble)
    run.run(change)
    assert [line for line in run.verdict() if line.startswith(finding)]


def test_a_blocked_shard_is_found_out(scene: Callable[..., Scene]) -> None:
    """A shard that stands still, although all that it was given is stored."""
    run = scene(FEW, Trouble())
    run.run(unchanged, lambda scene, poller: scene.wait(0.2, poller), lambda _, poller: poller.stop.set())
    assert [line for line in run.verdict() if line.startswith("blocked shard")]


def test_a_foreign_object_is_found_out(scene: Callable[..., Scene]) -> None:
    """Nothing but failures belongs into the bucket."""
    run = scene(FEW, OFTEN)
    run.objects["backup/dump"] = b'{"payload": "{\\"Records\\": []}"}'
    run.run(unchanged)
    assert run.verdict() == ["strange key: backup/dump"]
