"""API Gateway's role for logs: one setting of an account and region that no stack owns, asked for before a deployment.

Without it API Gateway refuses every stage that writes logs, at the end of a deployment that has made a database.
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

from collections.abc import Mapping

from lib.common.aws_clients import ClientFactory
from lib.common.errors import SettingError

TITLE = "API Gateway's role for logs"


def refuse_missing_role(client: ClientFactory, system: str, own: Mapping[str, str]) -> None:
    """Refuse a deployment whose API could not write logs, or would lose the role that it writes them with.

    Args:
        client: makes the clients of the account that is deployed to.
        system: the system's name.
        own: the regions with an API, and the name of the role that earlier versions of the stack declared there. It is
            deleted with the next deployment, whoever uses it.

    Raises:
        SettingError: the sentence, with where the commands are.
        BotoCoreError, ClientError: API Gateway could not be asked.
    """
    how = f"docs/systems/{system}.md, {TITLE!r}, has the commands, which cost nothing"
    for region, name in own.items():
        arn = str(client("apigateway", region).get_account().get("cloudwatchRoleArn") or "")
        if not arn:
            raise SettingError(
                f"API Gateway has no role in {region} to write logs with, and refuses a stage without it. It is set "
                f"once for the account and region, and belongs to no stack: {how}."
            )
        if arn.rsplit("/", 1)[-1] == name:
            raise SettingError(
                f"API Gateway writes the logs of every API in {region} with the role {name}, which an earlier version "
                f"of this stack declared and this deployment deletes. Give it another role first: {how}."
            )
