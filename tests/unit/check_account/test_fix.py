"""``--fix`` shows each call, makes it when told to, and stops a row at the first that is refused or fails."""

import pytest
from botocore.exceptions import ClientError

from lib.check_account import fix
from lib.check_account.checks import api_gateway
from lib.check_account.model import Call, Row, Verdict
from tests.support.check_account import HERE, HOME

ROLE = Call("iam", "create_service_linked_role", "", {"AWSServiceName": "rds.amazonaws.com"}, "aws iam create rds")
OTHER = Call("iam", "create_service_linked_role", "", {"AWSServiceName": "ecs.amazonaws.com"}, "aws iam create ecs")


def row(*calls):
    return Row("what", "", "needed", "missing", Verdict.CHANGE, "", calls)


def made(aws, service="rds.amazonaws.com"):
    aws.answer("iam", "create_service_linked_role", {}, {"AWSServiceName": service}, HOME)


class Person:
    def __init__(self, *answers):
        self.answers, self.shown, self.told, self.waited = list(answers), [], [], []

    def confirm(self, command):
        self.shown.append(command)
        return self.answers.pop(0) if self.answers else True

    def apply(self, account, *rows):
        return fix.apply(account, rows, self.confirm, self.told.append, self.waited.append)


def test_each_call_is_shown_and_made(aws):
    made(aws)
    person = Person()
    assert person.apply(aws.account, row(ROLE)) is True
    assert (person.shown, person.told) == (["aws iam create rds"], ["done"])


def test_a_no_leaves_everything_as_it_is(aws):
    person = Person(False)
    assert person.apply(aws.account, row(ROLE, OTHER)) is True
    assert (person.shown, person.told) == (["aws iam create rds"], ["left as it is"])


def test_a_no_to_one_row_is_none_to_the_next(aws):
    made(aws, "ecs.amazonaws.com")
    assert Person(False, True).apply(aws.account, row(ROLE), row(OTHER)) is True


def test_a_call_of_two_rows_is_made_once(aws):
    made(aws)
    person = Person()
    person.apply(aws.account, row(ROLE), row(ROLE))
    assert person.shown == ["aws iam create rds"]


def test_a_failure_is_told_and_ends_the_row(aws):
    aws.error("iam", "create_service_linked_role", "AccessDenied", HOME)
    person = Person()
    assert person.apply(aws.account, row(ROLE, OTHER)) is False
    assert (person.shown, person.told) == (["aws iam create rds"], ["failed: AccessDenied: no"])


def test_what_exists_already_is_no_failure(aws):
    aws.error("iam", "create_service_linked_role", "EntityAlreadyExists", HOME)
    assert Person().apply(aws.account, row(ROLE)) is True


def test_the_account_s_number_is_filled_in(aws):
    update = api_gateway.creation(HERE)[-1]
    aws.answer("sts", "get_caller_identity", {"Arn": "arn:aws:iam::123456789012:user/x"}, {}, HOME)
    name = f"arn:aws:iam::123456789012:role/APIGatewayPushToCloudWatchLogs-{HERE}"
    wanted = {"patchOperations": [{"op": "replace", "path": "/cloudwatchRoleArn", "value": name}]}
    aws.answer("apigateway", "update_account", {}, wanted)
    fix.make(aws.account, update, wait=None)


def test_a_role_that_is_not_known_everywhere_yet_is_waited_for(aws):
    update = Call("apigateway", "update_account", HERE, {"patchOperations": []}, "aws x")
    aws.error("apigateway", "update_account", "BadRequestException")
    aws.answer("apigateway", "update_account", {})
    person = Person()
    assert person.apply(aws.account, row(update)) is True
    assert person.waited == [fix.SECONDS]


def test_waiting_for_a_role_ends(aws):
    update = Call("apigateway", "update_account", HERE, {"patchOperations": []}, "aws x")
    for _try in range(fix.TRIES):
        aws.error("apigateway", "update_account", "BadRequestException")
    waited = []
    with pytest.raises(ClientError, match="BadRequest"):
        fix.make(aws.account, update, waited.append)
    assert len(waited) == fix.TRIES - 1


def test_a_row_without_calls_is_left_to_a_human(aws):
    person = Person()
    person.apply(aws.account, row())
    assert person.shown == []
