"""An error is a row and never a clean result; a region that is off is not asked; an emulator proves nothing."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from lib.check_account import run
from lib.check_account.model import Check, Row, Verdict
from tests.support.check_account import HERE, HOME, resource, system

ENDPOINT = resource("AWS::EC2::VPCEndpoint", VpcEndpointType="Interface")
CALLER = {"Arn": "arn:aws:iam::123456789012:user/x"}


def row(verdict):
    return Row("what", "", "needed", "found", verdict)


def raising(error):
    def collect(_account):
        raise error

    return Check("what", HERE, "needed", collect, lambda answer: [row(Verdict.OK)])


DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "x")


@pytest.mark.parametrize(
    "error", [DENIED, NoCredentialsError(), EndpointConnectionError(endpoint_url="u"), ValueError("Invalid endpoint")]
)
def test_what_cannot_be_asked_is_a_row(aws, error):
    (found,) = run.ask(aws.account, raising(error), emulator=False)
    assert found.verdict is Verdict.NOT_ASKED
    assert found.found


def test_what_an_emulator_refuses_it_does_not_have(aws):
    (found,) = run.ask(aws.account, raising(DENIED), emulator=True)
    assert found.verdict is Verdict.NOT_ANSWERED


def test_an_emulator_that_is_not_there_is_told(aws):
    aws.error("sts", "get_caller_identity", "InternalFailure", HOME)
    found = run.rows(aws.account, [system(ENDPOINT)], emulator=True)
    assert {one.verdict for one in found} == {Verdict.NOT_ASKED}


def test_an_answer_that_lacks_fields_is_an_emulator_s(aws):
    (found,) = run.ask(aws.account, raising(KeyError("Quota")), emulator=True)
    assert found.verdict is Verdict.NOT_ANSWERED


def test_of_aws_such_an_answer_is_a_mistake_of_ours(aws):
    with pytest.raises(KeyError):
        run.ask(aws.account, raising(KeyError("Quota")), emulator=False)


@pytest.mark.parametrize(
    ("verdicts", "emulator", "status"),
    [
        ([Verdict.OK], False, 0),
        ([Verdict.OK, Verdict.CHANGE], False, 1),
        ([Verdict.CHANGE, Verdict.NOT_ASKED], False, 3),
        ([Verdict.OK, Verdict.NOT_ASKED], False, 3),
        ([Verdict.CHANGE, Verdict.NOT_ANSWERED], True, 0),
        ([Verdict.NOT_ASKED], True, 3),
    ],
)
def test_the_exit_status(verdicts, emulator, status):
    assert run.status([row(verdict) for verdict in verdicts], emulator=emulator) == status


def regions(aws, status):
    aws.answer("sts", "get_caller_identity", CALLER, {}, HOME)
    answer = {"Regions": [{"RegionName": HERE, "OptInStatus": status}]}
    aws.answer("ec2", "describe_regions", answer, None, HOME)


def test_a_region_that_is_off_is_not_asked(aws):
    regions(aws, "not-opted-in")
    first, *more = run.rows(aws.account, [system(ENDPOINT)], emulator=False)
    assert (first.verdict, first.what) == (Verdict.CHANGE, "region")
    assert [(one.verdict, one.found) for one in more] == [(Verdict.NOT_ASKED, "the region is not switched on")]


def test_a_region_that_is_on_is_asked(aws):
    regions(aws, "opted-in")
    aws.answer("service-quotas", "get_service_quota", {"Quota": {"Value": 50.0}})
    found = run.rows(aws.account, [system(ENDPOINT)], emulator=False)
    assert [one.verdict for one in found] == [Verdict.OK, Verdict.OK]
