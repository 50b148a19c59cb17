"""The stand-in for ECS runs what the task definition says: environment, secrets, command, target."""

import json
import sys
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from lib.common import region
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.emulation import ecs
from lib.local_cloud.errors import LocalCloudError

NAME = "shop"


@pytest.fixture
def cloud(tmp_path, monkeypatch):
    """A cloud whose clients are moto's."""
    with mock_aws():
        monkeypatch.setattr(
            LocalCloud, "client", lambda self, service: boto3.client(service, region_name=region.primary({}))
        )
        yield LocalCloud(tmp_path, 4566, region.primary({}))


@pytest.fixture
def deployed(cloud):
    """A service with a load balancer and two secrets."""
    network = cloud.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = cloud.client("elbv2").create_target_group(
        Name=NAME, Protocol="HTTP", Port=8080, VpcId=network, TargetType="ip", HealthCheckPath="/alive"
    )["TargetGroups"][0]["TargetGroupArn"]
    secrets = cloud.client("secretsmanager")
    arn = secrets.create_secret(Name="db", SecretString=json.dumps({"password": "hidden-1"}))["ARN"]
    client = cloud.client("ecs")
    client.create_cluster(clusterName=NAME)
    client.register_task_definition(
        family=NAME,
        containerDefinitions=[
            {"name": "sidecar", "image": "x", "memory": 64},
            {
                "name": "api",
                "memory": 64,
                "image": "x",
                "environment": [{"name": "DB_HOST", "value": "db.example"}],
                "secrets": [
                    {"name": "DB_PASSWORD", "valueFrom": f"{arn}:password::"},
                    {"name": "DB_WHOLE", "valueFrom": arn},
                ],
            },
        ],
    )
    client.create_service(
        cluster=NAME,
        serviceName=NAME,
        taskDefinition=NAME,
        desiredCount=1,
        loadBalancers=[{"targetGroupArn": group, "containerName": "api", "containerPort": 8080}],
    )
    return ecs.task(cloud, NAME, NAME)


def test_the_environment_is_the_containers_own(deployed):
    assert (deployed.environ["DB_HOST"], deployed.port, deployed.health) == ("db.example", 8080, "/alive")


def test_a_secret_is_one_key_or_the_whole_text(deployed):
    assert deployed.environ["DB_PASSWORD"] == "hidden-1"
    assert json.loads(deployed.environ["DB_WHOLE"]) == {"password": "hidden-1"}


def test_the_password_is_not_shown(deployed):
    assert "hidden-1" not in repr(deployed)


def test_a_service_that_is_not_there_is_named(cloud):
    cloud.client("ecs").create_cluster(clusterName=NAME)
    with pytest.raises(LocalCloudError, match="cluster shop has no service other"):
        ecs.task(cloud, NAME, "other")


def test_requests_go_to_the_one_port(cloud, deployed):
    def targets():
        health = cloud.client("elbv2").describe_target_health(TargetGroupArn=deployed.target_group)
        return [item["Target"]["Port"] for item in health["TargetHealthDescriptions"]]

    ecs.register(cloud, deployed.target_group, 9001)
    ecs.register(cloud, deployed.target_group, 9001)
    assert targets() == [9001]
    ecs.register(cloud, deployed.target_group, 9002)
    assert targets() == [9002]


def dockerfile(folder: Path, text: str) -> Path:
    (folder / "app").mkdir()
    path = folder / "app" / "Dockerfile"
    path.write_text(f"FROM x\n{text}\n")
    return path


def test_the_command_is_the_images_with_this_python(tmp_path):
    path = dockerfile(tmp_path, 'CMD ["gunicorn", \\\n  "app:create_app()"]')
    assert ecs.command(path) == [str(Path(sys.executable).with_name("gunicorn")), "app:create_app()"]


def test_an_image_without_a_command_is_named(tmp_path):
    with pytest.raises(LocalCloudError, match="Dockerfile has no CMD"):
        ecs.command(dockerfile(tmp_path, "CMD gunicorn"))


def test_the_program_sees_the_tasks_environment_and_nothing_of_ours(cloud, deployed, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "work")
    path = dockerfile(tmp_path, 'CMD ["gunicorn"]')
    server = ecs.server(cloud, NAME, deployed, dockerfile=path, port=9003, variable="SHOP_PORT")
    assert server.inherit is False
    assert "AWS_PROFILE" not in server.environ
    assert server.environ["DB_PASSWORD"] == "hidden-1"
    assert (server.environ["HOST"], server.environ["PORT"]) == ("127.0.0.1", "9003")
    assert (server.environ["DB_HOST"], server.environ["DB_CA_FILE"]) == ("127.0.0.1", str(cloud.ca_file))
    assert server.environ["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{cloud.port}"
    assert (server.workdir, server.health, server.variable) == (tmp_path, "/alive", "SHOP_PORT")
