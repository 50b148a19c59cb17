"""The local cloud's API Gateway gets its role for logs once, in each region that is asked for."""

from types import SimpleNamespace

from lib.common.region import pair
from lib.local_cloud.account import give_api_gateway_its_role

HERE, THERE = pair({})


class Cloud:
    """A cloud that writes down what it is asked to change."""

    region = HERE

    def __init__(self, **roles):
        self.roles, self.calls = roles, []

    def client(self, service, place, *, config):
        assert config is not None

        def call(operation):
            return lambda **parameters: self.calls.append((service, operation, place, parameters)) or {}

        return SimpleNamespace(
            get_account=lambda: {"cloudwatchRoleArn": self.roles.get(place)},
            get_caller_identity=lambda: {"Arn": "arn:aws:iam::123456789012:root"},
            **{name: call(name) for name in ("create_role", "attach_role_policy", "update_account")},
        )


def test_each_region_gets_a_role_of_the_account():
    cloud = Cloud()
    give_api_gateway_its_role(cloud, [HERE, THERE])
    made = [(service, operation, place) for service, operation, place, _parameters in cloud.calls]
    assert [one for one in made if one[0] == "apigateway"] == [
        ("apigateway", "update_account", HERE),
        ("apigateway", "update_account", THERE),
    ]
    (change,) = cloud.calls[-1][3]["patchOperations"]
    assert change["value"].startswith("arn:aws:iam::123456789012:role/APIGatewayPushToCloudWatchLogs-")


def test_a_role_that_is_there_stays():
    cloud = Cloud(**{HERE: "arn:aws:iam::123456789012:role/logs"})
    give_api_gateway_its_role(cloud, [HERE])
    assert cloud.calls == []
