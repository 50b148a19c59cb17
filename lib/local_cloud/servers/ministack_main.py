"""The emulator, with its IAM enforced: a role that lacks a permission is denied, as on AWS.

Run as a file and not as a module: the functions that it starts inherit its environment, and need none of this checkout.
"""

import json
import os
from typing import Any

CALLS_VARIABLE = "LOCAL_CLOUD_CALLS"


def enforce() -> None:
    """Switch the emulator's IAM on, before anything else of it is imported.

    Policies refuse what comes without TLS. Loopback has none, so every request counts as one that came over TLS.
    """
    os.environ["AUTH"] = "true"
    from ministack.core.iam_evaluator import EvalContext

    EvalContext.secure_transport = property(lambda _context: True, lambda _context, _value: None)


def record(path: str) -> None:
    """Write down what IAM was asked about each request: the caller's access key, the action, the resource, the region.

    Args:
        path: a file that gets a line of JSON for each; what it has already stays.
    """
    from ministack.core import iam_evaluator

    decide = iam_evaluator.enforce

    def recorded(access_key: str, action: str, service: str, region: str, *more: object, **options: object) -> object:
        resource = more[0] if more else options.get("resource_arn", "*")
        line = {"key": access_key, "action": action, "resource": resource, "region": region}
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        return decide(access_key, action, service, region, *more, **options)

    iam_evaluator.enforce = recorded


def name_callers() -> None:
    """Tell a function behind API Gateway whose API key came with the request, as AWS does.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
    """
    # pylint: disable=protected-access  # the emulator has no other way in
    from ministack.services import apigateway_v1 as gateway

    build = gateway._build_lambda_event_v1

    def named(*args: object, **options: object) -> Any:
        event = build(*args, **options)
        headers = {name.lower(): value for name, value in event["headers"].items()}
        key = gateway._resolve_api_key(headers.get("x-api-key"))
        if key:
            event["requestContext"]["identity"] |= {"apiKeyId": key["id"], "apiKey": key["value"]}
        return event

    gateway._build_lambda_event_v1 = named


def main() -> None:
    """Start the emulator."""
    enforce()
    if os.environ.get(CALLS_VARIABLE):
        record(os.environ[CALLS_VARIABLE])
    from ministack import app  # it reads AUTH when it is imported

    name_callers()
    app.main()


if __name__ == "__main__":
    main()
