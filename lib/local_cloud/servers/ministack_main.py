"""The emulator, with its IAM enforced: a role that lacks a permission is denied, as on AWS.

Run as a file and not as a module: the functions that it starts inherit its environment, and need none of this checkout,
which is on this process's own path alone.
"""

import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

CALLS_VARIABLE = "LOCAL_CLOUD_CALLS"
ROOT = Path(__file__).resolve().parents[3]


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


def permission(access_key: str, user: str, port: int, region: str) -> dict[str, str]:
    """Return the secret of an access key whose owner may connect to a database as a user, or why it may not.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html
    """
    # pylint: disable=protected-access  # the emulator has no other way in
    from ministack.core import iam_evaluator as iam
    from ministack.core.responses import get_account_id, request_scope
    from ministack.services import rds

    account = get_account_id()
    credential = iam.resolve_credential(access_key, account)
    if isinstance(credential, iam.CredentialResolutionError):
        return {"refused": credential.message}
    with request_scope(account, region):
        ids = [
            entry[name]
            for entries, name in ((rds._clusters, "DbClusterResourceId"), (rds._instances, "DbiResourceId"))
            for _key, entry in entries.items()
            if entry.get("IAMDatabaseAuthenticationEnabled")
            and port in (entry.get("Port"), (entry["Endpoint"] if name == "DbiResourceId" else {}).get("Port"))
        ]
        principal = iam.resolve_principal(access_key, account)
        for number in ids:
            context = iam.EvalContext(
                principal_arn=principal.arn,
                principal_type=principal.type,
                principal_account=account,
                action="rds-db:connect",
                resource_arn=f"arn:aws:rds-db:{region}:{account}:dbuser:{number}/{user}",
                region=region,
                principal_keys=principal.keys,
            )
            if iam.evaluate(context, principal.policies, *principal.limits).decision == "Allow":
                return {"refused": "", "secret": credential.secret_access_key, "session": credential.session_token}
    if not ids:
        return {"refused": f"no database on port {port} has IAM authentication"}
    return {"refused": f"{principal.arn} may not rds-db:connect as {user} to {', '.join(ids)}"}


def answer_databases() -> None:
    """Tell the local PostgreSQL servers, at the emulator's path for databases of another kind, whom IAM lets in."""
    from ministack.core import rds_iam

    async def handle(
        _scope: object,
        receive: object,
        send: Callable[[Mapping[str, object]], Awaitable[None]],
        **_options: object,
    ) -> None:
        body_of = rds_iam._read_body  # pylint: disable=protected-access  # as above
        question = json.loads(await body_of(receive))
        body = json.dumps(permission(**question)).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    rds_iam.handle = handle


def replicate() -> None:
    """Let what is replicated between two regions be late, be cut off, and, in Aurora, be data."""
    sys.path.append(str(ROOT))
    from lib.local_cloud.cloud import LocalCloud
    from lib.local_cloud.servers import ministack_aurora, ministack_tables
    from lib.local_cloud.servers.aurora_global import Keeper

    cloud = LocalCloud(
        Path(os.environ["STATE_DIR"]).parent, int(os.environ["GATEWAY_PORT"]), os.environ["MINISTACK_REGION"]
    )
    ministack_aurora.install(cloud)
    ministack_tables.install(cloud.folder)
    Keeper(cloud).start()


def main() -> None:
    """Start the emulator."""
    enforce()
    if os.environ.get(CALLS_VARIABLE):
        record(os.environ[CALLS_VARIABLE])
    from ministack import app  # it reads AUTH when it is imported

    name_callers()
    answer_databases()
    replicate()
    app.main()


if __name__ == "__main__":
    main()
