"""What can be chosen about the Flask API: validated values, no IaC tool."""

from collections.abc import Mapping
from dataclasses import replace

from lib.common import capacity
from lib.common import settings as common
from lib.common.capacity import Need
from lib.common.errors import SettingError
from lib.common.setting_types import FLAG, Derived, Given, Setting, SettingType, amount, choice, number, text
from lib.common.system_settings import SystemSettings

SYSTEM = "flask-api"
# MiB of memory that Fargate offers with so many CPU units: first, last, step.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
FARGATE: Mapping[int, range] = {
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
}
CPU_PER_WORKER, CONNECTIONS_PER_WORKER = 512, 8
# Of what is wanted, while a deployment replaces tasks: as many new ones beside the old.
DEPLOYMENT_PERCENT = 200
NETWORK_PARTS = 16  # lib/pulumi_components/network.py
IMAGE = text(
    "a digest or a tag in the stack's own repository, never `latest`",
    r"(?!latest$)(?:sha256:[0-9a-f]{64}|[A-Za-z0-9_][A-Za-z0-9._-]{0,127})",
    "names no image of the stack's repository: write its digest (sha256:...) or a tag of its own, never 'latest', for "
    "tags are immutable.",
)
ROLLING = "in place: new tasks replace the old ones"


def _memory(given: Given) -> int:
    cpu = given.earlier["task_cpu"]
    sizes = FARGATE[cpu]
    if given.text not in map(str, sizes):
        raise given.refused(
            f"is refused: with TASK_CPU={cpu}, Fargate takes {sizes[0]} to {sizes[-1]} MiB in steps of {sizes.step}."
        )
    return int(given.text)


class Settings(common.DatabaseSettings):
    """The API's settings."""

    system, bucket_base = SYSTEM, "alb-logs"
    database_name = "shop"

    environment = replace(SystemSettings.environment, default="production")
    project = replace(SystemSettings.project, default="ecommerce-api")
    environment_before = common.ENVIRONMENT_BEFORE
    engine_version = common.version("aurora-postgresql")
    database_insights = replace(common.DATABASE_INSIGHTS, default="standard")
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-container-insights.html
    container_insights = Setting(
        choice("disabled", "enabled", "enhanced"),
        "Container Insights of the cluster, at a price; without it no alarm counts running tasks",
    )
    deletion_protection = common.DELETION_PROTECTION
    vpc_cidr = replace(common.VPC_CIDR, default="10.20.0.0/16")
    nat_per_zone = common.NAT_PER_ZONE
    image = Setting(IMAGE, "what the service runs; without it there is no service yet", "", ROLLING)
    cpu_architecture = Setting(choice("X86_64", "ARM64"), "what the image was built for", "X86_64", ROLLING)
    task_cpu = Setting(amount("Fargate", tuple(FARGATE)), "CPU units; each 512 run one worker", 512, ROLLING)
    task_memory = Setting(
        SettingType("what Fargate offers with TASK_CPU", _memory),
        "MiB of memory",
        Derived("the least that goes with TASK_CPU", lambda earlier: FARGATE[earlier["task_cpu"]][0]),
        ROLLING,
    )
    tasks_min = Setting(number(1, 1000), "tasks at least", 2)
    tasks_max = Setting(
        number(1, 1000), "tasks at the most", Derived("6, or TASKS_MIN", lambda earlier: max(6, earlier["tasks_min"]))
    )
    web_acl = Setting(FLAG, "AWS WAF before the load balancer: its managed rules, and a limit for each sender")
    # WAF counts over five minutes, and takes 10 to 2 billion.
    sender_rate = Setting(number(10, 2_000_000_000), "requests of one sender in five minutes, with WEB_ACL", 6000)
    certificate_arn = common.CERTIFICATE_ARN
    plain_http = common.PLAIN_HTTP
    domain_name = common.DOMAIN_NAME
    hosted_zone_id = common.HOSTED_ZONE_ID

    @property
    def workers(self) -> int:
        """Processes of a task."""
        return max(1, self.task_cpu // CPU_PER_WORKER)

    def capacity(self) -> list[Need]:
        """Return what the tasks ask of the database and the network."""
        tasks = self.tasks_max * DEPLOYMENT_PERCENT // 100
        return [
            capacity.connections(
                self.database_instance_class,
                tasks * self.workers * CONNECTIONS_PER_WORKER + 1,
                f"{tasks} tasks (TASKS_MAX={self.tasks_max}, twice in a deployment) x {self.workers} workers "
                f"(TASK_CPU={self.task_cpu}) x {CONNECTIONS_PER_WORKER} connections, and 1 to migrate",
                "a smaller TASKS_MAX or TASK_CPU",
            ),
            capacity.subnet_addresses(self.vpc_cidr, NETWORK_PARTS),
        ]

    def check(self) -> None:
        """Refuse half a domain, and fewer tasks at the most than at least."""
        if bool(self.domain_name) != bool(self.hosted_zone_id):
            raise SettingError(
                f"DOMAIN_NAME={self.domain_name!r} with HOSTED_ZONE_ID={self.hosted_zone_id!r} is refused: a Route 53 "
                "record needs both, or neither."
            )
        if self.tasks_max < self.tasks_min:
            raise SettingError(
                f"TASKS_MAX='{self.tasks_max}' is refused: use a whole number from {self.tasks_min} to 1000."
            )
