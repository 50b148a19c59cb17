"""PostgreSQL on loopback: started once, with the users that RDS would have made, gone without a trace."""

import socket
import ssl

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from lib.common import rds_versions
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers import postgres
from lib.local_cloud.servers.postgres import Postgres
from lib.local_cloud.servers.process import free_port, port_is_free
from tests.support import tokens


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = Postgres(tmp_path_factory.mktemp("own") / "data", free_port())
    made.start()
    yield made
    made.remove()


def connect(server, user, password, database):
    context = ssl.create_default_context(cafile=server.ca_file)
    where = {"host": "127.0.0.1", "port": server.port, "database": database, "ssl_context": context}
    return Connection(user, password=password, **where)


def test_start_is_needed_once(server):
    assert server.start() is False


def test_user_and_database_are_provided(server):
    server.provide("shop", "first-Password.1", "shop")
    with connect(server, "shop", "first-Password.1", "shop") as connection:
        assert connection.run("SELECT current_user || ' ' || current_database()") == [["shop shop"]]


def test_a_new_password_takes_the_place_of_the_old(server):
    server.provide("rotating", "first-Password.1", "shop2")
    server.provide("rotating", "other'Password;2", "shop2")
    with pytest.raises(DatabaseError):
        connect(server, "rotating", "first-Password.1", "shop2")
    connect(server, "rotating", "other'Password;2", "shop2").close()


def test_nobody_is_let_in_before_the_database_is_there(server, monkeypatch):
    """A deployment connects as soon as it is let in: a missing database would fail it."""
    said = []

    class Admin:
        def __enter__(self):
            return self

        def __exit__(self, *_error):
            return None

        def run(self, sql, **_values):
            said.append(sql)
            return []

    monkeypatch.setattr(Postgres, "administrator", lambda self: Admin())
    server.provide("late", "first-Password.1", "shop4")
    (made,) = [sql for sql in said if sql.startswith("CREATE ROLE") and "late" in sql]
    assert "NOLOGIN" in made
    assert [" ".join(sql.split()[:2]) for sql in said][-2:] == ["CREATE DATABASE", "ALTER ROLE"]
    assert [sql for sql in said if " LOGIN " in sql] == said[-1:]


def test_no_password_no_entry(server):
    server.provide("guarded", "first-Password.1", "shop3")
    with pytest.raises(DatabaseError):
        connect(server, "guarded", "", "shop3")


def test_whom_a_master_user_lets_in_by_iam_shows_a_token_and_the_master_user_its_password(server):
    server.provide("master", "first-Password.1", "shop5")
    with connect(server, "master", "first-Password.1", "shop5") as master:
        master.run("CREATE ROLE by_token LOGIN PASSWORD 'first-Password.1'")
        connect(server, "by_token", "first-Password.1", "shop5").close()
        master.run("GRANT rds_iam TO by_token")
        assert master.run("SELECT pg_has_role('rds_iam', 'USAGE')") == [[False]]
    connect(server, "by_token", tokens.make(server.port, "by_token"), "shop5").close()
    for word in ("first-Password.1", "", "a token"):
        with pytest.raises(DatabaseError, match='PAM authentication failed for user "by_token"'):
            connect(server, "by_token", word, "shop5")
    with pytest.raises(DatabaseError, match="password authentication failed"):
        connect(server, "master", tokens.make(server.port, "master"), "shop5")


def test_it_is_of_the_major_version_that_the_stacks_deploy(server):
    with server.administrator() as admin:
        ((version,),) = admin.run("SHOW server_version")
    deployed = {rds_versions.major(engine.versions[0]) for engine in rds_versions.ENGINES.values()}
    assert {rds_versions.major(version), str(postgres.VERSION)} == deployed


def test_it_listens_on_loopback_alone(server):
    with server.administrator() as admin:
        assert admin.run("SHOW listen_addresses") == [[""]]  # nowhere: its front listens


def test_an_interrupted_start_is_begun_again(tmp_path):
    made = Postgres(tmp_path / "data", free_port())
    made.data.mkdir(parents=True)
    (made.data / "PG_VERSION").write_text("half")
    try:
        assert made.start() is True
    finally:
        made.remove()


def test_stopped_data_is_there_after_the_next_start(tmp_path):
    made = Postgres(tmp_path / "data", free_port())
    try:
        made.start()
        made.provide("keeper", "first-Password.1", "kept")
        (made.data / "pg_hba.conf").write_text("# of an older version")
        assert (made.stop(), made.stop()) == (True, False)
        assert made.start() is True
        connect(made, "keeper", "first-Password.1", "kept").close()
    finally:
        assert made.remove() is True
    assert made.process() is None
    assert port_is_free(made.port)
    assert not made.data.exists()


def test_a_taken_port_is_named(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(LocalCloudError, match=r"meant for PostgreSQL.*DATABASE_PORT="):
            Postgres(tmp_path / "data", other.getsockname()[1]).start()


def test_a_server_that_does_not_start_is_told_with_its_last_words(tmp_path):
    made = Postgres(tmp_path / "data", free_port())
    made._prepare()
    (made.data / "PG_VERSION").write_text("16")
    try:
        with pytest.raises(LocalCloudError, match=r"PostgreSQL's postgres failed: .*16.*full log: .*log"):
            made.start()
        assert (made.process(), made.front()) == (None, None)
    finally:
        made.remove()


def test_a_failing_program_is_told_with_the_place_of_its_log(tmp_path):
    made = Postgres(tmp_path / "data", free_port())
    made._prepare()
    try:
        with pytest.raises(LocalCloudError, match=r"PostgreSQL's pg_ctl failed.*log"):
            made._run("pg_ctl", "stop", "-D", str(made.data))
    finally:
        made.remove()


def test_an_ordinary_user_has_the_data_in_the_folder_itself(monkeypatch, tmp_path):
    monkeypatch.setattr(postgres.os, "geteuid", lambda: 1000)
    made = Postgres(tmp_path / "data", 5432)
    assert made.data == tmp_path / "data" / "data"


def test_an_ordinary_user_owns_what_is_prepared(monkeypatch, tmp_path):
    monkeypatch.setattr(postgres.os, "geteuid", lambda: 1000)
    made = Postgres(tmp_path / "data", 5432)
    ran = []
    monkeypatch.setattr(Postgres, "_run", lambda self, program, *a: ran.append(program) or None)
    made._prepare()
    assert ran == ["initdb"]
    made.remove()


def test_another_program_under_the_old_number_is_not_ours(server, monkeypatch):
    monkeypatch.setattr(postgres.psutil.Process, "name", lambda self: "editor")
    assert server.process() is None


def test_a_server_that_does_not_stop_is_named(server, monkeypatch):
    monkeypatch.setattr(postgres, "STOP_SECONDS", 0.1)
    monkeypatch.setattr(postgres.psutil.Process, "send_signal", lambda self, number: None)
    with pytest.raises(LocalCloudError, match="does not stop: end it with 'kill -9"):
        server.stop()
