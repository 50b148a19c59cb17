"""What the systems declare is compared with what is left of each quota; what they have already is not needed again."""

import pytest
from botocore.exceptions import ClientError

from lib.check_account.checks import quotas, usage
from lib.check_account.model import Verdict
from tests.support.check_account import HERE, THERE, only, resource, system

TAGS = [{"Key": "System", "Values": ["shop"]}, {"Key": "EnvironmentSuffix", "Values": ["live"]}]
ADDRESSES = next(quota for quota in usage.QUOTAS if quota.code == "L-0263D0A3")


def addresses(count, name="shop", where=HERE):
    return system(*(resource("AWS::EC2::EIP", f"eip{number}", where) for number in range(count)), name=name)


def judged(limit, used, own, *systems):
    check = only(quotas.checks(systems), ADDRESSES.name)
    (row,) = check.evaluate(quotas.Figures(limit, used, own))
    return row


def test_two_production_stacks_do_not_fit_into_a_new_account():
    row = judged(5, 0, {}, addresses(3, "one"), addresses(3, "two"))
    assert (row.verdict, row.needed, row.found) == (Verdict.CHANGE, "6 more (one 3, two 3)", "5 allowed, 0 used")


def test_one_does():
    assert judged(5, 0, {}, addresses(3)).verdict is Verdict.OK


@pytest.mark.parametrize(("used", "verdict"), [(2, Verdict.OK), (3, Verdict.CHANGE)])
def test_what_others_use_counts(used, verdict):
    assert judged(5, used, {}, addresses(3)).verdict is verdict


def test_what_the_system_has_already_is_not_needed_again():
    row = judged(5, 5, {"shop": 3}, addresses(3))
    assert (row.verdict, row.needed) == (Verdict.OK, "0 more (shop 0)")


def test_the_command_asks_for_what_is_enough():
    assert judged(5, 4, {}, addresses(3)).fix == (
        f"aws service-quotas request-service-quota-increase --region {HERE} --service-code ec2 --quota-code L-0263D0A3 "
        "--desired-value 7"
    )


def test_each_region_is_checked_by_itself():
    found = quotas.checks([addresses(3), addresses(2, "two", THERE)])
    assert {(check.region, check.needed) for check in found} == {(HERE, "shop 3"), (THERE, "two 2")}


def test_a_quota_that_nothing_needs_is_not_asked_for():
    assert [check.what for check in quotas.checks([addresses(1)])] == [ADDRESSES.name]


def test_a_quota_its_use_and_the_systems_own_are_asked_for(aws):
    wanted = {"ServiceCode": "ec2", "QuotaCode": "L-0263D0A3"}
    aws.answer("service-quotas", "get_service_quota", {"Quota": {"Value": 5.0}}, wanted)
    arns = [f"arn:aws:ec2:{HERE}:123456789012:{part}" for part in ("elastic-ip/eipalloc-1", "natgateway/nat-1")]
    answer = {"ResourceTagMappingList": [{"ResourceARN": arn} for arn in arns]}
    asked = {"TagFilters": TAGS, "ResourceTypeFilters": ["ec2"]}
    aws.answer("resourcegroupstaggingapi", "get_resources", answer, asked)
    aws.answer("ec2", "describe_addresses", {"Addresses": [{}, {}]}, {})
    found = only(quotas.checks([addresses(3)]), ADDRESSES.name).collect(aws.account)
    assert found == quotas.Figures(5, 2, {"shop": 1})


def test_aws_s_default_stands_where_the_account_has_no_value(aws):
    aws.error("service-quotas", "get_service_quota", "NoSuchResourceException")
    wanted = {"ServiceCode": "vpc", "QuotaCode": "L-29B6F2EB"}
    aws.answer("service-quotas", "get_aws_default_service_quota", {"Quota": {"Value": 50.0}}, wanted)
    endpoint = resource("AWS::EC2::VPCEndpoint", VpcEndpointType="Interface")
    found = only(quotas.checks([system(endpoint)]), "interface endpoints").collect(aws.account)
    assert found == quotas.Figures(50, 0, {})


def test_a_refusal_is_not_taken_for_a_default(aws):
    aws.error("service-quotas", "get_service_quota", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        quotas.limit(aws.account, ADDRESSES, HERE)


def functions(reserved):
    made = resource("AWS::Lambda::Function", FunctionName="shop-api-live", ReservedConcurrentExecutions=reserved)
    return system(made)


def concurrency(reserved, limit, used, own=0):
    check = only(quotas.checks([functions(reserved)]), "Lambda")
    (row,) = check.evaluate(quotas.Figures(limit, used, {"shop": own}))
    return row


def test_a_new_account_s_ten_lambdas_leave_nothing_to_reserve():
    row = concurrency(20, 10, 0)
    assert (row.verdict, "--desired-value 120" in row.fix) == (Verdict.CHANGE, True)


@pytest.mark.parametrize(("limit", "verdict"), [(120, Verdict.OK), (119, Verdict.CHANGE)])
def test_lambda_keeps_a_hundred_for_the_others(limit, verdict):
    assert concurrency(20, limit, 0).verdict is verdict


@pytest.mark.parametrize(("reserved", "own"), [(0, 0), (20, 20)])
def test_nothing_more_reserved_needs_nothing(reserved, own):
    assert concurrency(reserved, 10, own, own).verdict is Verdict.OK


def test_lambda_s_own_figures_are_read(aws):
    limit = {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 970}}
    aws.answer("lambda", "get_account_settings", limit, {})
    wanted = {"FunctionName": "shop-api-live"}
    aws.answer("lambda", "get_function_concurrency", {"ReservedConcurrentExecutions": 20}, wanted)
    found = only(quotas.checks([functions(20)]), "Lambda").collect(aws.account)
    assert found == quotas.Figures(1000, 30, {"shop": 20})


@pytest.mark.parametrize(("own", "left"), [(0, 1), (1, 1), (2, 1), (3, 0)])
def test_of_three_gateways_in_three_zones_one_counts_in_each(own, left):
    zones = [resource("AWS::EC2::Subnet", f"s{zone}", AvailabilityZone=zone) for zone in "abc"]
    gateways = [resource("AWS::EC2::NatGateway", f"n{z}", SubnetId=f"${{s{z}.SubnetId}}") for z in "abc"]
    quota = next(quota for quota in usage.QUOTAS if quota.code == "L-FE5A380F")
    assert quotas.missing(quota, HERE, system(*zones, *gateways), own) == left
