"""Whatever is sent gets a documented answer, never a failure of the service, and leaves no card number anywhere."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.card_texts import AROUND, card_numbers
from tests.support.disaster_recovery import two_regions as world

QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
METHODS = st.sampled_from(["GET", "POST", "PUT", "HEAD"]) | st.text(max_size=4)
PATHS = (
    st.sampled_from(["/payments", "/health", "/", "//payments"])
    | st.text(max_size=40).map(lambda text: f"/payments/{text}")
    | st.text(max_size=20)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
MEMBERS = {
    "amount": st.sampled_from(["12.50", "0", "1.005", "1e3"]),
    "currency": st.sampled_from(["EUR", "JPY", "XXX"]),
    "token": st.sampled_from(["tok_12345678", "card"]),
    "drill": st.text("abc1- ", max_size=42),
}
BODIES = (
    st.fixed_dictionaries({}, optional={name: each | JSON for name, each in MEMBERS.items()}).map(json.dumps)
    | JSON.map(json.dumps)
    | st.text(max_size=30)
)
KEYS = st.none() | st.uuids().map(str) | st.text(max_size=20)
FINE = {"GET": {200}, "POST": {201}}


def documented(api, method, answer):
    """Tell whether an answer is one of those that the problems or the routes describe."""
    if answer.status >= 400:
        kind = api.modules.problem_types.CODES[answer.body["code"]]
        return (answer.status, answer.body["title"]) == (kind.status, kind.title) and answer.status < 500
    return answer.status in FINE[method]


@QUIET
@given(method=METHODS, path=PATHS, body=st.none() | BODIES, key=KEYS)
def test_any_request_gets_a_documented_answer(payment_home, method, path, body, key):
    assert documented(payment_home, method, payment_home(method, path, body, key=key))


@QUIET
@given(body=BODIES, key=st.uuids().map(str))
def test_any_body_gets_a_documented_answer(payment_home, body, key):
    assert documented(payment_home, "POST", payment_home("POST", "/payments", body, key=key))


@QUIET
@given(data=st.data(), card=card_numbers(), before=AROUND, after=AROUND)
def test_a_card_number_in_any_place_is_refused_and_gone(payment_home, data, card, before, after):
    """Neither in the answer, nor in the log, nor in the table; the rest of the request is a good one."""
    digits, written = card
    text, key, body = f"{before}{written}{after}", "key", world.payment(drill="run")
    place = data.draw(st.sampled_from([*MEMBERS, "a name", "a number", "beside it", "key"]))
    if place in MEMBERS:
        body[place] = text
    elif place == "a name":
        body[text] = "1"
    elif place == "a number":
        body["x"] = int(digits)
    elif place == "key":
        key = text
    sent = f"{json.dumps(body)} {written}" if place == "beside it" else json.dumps(body, ensure_ascii=False)
    answer = payment_home("POST", "/payments", sent, key=key)
    assert answer.body["code"] == "card_number"
    kept = answer.text + json.dumps(answer.headers) + payment_home.log.getvalue() + json.dumps(payment_home.stored())
    assert digits not in kept
    assert written not in kept
