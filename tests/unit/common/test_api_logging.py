"""A deployment is refused before it begins where API Gateway has no role for logs, or would lose it."""

import pytest

from lib.common.api_logging import refuse_missing_role
from lib.common.errors import SettingError
from lib.common.region import pair

HERE, THERE = pair({})
OWN = {HERE: "payment-api-logs-dev", THERE: "payment-api-logs-dev"}


class Gateway:
    """Answers for each region as API Gateway does."""

    def __init__(self, roles):
        self.roles, self.region = roles, ""

    def __call__(self, service, region):
        assert service == "apigateway"
        self.region = region
        return self

    def get_account(self):
        arn = self.roles.get(self.region)
        return {"cloudwatchRoleArn": arn} if arn else {}


def test_another_role_in_every_region_is_all_that_it_needs():
    refuse_missing_role(Gateway(dict.fromkeys(OWN, "arn:aws:iam::123456789012:role/service-role/logs")), "payment", OWN)


def test_a_region_without_a_role_is_named():
    with pytest.raises(SettingError, match=f"no role in {THERE} to write logs") as refusal:
        refuse_missing_role(Gateway({HERE: "arn:aws:iam::123456789012:role/logs"}), "payment", OWN)
    assert 'docs/systems/payment.md, "API Gateway\'s role for logs"' in str(refusal.value)


def test_a_role_that_the_deployment_deletes_is_named():
    roles = dict.fromkeys(OWN, "arn:aws:iam::123456789012:role/payment-api-logs-dev")
    with pytest.raises(SettingError, match=f"every API in {HERE} with the role payment-api-logs-dev"):
        refuse_missing_role(Gateway(roles), "payment", OWN)
