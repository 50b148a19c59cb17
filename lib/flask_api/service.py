"""The API's tasks on Fargate: what runs, as whom, how many, and how a new version takes over."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from lib.common.iam_statements import Statement, allow
from lib.flask_api.database import Database
from lib.flask_api.keys import Keys
from lib.flask_api.load_balancer import LoadBalancer
from lib.flask_api.network import APPLICATION_PORT, Network
from lib.flask_api.registry import Registry
from lib.flask_api.settings import CONNECTIONS_PER_WORKER, DEPLOYMENT_PERCENT, Settings
from lib.flask_api.users import API_USER
from lib.pulumi_components.policies import AwsContext, service_role

CONTAINER = "api"
STOP_SECONDS = 60  # after SIGTERM: the application takes up to 30 to answer what it has accepted
START_SECONDS = 60  # until the first health check has to succeed
# What scaling aims at: percent, percent, requests a minute for each task.
TARGETS: Mapping[str, tuple[float, str]] = {
    "cpu": (60, "ECSServiceAverageCPUUtilization"),
    "memory": (70, "ECSServiceAverageMemoryUtilization"),
    "requests": (1000, "ALBRequestCountPerTarget"),
}
# The health check of the container: Python is all that the image has.
LIVE = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{APPLICATION_PORT}/health/live', timeout=4)"


@dataclass(frozen=True)
class ServiceArgs:
    """What a service is made of."""

    settings: Settings
    context: AwsContext
    network: Network
    database: Database
    registry: Registry
    balancer: LoadBalancer
    keys: Keys
    schema: aws.lambda_.Invocation


class Service(pulumi.ComponentResource):
    """Cluster, log group and roles; task definition, service and scaling once there is an image to run."""

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("tap:flask-api:Service", name, {}, opts)
        self._args, self._own = args, pulumi.ResourceOptions(parent=self)
        settings = args.settings
        cluster = settings.name("cluster")
        # Container Insights would make it by itself, with a key and an end of its own. It is there without them too:
        # what they write last comes after they have been switched off.
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-view-metrics.html
        insights = aws.cloudwatch.LogGroup(
            "insights",
            name=f"/aws/ecs/containerinsights/{cluster}/performance",
            retention_in_days=settings.log_days,
            kms_key_id=args.keys.operations.arn,
            opts=self._own,
        )
        self.cluster = aws.ecs.Cluster(
            "cluster",
            name=cluster,
            settings=[{"name": "containerInsights", "value": settings.container_insights}],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[insights]),
        )
        aws.ecs.ClusterCapacityProviders(
            "cluster", cluster_name=self.cluster.name, capacity_providers=["FARGATE"], opts=self._own
        )
        self.logs = aws.cloudwatch.LogGroup(
            "api",
            name=f"/ecs/{settings.name('log_group')}",
            retention_in_days=settings.log_days,
            kms_key_id=args.keys.operations.arn,
            opts=self._own,
        )
        self._execution, execution = self._role("execution", self._execution_statements())
        hashes = allow(["kms:GenerateMac"], [args.keys.hashes.arn])
        self._task, task = self._role("task", [self._sign_in(), hashes])
        self.service: aws.ecs.Service | None = None
        if settings.image:
            self.task = self._task_definition()
            self.service = self._service([execution, task])
            self._scaling(self.service)
        self.register_outputs({})

    def _role(self, part: str, statements: list[Statement]) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        context = self._args.context
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
        return service_role(
            part,
            self._args.settings.name("role", part),
            service="ecs-tasks.amazonaws.com",
            sources=[context.arn("ecs", "*")],
            context=context,
            statements=statements,
            opts=self._own,
        )

    def _sign_in(self) -> Statement:
        """Return what signing in to the database takes, as one user of it."""
        context = self._args.context
        user = self._args.database.cluster.cluster_resource_id.apply(
            lambda resource: context.arn("rds-db", f"dbuser:{resource}/{API_USER}")
        )
        return allow(["rds-db:connect"], [user])

    def _execution_statements(self) -> list[Statement]:
        """Return what ECS does before the application starts: image, log streams."""
        pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        streams = self.logs.arn.apply(lambda arn: f"{arn}:*")
        return [
            allow(["ecr:GetAuthorizationToken"], ["*"]),  # takes no resource
            allow(pull, [self._args.registry.repository.arn]),
            allow(["logs:CreateLogStream", "logs:PutLogEvents"], [streams]),
        ]

    def _container(self) -> dict[str, object]:
        settings, cluster = self._args.settings, self._args.database.cluster
        environment: dict[str, pulumi.Input[str]] = {
            "DB_HOST": cluster.endpoint,
            "DB_PORT": str(settings.database_port),
            "DB_NAME": settings.database_name,
            "DB_POOL_SIZE": str(CONNECTIONS_PER_WORKER),
            "DB_USER": API_USER,
            "HASH_KEY_ARN": self._args.keys.hashes.arn,
            "PORT": str(APPLICATION_PORT),
            "WEB_CONCURRENCY": str(settings.workers),
            "WEB_THREADS": str(CONNECTIONS_PER_WORKER),
        }
        return {
            "name": CONTAINER,
            "image": self._args.registry.image(settings.image),
            "essential": True,
            "readonlyRootFilesystem": True,
            "portMappings": [{"containerPort": APPLICATION_PORT, "protocol": "tcp"}],
            "environment": [{"name": name, "value": value} for name, value in environment.items()],
            "healthCheck": {
                "command": ["CMD", "python", "-c", LIVE],
                "interval": 15,
                "timeout": 5,
                "retries": 3,
                "startPeriod": START_SECONDS,
            },
            "linuxParameters": {"initProcessEnabled": True},
            "stopTimeout": STOP_SECONDS,
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": self.logs.name,
                    "awslogs-region": settings.region,
                    "awslogs-stream-prefix": CONTAINER,
                    # A slow log service must not hold up requests.
                    "mode": "non-blocking",
                    "max-buffer-size": "10m",
                },
            },
        }

    def _task_definition(self) -> aws.ecs.TaskDefinition:
        settings = self._args.settings
        return aws.ecs.TaskDefinition(
            "api",
            family=settings.name("task"),
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(settings.task_cpu),
            memory=str(settings.task_memory),
            runtime_platform={"operating_system_family": "LINUX", "cpu_architecture": settings.cpu_architecture},
            execution_role_arn=self._execution.arn,
            task_role_arn=self._task.arn,
            container_definitions=pulumi.Output.json_dumps([self._container()]),
            opts=self._own,
        )

    def _service(self, policies: list[aws.iam.RolePolicy]) -> aws.ecs.Service:
        settings, network = self._args.settings, self._args.network
        return aws.ecs.Service(
            "api",
            name=settings.name("service"),
            cluster=self.cluster.arn,
            task_definition=self.task.arn,
            capacity_provider_strategies=[{"capacity_provider": "FARGATE", "weight": 1}],
            desired_count=settings.tasks_min,
            deployment_circuit_breaker={"enable": True, "rollback": True},
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=DEPLOYMENT_PERCENT,
            availability_zone_rebalancing="ENABLED",
            health_check_grace_period_seconds=START_SECONDS,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            network_configuration={
                "subnets": network.ids("tasks"),
                "security_groups": [network.tasks.id],
                "assign_public_ip": False,
            },
            load_balancers=[
                {
                    "target_group_arn": self._args.balancer.target.arn,
                    "container_name": CONTAINER,
                    "container_port": APPLICATION_PORT,
                }
            ],
            wait_for_steady_state=True,  # a deployment that does not come up is a failure, not a success
            opts=pulumi.ResourceOptions(
                parent=self,
                # Without a listener the group belongs to no load balancer; without instances no task comes up. New
                # tasks need the schema first, and stay away when its migration fails.
                depends_on=[
                    *self._args.balancer.listeners,
                    *self._args.database.instances,
                    self._args.schema,
                    *policies,
                ],
                ignore_changes=["desiredCount"],  # scaling decides
            ),
        )

    def _scaling(self, service: aws.ecs.Service) -> None:
        settings, balancer = self._args.settings, self._args.balancer
        target = aws.appautoscaling.Target(
            "api",
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=pulumi.Output.concat("service/", self.cluster.name, "/", service.name),
            min_capacity=settings.tasks_min,
            max_capacity=settings.tasks_max,
            opts=self._own,
        )
        label = pulumi.Output.concat(balancer.balancer.arn_suffix, "/", balancer.target.arn_suffix)
        for part, (value, metric) in TARGETS.items():
            per_target = metric == "ALBRequestCountPerTarget"
            aws.appautoscaling.Policy(
                part,
                name=settings.name("service", part),
                policy_type="TargetTrackingScaling",
                service_namespace=target.service_namespace,
                scalable_dimension=target.scalable_dimension,
                resource_id=target.resource_id,
                target_tracking_scaling_policy_configuration={
                    "target_value": value,
                    "predefined_metric_specification": {
                        "predefined_metric_type": metric,
                        "resource_label": label if per_target else None,
                    },
                    "scale_out_cooldown": 60,
                    "scale_in_cooldown": 300,
                },
                opts=self._own,
            )
