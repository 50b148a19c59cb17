"""The API is what its description says: schemathesis makes requests of it, good and bad, and holds the answers to it.

The schemas in it are the files that the function validates with, and that API Gateway takes as models.
"""

import json
import random
from collections import Counter
from itertools import count

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import OpenAPIV30SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from tests.support.payment import wsgi

CHECKS = (
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)
FEW = settings(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
OPERATIONS = {
    ("POST", "/payments"),
    ("GET", "/payments/{id}"),
    ("POST", "/payments/{id}/refunds"),
    ("GET", "/health"),
}
# What API Gateway's models know of draft 4, as far as it is used here.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html
MODEL = {
    "$schema",
    "title",
    "description",
    "type",
    "required",
    "properties",
    "additionalProperties",
    "pattern",
    "enum",
}


@pytest.fixture
def document(modules):
    """The description, as JSON has it."""
    return json.loads(json.dumps(modules.openapi.description()))


def test_the_description_is_valid(document):
    """OpenAPI 3.0, in which every reference leads somewhere."""
    OpenAPIV30SpecValidator(document).validate()


def test_what_is_routed_is_described(modules, document):
    """And the other way round."""
    routed = {(method, path) for path, methods in modules.handler.router.routes.items() for method in methods}
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert routed == described == OPERATIONS


def test_every_code_but_those_of_no_route_is_described(modules, document):
    operations = [each for methods in document["paths"].values() for each in methods.values()]
    texts = [found["description"] for each in operations for found in each["responses"].values()]
    described = {part.partition(":")[0] for text in texts for part in text.split("; ")}
    assert set(modules.problem_types.CODES) - described == {"not_found", "method_not_allowed"}


def test_the_described_bodies_are_the_schema_files(modules, document):
    for schema in modules.request_validation.SCHEMAS.values():
        described = document["components"]["schemas"][schema["title"]]
        assert described == {name: value for name, value in schema.items() if name != "$schema"}


def names(schema):
    """Yield the names of all rules in a schema."""
    yield from schema
    for member in schema.get("properties", {}).values():
        yield from names(member)


def test_the_schema_files_are_models_for_api_gateway(modules):
    """Draft 4, no references, nothing that API Gateway does not know; titles are names of models."""
    assert set(modules.request_validation.SCHEMAS) == {"payment", "refund"}
    for schema in modules.request_validation.SCHEMAS.values():
        assert schema["$schema"] == "http://json-schema.org/draft-04/schema#"
        assert schema["title"].isalnum()
        assert set(names(schema)) <= MODEL


def aim(case, known, chance, numbers):
    """Let most requests meet what is there with a key of their own: a random id never does."""
    if chance.random() < 0.8 and "id" in (case.path_parameters or {}):
        case.path_parameters["id"] = chance.choice(known)
    if chance.random() < 0.8 and "Idempotency-Key" in (case.headers or {}):
        case.headers["Idempotency-Key"] = f"key-{next(numbers)}" if chance.random() < 0.8 else "again"
    if chance.random() < 0.8 and isinstance(case.body, dict) and isinstance(case.body.get("currency"), str):
        case.body |= {"currency": "EUR", "amount": chance.choice(["1.00", "0.5", "7.25"])}


def test_every_answer_is_as_described(api):
    """No server error; status, headers, media type and content as the description says; bad data is refused.

    Each operation has succeeded at least once: else this would have looked at refusals only.
    """
    schema = schemathesis.openapi.from_wsgi(wsgi.DESCRIPTION, wsgi.application(api))
    known = [api.pay(f"first-{number}", amount="1000.00").body["id"] for number in range(5)]
    seen, numbers, chance = Counter(), count(), random.Random("schemathesis")

    def good(case):
        aim(case, known, chance, numbers)
        response = case.call()
        seen[case.method, case.path, response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    def bad(case):
        response = case.call()
        seen[case.method, case.path, response.status_code] += 1
        case.validate_response(response, checks=(*CHECKS, checks.negative_data_rejection))

    for operation in (result.ok() for result in schema.get_all_operations()):
        FEW(given(operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE))(good))()
        if list(operation.iter_parameters()) or len(operation.body) > 0:
            FEW(given(operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE))(bad))()
    print(*(f"{number:4} {' '.join(map(str, key))}" for key, number in sorted(seen.items())), sep="\n")
    assert {(method, path) for method, path, status in seen if status < 300} == OPERATIONS
    assert {status for _, _, status in seen} >= {200, 201, 400, 404, 409, 422}
