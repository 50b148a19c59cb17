"""A payment with many refunds is shown in pages, each small enough for a load balancer."""

import json
import re

import pytest
from pg8000.native import literal

from tests.support import payment as support

REFUND = "ref_" + "b" * 26
LETTERS = "bcdfghjklmnpqrstvwxyz"
LARGEST = 1024 * 1024  # bytes of an answer to a load balancer


@pytest.fixture
def refunded(api, sql):
    """Makes a payment with that many refunds, and returns its id."""

    def make(count):
        paid = api.pay("key", amount="900000.00").body["id"]
        ids = [f"{REFUND}{a}{b}{c}" for a in LETTERS for b in LETTERS for c in LETTERS][:count]
        ids = [each[:4] + each[5:] for each in ids]  # as long as an id is
        support.tamper(
            sql,
            "INSERT INTO refunds (id, payment_id, amount, reason, created_at) "
            f"SELECT id, {literal(paid)}, 1, 'requested_by_customer', now() FROM unnest({literal(ids)}::text[]) AS id",
        )
        return paid

    return make


def follow(api, paid, make=support.event):
    """Return every page of a payment, as the header Link leads from one to the next."""
    pages, query = [], {}
    while query is not None:
        answer = api.send(make("GET", f"/payments/{paid}", query=query))
        assert answer.status == 200
        pages.append(answer)
        link = re.fullmatch(rf'<{paid}[?]refunds_after=(ref_[a-z]+)>; rel="next"', answer.headers.get("link", ""))
        query = {"refunds_after": link[1]} if link else None
    return pages


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (1000, 1), (1001, 2), (2500, 3)])
def test_every_refund_is_on_one_page(api, refunded, count, pages):
    shown = follow(api, refunded(count))
    ids = [refund["id"] for page in shown for refund in page.body["refunds"]]
    assert (len(shown), len(ids), ids) == (pages, count, sorted(set(ids)))


def test_each_page_fits_a_load_balancer(api, refunded, sql):
    paid = refunded(9000)
    support.tamper(sql, "UPDATE payments SET caller = 'load-balancer'")
    shown = follow(api, paid, support.balancer_event)
    assert len(shown) == 9
    assert max(len(json.dumps(page.body)) for page in shown) < LARGEST / 4


@pytest.mark.parametrize("after", ["x", "pay_" + "b" * 28, "ref_", "ref_" + "B" * 28])
def test_another_place_to_begin_is_refused(api, after):
    paid = api.pay("key").body["id"]
    answer = api("GET", f"/payments/{paid}", query={"refunds_after": after})
    assert (answer.status, answer.body["code"]) == (422, "invalid_request")


def test_the_next_page_is_the_caller_s_as_well(api, refunded):
    paid = refunded(1001)
    other = {"identity": {"apiKeyId": "another000"}}
    event = support.event("GET", f"/payments/{paid}", query={"refunds_after": "ref_" + "b" * 28}, requestContext=other)
    assert api.send(event).status == 404
