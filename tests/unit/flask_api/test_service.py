"""The API runs on Fargate once there is an image, with its own roles, and scales."""

import json

import pytest

from lib.common import region
from lib.flask_api.settings import Settings
from lib.flask_api.users import API_USER
from tests.support.production import ON_DUTY
from tests.support.program import declare, program

TASK, SERVICE = "ecs/taskDefinition:TaskDefinition", "ecs/service:Service"
DIGEST = "sha256:" + "ab" * 32


def container(**environ):
    """Return the task's only container."""
    (found,) = json.loads(program(**environ).one(TASK)["containerDefinitions"])
    return found


def test_without_an_image_everything_else_is_there():
    found = declare(dict(ON_DUTY))
    assert len(found.of("ecr/repository:Repository")) == len(found.of("ecs/cluster:Cluster")) == 1
    assert found.of(TASK) == found.of(SERVICE) == found.of("appautoscaling/target:Target") == []
    assert "push an image" in found.outputs["next"]
    assert "serviceName" not in found.outputs


@pytest.mark.parametrize(("image", "separator"), [("v1", ":"), (DIGEST, "@")])
def test_the_image_is_of_the_stacks_own_repository(image, separator):
    repository = program().outputs["repositoryUrl"]
    assert container(IMAGE=image)["image"] == f"{repository}{separator}{image}"


def test_lines_go_to_the_log_group_of_the_stacks_region():
    options = container()["logConfiguration"]["options"]
    assert options["awslogs-region"] == region.primary({})
    assert options["awslogs-group"] == program().outputs["logGroupName"] == "/ecs/flask-api-dev"


def allowed(role):
    """Return the actions that a role of the service allows, with their resources."""
    statements = json.loads(program().one("iam/rolePolicy:RolePolicy", role)["policy"])["Statement"]
    return {action: s["Resource"] for s in statements if s["Effect"] == "Allow" for action in s["Action"]}


def test_the_application_signs_in_by_iam_and_nobody_gives_it_a_password():
    found = container()
    assert "secrets" not in found
    assert {"name": "DB_USER", "value": API_USER} in found["environment"]
    assert not [e for e in found["environment"] if "PASSWORD" in e["name"] or "SECRET" in e["name"]]
    (user,) = allowed("task")["rds-db:connect"]
    assert user.endswith(f":dbuser:cluster-1/{API_USER}")
    assert not [action for role in ("task", "execution") for action in allowed(role) if "secretsmanager" in action]


def test_the_application_is_told_where_its_database_is():
    given = {e["name"]: e["value"] for e in container(DATABASE_PORT="6000")["environment"]}
    assert given["DB_HOST"] == program().outputs["databaseEndpoint"]
    assert (given["DB_PORT"], given["PORT"]) == ("6000", "8080")


def test_a_task_and_nobody_else_has_its_keys_hashed_by_the_stack_s_key():
    found = program()
    given = {e["name"]: e["value"] for e in container()["environment"]}
    (key,) = [each for each in found.of("kms/key:Key") if each.inputs.get("customerMasterKeySpec") == "HMAC_256"]
    assert key.name in given["HASH_KEY_ARN"]
    allowed = {
        each.name: [s for s in json.loads(each.inputs["policy"])["Statement"] if "kms:GenerateMac" in s["Action"]]
        for each in found.of("iam/rolePolicy:RolePolicy")
    }
    assert {name: [s["Resource"] for s in statements] for name, statements in allowed.items() if statements} == {
        "task": [[given["HASH_KEY_ARN"]]]
    }


def test_the_container_cannot_change_its_own_files():
    assert container()["readonlyRootFilesystem"] is True


def test_the_application_has_longer_to_stop_than_it_takes():
    assert container()["stopTimeout"] == 60


def test_executing_and_running_are_different_roles():
    task = program().one(TASK)
    assert task["executionRoleArn"] != task["taskRoleArn"]


@pytest.mark.parametrize(("cpu", "memory", "workers"), [("512", "1024", "1"), ("2048", "8192", "4")])
def test_a_larger_task_has_more_workers(cpu, memory, workers):
    chosen = {"TASK_CPU": cpu, "TASK_MEMORY": memory}
    task = program(**chosen).one(TASK)
    assert (task["cpu"], task["memory"]) == (cpu, memory)
    assert {"name": "WEB_CONCURRENCY", "value": workers} in container(**chosen)["environment"]


def test_a_deployment_that_fails_is_taken_back():
    service = program().one(SERVICE)
    assert service["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert service["deploymentMinimumHealthyPercent"] == 100
    assert service["waitForSteadyState"] is True


def test_tasks_have_no_address_of_their_own():
    found = program()
    network = found.one(SERVICE)["networkConfiguration"]
    assert network["assignPublicIp"] is False
    assert network["securityGroups"] == ["tasks-id"]
    assert network["subnets"] == ["tasks-1-id", "tasks-2-id", "tasks-3-id"]


def test_the_service_waits_for_its_listener_its_database_its_schema_and_its_rights():
    found = program()
    (service,) = found.of(SERVICE)
    wanted = {
        r.urn
        for kind in (
            "lb/listener:Listener",
            "rds/clusterInstance:ClusterInstance",
            "lambda/invocation:Invocation",
            "iam/rolePolicy:RolePolicy",
        )
        for r in found.of(kind)
        if r.name not in ("flows", "monitoring", "database")
    }
    assert len(wanted) == 6
    assert wanted <= service.depends_on


def test_scaling_follows_processor_memory_and_requests():
    found = program(TASKS_MIN="3", TASKS_MAX="12")
    target = found.one("appautoscaling/target:Target")
    assert (target["minCapacity"], target["maxCapacity"]) == (3, 12)
    assert target["resourceId"] == "service/flask-api-dev/flask-api-dev"
    metrics = {
        p.inputs["targetTrackingScalingPolicyConfiguration"]["predefinedMetricSpecification"]["predefinedMetricType"]
        for p in found.of("appautoscaling/policy:Policy")
    }
    assert metrics == {
        "ECSServiceAverageCPUUtilization",
        "ECSServiceAverageMemoryUtilization",
        "ALBRequestCountPerTarget",
    }


def test_requests_are_counted_for_this_balancer_and_target():
    policy = program().one("appautoscaling/policy:Policy", "requests")
    specification = policy["targetTrackingScalingPolicyConfiguration"]["predefinedMetricSpecification"]
    assert specification["resourceLabel"].startswith("app/flask-api-dev/")
    assert "/targetgroup/flask-api-dev/" in specification["resourceLabel"]


def test_a_deployment_does_not_undo_what_scaling_did():
    (service,) = program().of(SERVICE)
    assert service.ignored == ("desiredCount",)


def test_images_are_scanned_kept_and_never_replaced():
    found = program()
    repository = found.one("ecr/repository:Repository")
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    rules = json.loads(found.one("ecr/lifecyclePolicy:LifecyclePolicy")["policy"])["rules"]
    assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged", "any"]


@pytest.mark.parametrize("value", ["disabled", "enabled", "enhanced"])
def test_container_insights_are_as_they_were_chosen_and_never_the_accounts(value):
    found = program(CONTAINER_INSIGHTS=value)
    assert found.one("ecs/cluster:Cluster")["settings"] == [{"name": "containerInsights", "value": value}]


@pytest.mark.parametrize(
    ("environment", "value"), [("dev", "disabled"), ("staging", "enabled"), ("production", "enhanced")]
)
def test_container_insights_are_on_where_they_pay(environment, value):
    assert Settings.read({"ENVIRONMENT": environment}).container_insights == value
