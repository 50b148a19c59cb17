"""Clients are made once, wait for seconds only, and what AWS says in an error becomes one line."""

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ProfileNotFound

from lib.check_account import account
from lib.check_account.account import Account
from tests.support.check_account import HERE, HOME, Stubs


def error(code="AccessDenied", message="User may\nnot"):
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


def test_a_client_is_made_once_for_a_service_and_region():
    made = Stubs().account
    assert made.client("ec2", HERE) is made.client("ec2", HERE)
    assert made.client("ec2", HERE) is not made.client("ec2")


def test_what_there_is_once_is_asked_in_the_home_region():
    assert Stubs().account.client("iam").meta.region_name in (HOME, "aws-global")


def test_nobody_waits_for_minutes():
    patience = account.PATIENCE
    options = vars(patience)
    assert options["connect_timeout"] * options["retries"]["total_max_attempts"] <= 15
    assert options["read_timeout"] <= 30


def test_the_caller_is_asked_for_at_home(aws):
    aws.answer("sts", "get_caller_identity", {"Arn": "arn:aws:iam::123456789012:user/x"}, {}, HOME)
    assert aws.account.identity().endswith("user/x")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:4566", True),
        ("http://localhost:4566", True),
        ("http://[::1]:4566", True),
        ("http://aws.localhost:4566", True),
        ("https://sts.amazonaws.com", False),
        ("http://10.0.0.1:4566", False),
        ("http://localhost.example.org", False),
    ],
)
def test_loopback_is_the_emulator(monkeypatch, url, expected):
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    assert Account(HOME, boto3.Session()).emulator() == (url if expected else "")


def test_without_an_endpoint_aws_answers():
    assert Account(HOME, boto3.Session()).emulator() == ""


def test_a_client_that_cannot_be_made_is_no_emulator():
    class Session:
        def client(self, *_arguments, **_options):
            raise ProfileNotFound(profile="x")

    assert Account(HOME, Session()).emulator() == ""


@pytest.mark.parametrize(("code", "absent"), [("NoSuchEntity", True), ("AccessDenied", False)])
def test_absence_is_an_answer(code, absent):
    assert account.is_absent(error(code)) is absent


@pytest.mark.parametrize(
    ("raised", "sentence"),
    [
        (error(), "AccessDenied: User may not"),
        (error("400", ""), "400"),
        (NoCredentialsError(), "NoCredentialsError: Unable to locate credentials"),
        (ValueError("Invalid endpoint: x"), "ValueError: Invalid endpoint: x"),
        (
            EndpointConnectionError(endpoint_url="u"),
            'EndpointConnectionError: Could not connect to the endpoint URL: "u"',
        ),
    ],
)
def test_an_error_is_one_line(raised, sentence):
    assert account.sentence(raised) == sentence


def test_a_long_message_is_cut():
    assert len(account.sentence(error(message="x" * 5000))) == account.MESSAGE_LENGTH
