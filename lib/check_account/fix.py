"""``--fix``: what belongs to the account and to no stack, one call after the other, each shown and asked for first.

Nothing here costs money: service-linked roles, the role that API Gateway writes logs with, an end for RDS's figures.
"""

import time
from collections.abc import Callable, Sequence

from lib.check_account.account import ERRORS, Account, code, sentence
from lib.check_account.model import Call, Row
from lib.common.json_types import JsonValue

# A new role is not known everywhere at once: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
TRIES, SECONDS = 8, 5.0
NOT_YET = {"BadRequestException"}  # how API Gateway says that it cannot assume the role
ALREADY = {"EntityAlreadyExists"}  # somebody was faster, or an earlier run was interrupted between two calls


def apply(
    account: Account,
    rows: Sequence[Row],
    confirm: Callable[[str], bool],
    report: Callable[[str], None],
    wait: Callable[[float], None] = time.sleep,
) -> bool:
    """Make the calls of every row that has some, each once; return whether all that were wanted succeeded.

    A row whose call is refused or fails is left where it is: the calls after it need it.

    Args:
        account: where the calls are made.
        rows: what the checks found.
        confirm: is shown a call and says whether it is made.
        report: is told what was done.
        wait: waits for seconds, between two tries.
    """
    good, done = True, set[str]()
    for row in rows:
        for call in row.calls:
            if call.command in done:
                continue
            done.add(call.command)
            if not confirm(call.command):
                report("left as it is")
                break
            try:
                make(account, call, wait)
            except ERRORS as error:
                report(f"failed: {sentence(error)}")
                good = False
                break
            report("done")
    return good


def make(account: Account, call: Call, wait: Callable[[float], None]) -> None:
    """Make one call, again and again while AWS does not know the role yet that an earlier one made.

    Raises:
        BotoCoreError, ClientError: it failed.
    """
    parameters = _filled(call.parameters, account)
    tries = 0
    while True:
        try:
            getattr(account.client(call.service, call.region), call.operation)(**parameters)
            return
        except ERRORS as error:
            tries += 1
            if code(error) in ALREADY:
                return
            if code(error) not in NOT_YET or tries == TRIES:
                raise
        wait(SECONDS)


def _filled(value: JsonValue, account: Account) -> JsonValue:
    """Return parameters with the account's number where they leave a place for it."""
    if isinstance(value, dict):
        return {key: _filled(inner, account) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, account) for inner in value]
    if isinstance(value, str) and "{account}" in value:
        return value.replace("{account}", account.identity().split(":")[4])
    return value
