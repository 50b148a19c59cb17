"""A command that asks AWS finds the running local cloud, unless the shell names an account."""

from types import SimpleNamespace

import botocore.session
import pytest
from botocore.exceptions import ProfileNotFound

from lib.local_cloud import found, ports
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.servers.process import Server


@pytest.fixture
def environ(tmp_path):
    """The variables of a shell beside a local cloud that another one started on a port of its own."""
    variables = {"LOCAL_CLOUD_FOLDER": str(tmp_path), "AWS_SESSION_TOKEN": "of another account"}
    there = {**variables, "LOCAL_CLOUD_PORT": "4866"}
    ports.remember(LocalCloud.read(there), ["LOCAL_CLOUD_PORT"], there)
    return variables


@pytest.fixture(autouse=True)
def state(monkeypatch):
    """Whether the local cloud answers, and whether an account is named."""
    now = SimpleNamespace(runs=True, named=False)
    monkeypatch.setattr(Server, "healthy", lambda server: now.runs and server.port == 4866)
    monkeypatch.setattr(found, "names_an_account", lambda: now.named)
    return now


def test_without_an_account_it_is_the_local_cloud_and_that_is_said(environ):
    assert found.point(environ) == "Asking the local cloud on port 4866, as this shell has no credentials of AWS."
    assert environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4866"
    assert environ["AWS_ACCESS_KEY_ID"]
    assert "AWS_SESSION_TOKEN" not in environ


def test_an_account_comes_first_and_the_way_to_the_local_cloud_is_said(environ, state):
    state.named, before = True, dict(environ)
    told = found.point(environ)
    assert told.startswith("Asking AWS")
    assert told.endswith('eval "$(scripts/env)"')
    assert environ == before


def test_where_no_local_cloud_runs_nothing_changes(environ, state):
    state.runs, before = False, dict(environ)
    assert found.point(environ) == ""
    assert environ == before


def test_an_endpoint_that_the_shell_names_is_kept(environ):
    environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    before = dict(environ)
    assert found.point(environ) == ""
    assert environ == before


class Session:
    """A botocore session with some configuration."""

    def __init__(self, profiles, credentials):
        self.available_profiles, self.credentials = profiles, credentials

    def get_credentials(self):
        if isinstance(self.credentials, Exception):
            raise self.credentials
        return self.credentials


@pytest.mark.parametrize(
    ("profiles", "credentials", "named"),
    [
        ([], None, False),
        ([], object(), True),
        (["work"], None, True),
        ([], ProfileNotFound(profile="gone"), True),
    ],
    ids=["nothing", "credentials", "a profile", "a profile that is gone"],
)
def test_credentials_and_profiles_name_an_account(monkeypatch, profiles, credentials, named):
    monkeypatch.undo()
    monkeypatch.setattr(botocore.session, "Session", lambda: Session(profiles, credentials))
    assert found.names_an_account() is named
