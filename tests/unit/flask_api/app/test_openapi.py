"""The OpenAPI document describes what is served, and what is served conforms to it.

Schemathesis makes requests from the document, good and bad ones, and holds every answer against it.
"""

import random
from collections import Counter
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from lib.flask_api.app.openapi import Operation
from tests.support import flask_api

# pylint: disable=redefined-outer-name

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
FEW = settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    """The document, as it is served."""
    return dict(app.test_client().get("/openapi.json").json)


def described(document: dict[str, Any]) -> set[tuple[str, str]]:
    """Return method and path of each operation in the document."""
    return {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    """OpenAPI 3.1."""
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"] == "3.1.0"


def test_what_is_served_is_described_and_the_other_way_round(app: Flask, document: dict[str, Any]) -> None:
    """Flask's own table of routes is the witness."""
    served = {
        (method, rule.rule.replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert served == described(document)
    assert len(served) == 12


def test_every_request_and_answer_has_a_schema(document: dict[str, Any]) -> None:
    """By reference to a component that is there; problems have their own media type."""
    for path, methods in document["paths"].items():
        for operation in methods.values():
            bodies = [*operation["responses"].items(), ("", operation.get("requestBody", {"content": {}}))]
            for status, body in bodies:
                for media_type, content in body["content"].items():
                    assert media_type == ("application/json" if status < "300" else "application/problem+json")
                    if path != "/openapi.json":
                        assert content["schema"]["$ref"].rpartition("/")[2] in document["components"]["schemas"]


def test_a_change_may_leave_out_members_and_has_no_defaults(document: dict[str, Any]) -> None:
    """A client that filled in defaults would overwrite what it did not mean."""
    change = document["components"]["schemas"]["ProductChange"]
    assert "required" not in change
    assert change["minProperties"] == 1
    assert all("default" not in member for member in change["properties"].values())


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("placeOrder", {"201", "400", "409", "413", "415", "422", "503"}),
        ("changeProduct", {"200", "400", "404", "413", "415", "422", "503"}),
        ("listOrders", {"200", "422", "503"}),
        ("cancelOrder", {"200", "404", "503"}),
        ("healthLive", {"200", "503"}),
    ],
)
def test_every_status_is_described(document: dict[str, Any], name: str, statuses: set[str]) -> None:
    """What a caller has to be ready for."""
    operations = [each for methods in document["paths"].values() for each in methods.values()]
    (found,) = [each for each in operations if each["operationId"] == name]
    assert found["responses"].keys() == statuses


@pytest.fixture(scope="module")
def known(app: Flask, settings: object) -> dict[str, list[str]]:
    """Products and orders that are there, for the requests to meet."""
    del settings
    client = app.test_client()
    made = [client.post("/products", json=flask_api.product(stock=1_000_000)).json["id"] for _ in range(5)]
    orders = [
        client.post("/orders", json=flask_api.order((each, 1)), headers={"Idempotency-Key": flask_api.key()}).json["id"]
        for each in made
    ]
    return {"product_id": made, "order_id": orders}


def aim(case: Any, known: dict[str, list[str]], chance: random.Random) -> None:
    """Let half of the requests name something that is there: a random id never does."""
    if chance.random() < 0.5:
        for name in case.path_parameters or {}:
            case.path_parameters[name] = chance.choice(known[name])
    items = case.body.get("items") if isinstance(case.body, dict) else None
    for item in items if isinstance(items, list) and chance.random() < 0.5 else ():
        if isinstance(item, dict) and "product_id" in item:
            item["product_id"] = chance.choice(known["product_id"])


def test_every_answer_is_as_described(app: Flask, document: dict[str, Any], known: dict[str, list[str]]) -> None:
    """No server error; status, headers, media type and content as the document says, of good requests and bad ones.

    Each operation has succeeded at least once: else this would have looked at refusals only. Schemathesis itself
    leaves out the document's own path.
    """
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
    seen: Counter[tuple[str, str, int]] = Counter()
    chance = random.Random("schemathesis")

    def run(case: Any) -> None:
        aim(case, known, chance)
        response = case.call()
        seen[case.method, case.path, response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    for operation in (result.ok() for result in schema.get_all_operations()):
        FEW(given(operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE))(run))()
        if list(operation.iter_parameters()) or list(operation.body):
            FEW(given(operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE))(run))()
    succeeded = {(method, path) for method, path, status in seen if status < 300}
    assert succeeded == described(document) - {("GET", "/openapi.json")}
    assert {status for _, _, status in seen} >= {200, 201, 400, 404, 409, 422}


def test_an_operation_knows_its_refusals() -> None:
    """From what it takes."""
    bare = Operation("x", "GET", "/x", lambda: None, "", None, refusals=())
    assert bare.statuses == []
    assert bare.rule == "/x"
