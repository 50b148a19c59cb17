"""Requests through the deployed load balancer reach the application and its database."""

import json
import urllib.error
import urllib.request
import uuid

import pytest

from lib.common import naming
from lib.flask_api.exercise import exercise
from lib.flask_api.settings import SYSTEM
from tests.integration.conftest import TARGET


@pytest.fixture
def url(aws):
    """Where the load balancer answers."""
    name = f"{SYSTEM}-{naming.suffix()}"
    balancer = aws("elbv2").describe_load_balancers(Names=[name])["LoadBalancers"][0]
    if TARGET == "aws":
        return f"http://{balancer['DNSName']}"
    return f"{aws('elbv2').meta.endpoint_url}/_alb/{balancer['LoadBalancerName']}"


def ask(url, method="GET", body=None, **headers):
    """Return status and body of a request."""
    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
    request = urllib.request.Request(url, data=data, method=method, headers=sent)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_the_application_lives_and_its_database_answers(url):
    assert ask(f"{url}/health/live")[0] == 200
    assert ask(f"{url}/health/ready")[0] == 200


def test_what_is_written_is_read(url):
    name = f"Test {uuid.uuid4().hex}"
    status, made = ask(f"{url}/products", "POST", {"name": name, "price": "9.99", "currency": "EUR", "stock": 3})
    assert status == 201
    assert ask(f"{url}/products/{made['id']}")[1]["name"] == name


def test_an_order_takes_its_stock_once(url):
    _status, made = ask(f"{url}/products", "POST", {"name": "Once", "price": "1.10", "currency": "EUR", "stock": 3})
    body, key = {"items": [{"product_id": made["id"], "quantity": 2}]}, uuid.uuid4().hex
    answers = [ask(f"{url}/orders", "POST", body, Idempotency_Key=key) for _ in range(2)]
    assert answers[0][1]["id"] == answers[1][1]["id"]
    assert answers[0][1]["total"] == "2.20"
    assert ask(f"{url}/products/{made['id']}")[1]["stock"] == 1


def test_a_bad_request_is_a_problem_and_no_server_error(url):
    status, body = ask(f"{url}/products", "POST", {"name": "x"})
    assert status == 422
    assert body["errors"]


def test_the_exercise_adds_up(url):
    mix = exercise(url, None, lambda _text: None, products=5, orders=20, clients=4)
    assert mix.orders >= 10
    assert not [status for status in mix.requests if status >= 500]
