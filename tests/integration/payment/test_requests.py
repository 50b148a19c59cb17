"""Requests through the deployed API reach the function, the database and the audit trail; its role just suffices."""

import json
import secrets
import string
import time
import urllib.error
import urllib.request
import uuid

import pytest

from lib.common import naming, region
from lib.payment.exercise import exercise
from lib.payment.settings import SYSTEM, Settings
from tests.integration.conftest import TARGET
from tests.support import discovery

CARD = "4111111111111111"
PATIENCE_SECONDS = 30
local = pytest.mark.skipif(TARGET == "aws", reason="changes what is deployed")


def new_key() -> str:
    """Return an idempotency key without digits: a stretch of random ones can look like a card number."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(32))


def named(part):
    return f"{SYSTEM}-{part}-{naming.suffix()}"


@pytest.fixture
def url(aws):
    """Where the API answers."""
    pages = aws("apigateway").get_paginator("get_rest_apis").paginate()
    name = f"{SYSTEM}-{naming.suffix()}"
    api = discovery.one([a for page in pages for a in page["items"] if a["name"] == name], f"API {name}")["id"]
    if TARGET == "aws":
        return f"https://{api}.execute-api.{region.primary()}.{region.dns_suffix(region.primary())}/v1"
    return f"{aws('apigateway').meta.endpoint_url}/restapis/{api}/v1/_user_request_"


@pytest.fixture
def caller(aws):
    """The key of the first caller."""
    found = aws("apigateway").get_api_keys(nameQuery=named("first-caller"), includeValues=True)["items"]
    return discovery.one(found, "API key")["value"]


@pytest.fixture
def ask(url, caller):
    def send(method, path, body=None, key=None, *, known=True):
        headers = {"Content-Type": "application/json"} | ({"x-api-key": caller} if known else {})
        headers |= {"Idempotency-Key": key} if key else {}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    return send


def payment(**other):
    return {"amount": "12.34", "currency": "EUR", "payment_method": "tok_integration_test", **other}


@pytest.fixture
def records(aws):
    """Return the audit objects of a payment, which may take a drain."""

    def wait(payment_id, number):
        account = aws("sts").get_caller_identity()["Account"]
        bucket = f"payment-audit-{account}-{region.primary()}-{naming.suffix()}"
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            pages = aws("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="payments/")
            keys = [o["Key"] for page in pages for o in page.get("Contents", []) if f"/{payment_id}/" in o["Key"]]
            if len(keys) >= number or time.monotonic() > deadline:
                return [json.load(aws("s3").get_object(Bucket=bucket, Key=key)["Body"]) for key in sorted(keys)]
            time.sleep(0.5)

    return wait


def test_a_payment_is_made_read_and_refunded(ask, records):
    status, made = ask("POST", "/payments", payment(), new_key())
    assert (status, made["status"]) == (201, "captured")
    assert ask("GET", f"/payments/{made['id']}")[1]["amount"] == "12.34"
    status, _refund = ask("POST", f"/payments/{made['id']}/refunds", {"amount": "2.34", "currency": "EUR"}, new_key())
    assert status == 201
    kept = records(made["id"], 2)
    assert [record["sequence"] for record in kept] == [1, 2]
    assert kept[1]["previous"] == kept[0]["hash"]


def test_a_payment_is_its_caller_s(ask, aws, records):
    """API Gateway says which key came with the request."""
    found = aws("apigateway").get_api_keys(nameQuery=named("first-caller"))["items"]
    key_id = discovery.one(found, "API key")["id"]
    made = ask("POST", "/payments", payment(), new_key())[1]
    assert [record["data"]["caller"] for record in records(made["id"], 1)] == [f"api-key:{key_id}"]


def test_the_same_key_pays_once(ask):
    body, key = payment(), new_key()
    first, second = (ask("POST", "/payments", body, key) for _ in range(2))
    assert first[1]["id"] == second[1]["id"]
    assert ask("POST", "/payments", body | {"amount": "12.35"}, key)[0] == 409


def test_a_card_number_is_refused_and_not_repeated(ask):
    status, body = ask("POST", "/payments", payment(payment_method=CARD), new_key())
    assert status == 422
    assert CARD not in json.dumps(body)


def test_a_stranger_is_refused(ask):
    assert ask("POST", "/payments", payment(), new_key(), known=False)[0] == 403


def test_the_exercise_adds_up(url, caller):
    mix = exercise(url, lambda _text: None, headers={"x-api-key": caller}, payments=20, clients=4)
    assert mix.payments == 20
    assert mix.replays >= 1


@local
def test_a_permission_that_is_missing_is_noticed(aws, ask, records):
    iam = aws("iam")
    role = Settings.read().name("role", "api")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    whole = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    less = {**whole, "Statement": [s for s in whole["Statement"] if "s3:PutObject" not in s["Action"]]}
    assert len(less["Statement"]) == len(whole["Statement"]) - 1
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(less))
    try:
        status, made = ask("POST", "/payments", payment(), new_key())
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(whole))
    assert status == 201  # the money has moved, so the caller is told; the audit record waits in the outbox
    report = aws("lambda").invoke(FunctionName=named("drain"), Payload=b"{}")
    assert json.load(report["Payload"])["written"] >= 1
    assert len(records(made["id"], 1)) == 1


@local
def test_an_alarm_reaches_the_topics_subscribers(aws):
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allow, "Resource": "*"}]})
    name = f"listener-{uuid.uuid4().hex[:8]}"
    queue = aws("sqs").create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    try:
        attributes = aws("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
        pages = aws("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNames=[named("audit-mismatch")])
        (alarm,) = [found for page in pages for found in page["MetricAlarms"]]
        (topic,) = alarm["AlarmActions"]
        subscribed = aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["QueueArn"])[
            "SubscriptionArn"
        ]
        for state in ("OK", "ALARM"):
            aws("cloudwatch").set_alarm_state(AlarmName=alarm["AlarmName"], StateValue=state, StateReason="a test")
        found = aws("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=10).get("Messages", [])
        aws("sns").unsubscribe(SubscriptionArn=subscribed)
    finally:
        aws("sqs").delete_queue(QueueUrl=queue)
    assert [json.loads(json.loads(m["Body"])["Message"])["AlarmName"] for m in found] == [named("audit-mismatch")]
