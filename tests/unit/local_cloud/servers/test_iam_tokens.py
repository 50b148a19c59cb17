"""A token that botocore makes is taken for what it was made for; whatever is changed in it, it is refused."""

import datetime
from urllib.parse import parse_qsl, quote, urlencode

import pytest

from lib.local_cloud.servers import iam_tokens
from lib.local_cloud.servers.iam_tokens import Database, Secret, TokenRefused
from tests.support import tokens

PORT, REGION, USER = 5432, tokens.region.primary({}), "shop_api"
DATABASE = Database(("127.0.0.1", "localhost"), PORT, REGION)


def known(access_key, _user):
    """Return the secret of the one access key that there is."""
    if access_key != tokens.KEY:
        raise TokenRefused("no such access key")
    return Secret(tokens.KEY)


def make(**more):
    return tokens.make(**{"port": PORT, "user": USER, **more})


def after(seconds):
    return datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)


def test_what_botocore_makes_is_taken():
    DATABASE.verify(make(), USER, known)
    DATABASE.verify(make(host="localhost"), USER, known)


@pytest.mark.parametrize("user", ["with space", "a+b", "a%b", "a/b&c=d", "\u00e9"])
def test_a_user_of_any_name_can_sign_in(user):
    DATABASE.verify(make(user=user), user, known)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"secret": "another"}, "the signature is not"),
        ({"key": "another"}, "no such access key"),
        ({"user": "another"}, "for another user than 'shop_api'"),
        ({"user": USER.upper()}, "for another user than 'shop_api'"),
        ({"port": 5433}, "for 127.0.0.1:5433"),
        ({"host": "other.example"}, "for other.example:5432"),
        ({"where": "xx-other-1"}, "not for rds-db in"),
    ],
)
def test_a_token_for_something_else_is_refused(more, words):
    with pytest.raises(TokenRefused, match=words):
        DATABASE.verify(make(**more), USER, known)


@pytest.mark.parametrize(("seconds", "taken"), [(-901, False), (-890, True), (890, True), (901, False)])
def test_a_token_is_taken_for_fifteen_minutes(seconds, taken):
    token, now = make(), after(seconds)
    if taken:
        DATABASE.verify(token, USER, known, now)
    else:
        with pytest.raises(TokenRefused, match=r"was signed .* seconds ago"):
            DATABASE.verify(token, USER, known, now)


def changed(token, **values):
    """Return a token with other parameters; None takes one away."""
    host, _, query = token.partition("?")
    given = dict(parse_qsl(query)) | {name.replace("_", "-"): value for name, value in values.items()}
    return f"{host}?{urlencode({name: value for name, value in given.items() if value is not None}, quote_via=quote)}"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"Action": "delete"}, "not a token to connect"),
        ({"Action": None}, "not a token"),
        ({"X_Amz_Algorithm": "none"}, "not a token to connect"),
        ({"X_Amz_SignedHeaders": "host;x"}, "not a token to connect"),
        ({"X_Amz_Expires": "901"}, "valid for 901 seconds"),
        ({"X_Amz_Expires": "0"}, "valid for 0 seconds"),
        ({"X_Amz_Expires": "many"}, "its time is none"),
        ({"X_Amz_Expires": "899"}, "the signature is not"),
        ({"X_Amz_Date": "yesterday"}, "the token is for"),
        ({"X_Amz_Security_Token": "another"}, "the session's token"),
        ({"More": "x"}, "not a token"),
        ({"X_Amz_Signature": "0" * 64}, "the signature is not"),
    ],
)
def test_a_changed_token_is_refused(values, words):
    with pytest.raises(TokenRefused, match=words):
        DATABASE.verify(changed(make(), **values), USER, known)


def test_a_time_that_is_none_is_refused():
    token = make()
    date = dict(parse_qsl(token.partition("?")[2]))["X-Amz-Date"]
    with pytest.raises(TokenRefused, match="its time is none"):
        DATABASE.verify(token.replace(date, f"{date[:8]}T999999Z"), USER, known)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a token",
        "first-Password.1",
        "[",
        "127.0.0.1:port/?x",
        "127.0.0.1:5432/",
        "\u00e9",
        "127.0.0.1:5432/?a=b&a=b",
    ],
)
def test_what_is_no_token_is_refused(token):
    with pytest.raises(TokenRefused, match="it is not a token"):
        DATABASE.verify(token, USER, known)


@pytest.mark.parametrize("change", [lambda t: t.replace("/?", "/x?"), lambda t: t + "#x"])
def test_another_address_is_refused(change):
    with pytest.raises(TokenRefused, match="not a token to connect"):
        DATABASE.verify(change(make()), USER, known)


def test_temporary_credentials_show_their_session():
    import boto3

    session = boto3.session.Session("ASIA", "secret", "the session's token", region_name=REGION)
    token = session.client("rds").generate_db_auth_token("127.0.0.1", PORT, USER)
    DATABASE.verify(token, USER, lambda _key, _user: Secret("secret", "the session's token"))
    with pytest.raises(TokenRefused, match="the session's token is not"):
        DATABASE.verify(token, USER, lambda _key, _user: Secret("secret", "another"))


def test_the_modules_that_sign_are_named():
    assert all(name.startswith("botocore.") for name in iam_tokens.SIGNING)
