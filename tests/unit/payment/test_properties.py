"""Whatever is sent is answered as documented and leaves no card number; whatever is done, the ledger balances."""

import json
from collections import Counter
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.support import payment as support
from tests.support.card_texts import AROUND, card_numbers
from tests.support.payment import Api

QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "get"]) | st.text(max_size=5)
IDS = st.sampled_from(["pay_bcdfghjklmnpqrstvwxyzbcdfghj", "pay_x", "%2e%2e", "{id}"]) | st.text(max_size=40)
PATHS = (
    st.sampled_from(["/payments", "/health", "/", "//payments", "/payments/"])
    | IDS.map(lambda text: f"/payments/{text}")
    | IDS.map(lambda text: f"/payments/{text}/refunds")
    | st.text(max_size=20)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
MEMBERS = {
    "amount": st.sampled_from(["12.50", "0", "1.005", "99", "1e3"]),
    "currency": st.sampled_from(["EUR", "JPY", "XXX"]),
    "payment_method": st.sampled_from(["tok_12345678", "card"]),
    "reference": st.text("abc 1./-", max_size=70),
}
BODIES = (
    st.fixed_dictionaries({}, optional={name: each | JSON for name, each in MEMBERS.items()}).map(json.dumps)
    | JSON.map(json.dumps)
    | st.text(max_size=30)
)
KEYS = st.none() | st.uuids().map(str) | st.text(max_size=20)
PAIRS = st.dictionaries(st.text(max_size=10), st.text(max_size=20), max_size=3)


def documented(api, event, answer):
    """Tell whether the description knows this answer to this request."""
    if answer.status in (404, 405) and answer.body["code"] in ("not_found", "method_not_allowed"):
        return True
    parts = event["path"].split("/")
    template = "/".join("{id}" if place == 2 else part for place, part in enumerate(parts))
    operation = api.modules.openapi.description()["paths"][template][event["httpMethod"].lower()]
    found = operation["responses"][str(answer.status)]
    return answer.status < 400 or answer.body["code"] in found["description"]


def answered(api, event):
    """Send any request and return the answer, which has to be a documented one and a sound one."""
    answer = api.send(event)
    assert answer.status < 500
    if answer.status >= 400:
        problem = answer.body
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["status"] == answer.status == api.modules.problem_types.CODES[problem["code"]].status
        assert {"type", "title", "detail", "request_id"} < problem.keys()
    return answer


@QUIET
@given(
    method=METHODS, path=PATHS, body=st.none() | BODIES, key=KEYS, headers=PAIRS, query=PAIRS, balanced=st.booleans()
)
def test_any_request_gets_a_documented_answer(api, method, path, body, key, headers, query, balanced):
    """Never an error of the service itself."""
    make = support.balancer_event if balanced else support.event
    event = make(method, path, body, key=key, headers=headers, query=query)
    answer = answered(api, event)
    assert answer.body.get("code") == "card_number" or documented(api, event, answer)


@QUIET
@given(data=st.data(), card=card_numbers(), before=AROUND, after=AROUND)
def test_a_card_number_in_any_place_is_refused_and_gone(api, sql, lines, data, card, before, after):
    """Neither in the answer, nor in the log, nor in a table; the rest of the request is a good one."""
    digits, written = card
    text = f"{before}{written}{after}"
    place = data.draw(st.sampled_from([*MEMBERS, "a name", "a number", "key", "path", "query", "header"]))
    body = support.payment(reference="order 1")
    key, path, headers, query = "key", "/payments", {}, {}
    if place in MEMBERS:
        body[place] = text
    elif place == "a name":
        body = {text: body}
    elif place == "a number":
        body["x"] = int(digits)
    elif place == "key":
        key = text
    elif place == "path":
        path = f"/payments/{text}"
    elif place == "query":
        query = {text: text}
    else:
        headers = {"User-Agent": text}
    make = support.balancer_event if place == "header" else support.event
    answer = answered(api, make("POST", path, body, key=key, headers=headers, query=query))
    assert answer.body["code"] == "card_number"
    kept = json.dumps(lines()) + answer.text + json.dumps(answer.headers) + support.everything(sql)
    assert written not in kept
    assert digits not in kept


class Shop(RuleBasedStateMachine):
    """Payments, refunds and repetitions in any order, beside a model of a few lines."""

    payments, requests = Bundle("payments"), Bundle("requests")

    def __init__(self, api: Api, sql: object) -> None:
        super().__init__()
        support.empty(sql)
        self.api, self.sql = api, sql
        self.left: dict[str, Decimal] = {}
        self.paid: dict[str, tuple[Decimal, str]] = {}
        self.answers: dict[str, str] = {}
        self.changes: Counter[str] = Counter()

    def _send(self, key, path, body):
        answer = self.api("POST", path, body, key=key)
        if answer.status == 201 and key not in self.answers:
            self.answers[key] = answer.text
        return answer

    @rule(target=payments, currency=st.sampled_from(["EUR", "JPY", "KWD"]), minor=st.integers(1, 10**6))
    def pay(self, currency, minor):
        """A payment is captured."""
        amount = self.api.modules.money.Money(minor, currency)
        key = f"pay-{len(self.answers)}"
        answer = self._send(key, "/payments", support.payment(amount=str(amount), currency=currency))
        assert answer.status == 201
        payment_id = answer.body["id"]
        self.paid[payment_id], self.left[payment_id] = (amount.amount, currency), amount.amount
        self.changes[payment_id] = 1
        return payment_id

    @rule(target=requests, payment_id=payments, part=st.integers(1, 1_200_000), number=st.integers(0, 10**9))
    def refund(self, payment_id, part, number):
        """A part is given back, unless it is more than is left."""
        asked = self.api.modules.money.Money(part, self.paid[payment_id][1])
        key = f"refund-{number}-{payment_id}"
        if key in self.answers:
            return multiple()
        answer = self.api.refund(payment_id, key, str(asked), asked.currency)
        if asked.amount > self.left[payment_id]:
            assert (answer.status, answer.body["code"]) == (409, "refund_too_large")
            return multiple()
        assert answer.status == 201
        self.left[payment_id] -= asked.amount
        self.changes[payment_id] += 1
        self.answers[key] = answer.text
        return (key, payment_id, str(asked), asked.currency)

    @rule(request=requests)
    def again(self, request):
        """The same request gets the same answer and changes nothing."""
        key, payment_id, amount, currency = request
        assert self.api.refund(payment_id, key, amount, currency).text == self.answers[key]

    @rule(request=consumes(requests))
    def otherwise(self, request):
        """Another request with a used key changes nothing either."""
        key, payment_id, amount, currency = request
        answer = self.api.refund(payment_id, key, amount, currency, reason="fraudulent")
        assert answer.body["code"] == "idempotency_conflict"

    @rule(payment_id=payments)
    def show(self, payment_id):
        """What is shown is what the model says."""
        shown = self.api("GET", f"/payments/{payment_id}").body
        amount, currency = self.paid[payment_id]
        assert (Decimal(shown["amount"]), shown["currency"]) == (amount, currency)
        assert Decimal(shown["refunded"]) == amount - self.left[payment_id]
        assert sum(Decimal(part["amount"]) for part in shown["refunds"]) == amount - self.left[payment_id]

    @invariant()
    def the_ledger_balances(self):
        """For each currency, and what came in and stayed is what the payments say."""
        rows = self.sql.run(
            "SELECT currency, sum(amount), sum(amount) FILTER (WHERE account = 'processor') "
            "FROM ledger_entries GROUP BY 1"
        )
        assert all(balance == 0 for _, balance, _ in rows)
        money = self.api.modules.money
        kept = {currency: Decimal(money.Money(int(minor), currency).amount) for currency, _, minor in rows}
        expected: dict[str, Decimal] = {}
        for payment_id, (_, currency) in self.paid.items():
            expected[currency] = expected.get(currency, Decimal(0)) + self.left[payment_id]
        assert kept == expected

    @invariant()
    def each_change_has_its_record(self):
        """As many as the payment's row says."""
        rows = self.sql.run("SELECT id, audit_sequence FROM payments")
        assert dict(map(tuple, rows)) == dict(self.changes)


def test_the_ledger_balances_after_any_sequence(api, sql):
    """Whatever is paid, refunded, repeated and refused, in any order."""
    bounded = settings(deadline=None, max_examples=25, stateful_step_count=25)
    run_state_machine_as_test(lambda: Shop(api, sql), settings=bounded)
