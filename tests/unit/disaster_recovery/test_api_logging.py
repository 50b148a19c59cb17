"""API Gateway's role for logs is the account's: the stack gives up what it declared, and takes nothing away."""

from lib.common import region
from lib.disaster_recovery.stack import KEPT, api_log_roles
from tests.support.disaster_recovery import configuration

FIRST, SECOND = region.pair({})


def test_the_setting_is_no_resource_of_the_stack():
    assert configuration().of("aws_api_gateway_account") == []


def test_the_setting_that_earlier_versions_declared_leaves_the_state_and_stays():
    removed = configuration().json["removed"]
    assert [one["from"] for one in removed] == list(KEPT)
    assert [one["lifecycle"] for one in removed] == [{"destroy": False}] * 2


def test_no_address_that_is_given_up_is_declared():
    """Terraform refuses a configuration that declares what it removes."""
    declared = {resource.address for resource in configuration().resources}
    assert len(declared) > 100
    assert set(KEPT) & declared == set()


def test_the_roles_that_earlier_versions_declared_are_known_by_their_names():
    wanted = {where: f"disaster-recovery-api-logs-{region.short(where)}-pr-7" for where in (FIRST, SECOND)}
    assert api_log_roles({"ENVIRONMENT_SUFFIX": "pr-7"}) == wanted
