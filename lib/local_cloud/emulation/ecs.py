"""What ECS does beside its API: it runs a service's task, and the load balancer finds it."""

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.names import HOST
from lib.local_cloud.servers.process import Server

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

# arn:...:secret:<name>:<key>:<version stage>:<version id>, of which the last two may be empty.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
_SECRET = re.compile(r"(arn:[^:]+:secretsmanager:[^:]+:[^:]+:secret:[^:]+):([^:]*):([^:]*):([^:]*)")


@dataclass(frozen=True)
class Task:
    """What a deployed service would run: the container's environment, and where requests for it arrive."""

    environ: Mapping[str, str] = field(repr=False)  # the password is in it
    port: int
    target_group: str
    health: str


def task(cloud: LocalCloud, cluster: str, service: str) -> Task:
    """Return the task of a deployed service, its secrets resolved as ECS does it when a task starts.

    Raises:
        LocalCloudError: there is no such service.
    """
    ecs = cloud.client("ecs")
    services = ecs.describe_services(cluster=cluster, services=[service])["services"]
    if not services:
        raise LocalCloudError(f"The cluster {cluster} has no service {service}: run scripts/up.")
    target = services[0]["loadBalancers"][0]
    definition = ecs.describe_task_definition(taskDefinition=services[0]["taskDefinition"])["taskDefinition"]
    container = next(c for c in definition["containerDefinitions"] if c["name"] == target["containerName"])
    environ = {item["name"]: item["value"] for item in container["environment"]}
    for item in container.get("secrets", []):
        environ[item["name"]] = _secret(cloud.client("secretsmanager"), item["valueFrom"])
    balancers = cloud.client("elbv2")
    group = balancers.describe_target_groups(TargetGroupArns=[target["targetGroupArn"]])["TargetGroups"][0]
    return Task(environ, target["containerPort"], target["targetGroupArn"], group["HealthCheckPath"])


def _secret(secrets: "SecretsManagerClient", reference: str) -> str:
    match = _SECRET.fullmatch(reference)
    if not match:
        return str(secrets.get_secret_value(SecretId=reference)["SecretString"])
    arn, key, _stage, _version = match.groups()
    return str(json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])[key])


def command(dockerfile: Path) -> list[str]:
    """Return what an image runs, with this environment's Python in the place of the image's.

    Raises:
        LocalCloudError: the file has no CMD in the form of a list.
    """
    lines = dockerfile.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    instructions = [line.removeprefix("CMD").strip() for line in lines if line.startswith("CMD [")]
    if len(instructions) != 1:
        raise LocalCloudError(f'{dockerfile.name} has no CMD like ["program", "argument"]: write one.')
    program, *arguments = json.loads(instructions[0])
    return [str(Path(sys.executable).with_name(program)), *arguments]


def server(cloud: LocalCloud, name: str, container_task: Task, *, dockerfile: Path, port: int, variable: str) -> Server:
    """Return the program that stands in for a service's tasks.

    Args:
        cloud: whose services it uses.
        name: the program's name in messages.
        container_task: the deployed task.
        dockerfile: what the container runs; beside it lies the application's own source.
        port: where to listen on loopback.
        variable: which variable chooses another port.
    """
    ours = {**cloud.environment(), **container_task.environ}
    # Of this process it gets no more than a container would have.
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "TMPDIR", "LANG")}
    different = {
        "HOST": HOST,
        "PORT": str(port),
        "DB_HOST": HOST,
        "DB_CA_FILE": str(cloud.ca_file),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return Server(
        name,
        cloud.folder,
        port,
        command(dockerfile),
        {**kept, **ours, **different},
        container_task.health,
        variable,
        workdir=dockerfile.parent.parent,
        inherit=False,
    )


def register(cloud: LocalCloud, target_group: str, port: int) -> None:
    """Make the load balancer send its requests to a port of loopback, and nowhere else."""
    balancers = cloud.client("elbv2")
    known = balancers.describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
    old = [item["Target"] for item in known if item["Target"] != {"Id": HOST, "Port": port}]
    if old:
        balancers.deregister_targets(TargetGroupArn=target_group, Targets=old)
    balancers.register_targets(TargetGroupArn=target_group, Targets=[{"Id": HOST, "Port": port}])
