"""The emulator's IAM says who may sign in to a database: the role's own policy, for this user of this database."""

import asyncio
import json

import pytest

from lib.local_cloud.servers import ministack_main

REGION, PORT, USER, KEY = "xx-somewhere-1", 5432, "shop_api", "ASIASHOP"


@pytest.fixture
def account(monkeypatch):
    """An account of the emulator's, in this process, with a session of a role."""
    from ministack.core.responses import get_account_id, request_scope
    from ministack.services import iam, rds, sts

    number = get_account_id()
    arn = f"arn:aws:sts::{number}:assumed-role/shop/session"
    session = {"Arn": arn, "UserId": "AROA:session", "SecretAccessKey": "its secret", "SessionToken": "its session"}
    monkeypatch.setitem(sts._sessions, KEY, session | {"AccountId": number, "PrincipalType": "AssumedRole"})
    with request_scope(number, REGION):
        yield number
        for entries, name in ((rds._instances, "db"), (rds._clusters, "db"), (iam._roles, "shop")):
            entries.pop(name, None)


@pytest.fixture(params=["instance", "cluster"])
def database(account, request):
    """The id of a database with IAM authentication, as policies know it."""
    from ministack.services import rds

    enabled = {"IAMDatabaseAuthenticationEnabled": True}
    if request.param == "instance":
        rds._instances["db"] = {"DbiResourceId": "db-ID", "Endpoint": {"Port": PORT}, **enabled}
        return "db-ID"
    rds._clusters["db"] = {"DbClusterResourceId": "cluster-ID", "Endpoint": "db.example", "Port": PORT, **enabled}
    return "cluster-ID"


@pytest.fixture
def allow(account):
    """Give the role a policy."""
    from ministack.services import iam

    def give(resource, action="rds-db:connect"):
        document = {"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}
        arn = f"arn:aws:iam::{account}:role/shop"
        iam._roles["shop"] = {"RoleName": "shop", "Arn": arn, "InlinePolicies": {"own": json.dumps(document)}}

    return give


def test_who_may_connect_is_known_by_its_secret(account, database, allow):
    allow(f"arn:aws:rds-db:{REGION}:{account}:dbuser:{database}/{USER}")
    found = ministack_main.permission(KEY, USER, PORT, REGION)
    assert found == {"refused": "", "secret": "its secret", "session": "its session"}


@pytest.mark.parametrize(
    ("user", "action"), [("another", "rds-db:connect"), (USER, "rds:DescribeDBInstances"), (USER, "s3:*")]
)
def test_who_may_not_is_refused(account, database, allow, user, action):
    allow(f"arn:aws:rds-db:{REGION}:{account}:dbuser:{database}/{user}", action)
    assert (
        f"may not rds-db:connect as {USER} to {database}"
        in (ministack_main.permission(KEY, USER, PORT, REGION)["refused"])
    )


@pytest.mark.parametrize(("port", "region"), [(1, REGION), (PORT, "xx-elsewhere-1")])
def test_another_database_is_not_this_one(account, database, allow, port, region):
    allow("*")
    found = ministack_main.permission(KEY, USER, port, region)
    assert found == {"refused": f"no database on port {port} has IAM authentication"}


def test_a_database_without_iam_authentication_takes_no_token(account, allow):
    from ministack.services import rds

    rds._instances["db"] = {"DbiResourceId": "db-ID", "Endpoint": {"Port": PORT}}
    allow("*")
    assert "has IAM authentication" in ministack_main.permission(KEY, USER, PORT, REGION)["refused"]


def test_an_access_key_that_nobody_has_is_refused(account, database):
    assert "invalid" in ministack_main.permission("AKIANOBODY", USER, PORT, REGION)["refused"]


def test_it_is_answered_at_the_emulator_s_path(monkeypatch):
    from ministack.core import rds_iam

    monkeypatch.setattr(rds_iam, "handle", None)
    monkeypatch.setattr(ministack_main, "permission", lambda **question: {"asked": question})
    ministack_main.answer_databases()
    sent = []

    async def receive():
        return {"type": "http.request", "body": b'{"user": "x"}'}

    async def send(message):
        sent.append(message)

    asyncio.run(rds_iam.handle({}, receive, send, auth_enabled=True))
    assert [message.get("status") for message in sent] == [200, None]
    assert json.loads(sent[1]["body"]) == {"asked": {"user": "x"}}
