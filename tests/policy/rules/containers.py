"""Containers: names and ports that fit each other, sizes that Fargate has, time to start and to stop, least rights."""

from collections.abc import Iterator, Mapping
from typing import Any

from lib.declared.model import Declaration, Resource
from tests.policy.rule import rule

TASK, SERVICE = "AWS::ECS::TaskDefinition", "AWS::ECS::Service"
# CPU units -> MiB of memory: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
SIZES: Mapping[int, list[int]] = {
    256: [512, 1024, 2048],
    512: list(range(1024, 4097, 1024)),
    1024: list(range(2048, 8193, 1024)),
    2048: list(range(4096, 16_385, 1024)),
    4096: list(range(8192, 30_721, 1024)),
    8192: list(range(16_384, 61_441, 4096)),
    16_384: list(range(32_768, 122_881, 8192)),
}
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
CHECKS: Mapping[str, range] = {
    "Interval": range(5, 301),
    "Timeout": range(2, 61),
    "Retries": range(1, 11),
    "StartPeriod": range(301),
}
NOTICED_SECONDS = 60  # a target of ours: a task that does not answer is replaced after a minute
# Fargate waits for 120 s at most.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
STOP_SECONDS = range(2, 121)
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
LOG_OPTIONS = {"awslogs-group", "awslogs-region", "awslogs-stream-prefix", "mode", "max-buffer-size"}
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ClusterSetting.html
INSIGHTS = {"enabled", "enhanced"}


def containers(declaration: Declaration) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    """Yield every container with its task definition."""
    for task in declaration.of(TASK):
        for container in task.properties["ContainerDefinitions"]:
            yield task, container


@rule(TASK)
def task_sizes(declaration: Declaration) -> Iterator[str]:
    """Find sizes that Fargate does not have, and tasks for another kind of machine."""
    for task in declaration.of(TASK):
        found = task.properties
        if int(found.get("Memory", 0)) not in SIZES.get(int(found.get("Cpu", 0)), []):
            yield f"{task.name}: {found.get('Cpu')} CPU units with {found.get('Memory')} MiB: Fargate has no such size"
        if found.get("NetworkMode") != "awsvpc" or found.get("RequiresCompatibilities") != ["FARGATE"]:
            yield f"{task.name}: {found.get('NetworkMode')!r} on {found.get('RequiresCompatibilities')}: awsvpc"
        platform = found.get("RuntimePlatform", {})
        if (
            platform.get("CpuArchitecture") not in ("ARM64", "X86_64")
            or platform.get("OperatingSystemFamily") != "LINUX"
        ):
            yield f"{task.name}: runs on {dict(platform)}"
        roles = {found.get("ExecutionRoleArn"), found.get("TaskRoleArn")}
        if len(roles) != 2 or None in roles:
            yield f"{task.name}: what starts the task and what it may do by itself need a role each"


@rule(TASK)
def container_definitions(declaration: Declaration) -> Iterator[str]:
    """Find containers with more rights than they need, with checks outside of AWS's limits, or without logs."""
    for task, container in containers(declaration):
        if container.get("ReadonlyRootFilesystem") is not True or container.get("Privileged"):
            yield f"{task.name}: {container['Name']} can write to its own file system, or is privileged"
        if container.get("Essential") is not True:
            yield f"{task.name}: {container['Name']} is not essential: the task would run on without it"
        if container.get("LinuxParameters", {}).get("InitProcessEnabled") is not True:
            yield f"{task.name}: {container['Name']} has no init process, which passes on signals"
        for mapping in container.get("PortMappings", []):
            if mapping.get("Protocol", "tcp") != "tcp" or not 0 < int(mapping["ContainerPort"]) < 65_536:
                yield f"{task.name}: the port {dict(mapping)}"
        check = container.get("HealthCheck", {})
        yield from (f"{task.name}: {wrong}" for wrong in _check(check))
        if int(container.get("StopTimeout", 30)) not in STOP_SECONDS:
            yield f"{task.name}: {container.get('StopTimeout')} s to stop"
        if "latest" in str(container.get("Image")).rpartition(":")[2]:
            yield f"{task.name}: the image {container.get('Image')!r} can change under its tag"


def _check(check: Mapping[str, Any]) -> Iterator[str]:
    command = check.get("Command", [])
    if command[:1] not in (["CMD"], ["CMD-SHELL"]) or len(command) < 2:
        yield f"the health check is {command[:1]}: CMD or CMD-SHELL"
    for key, allowed in CHECKS.items():
        if int(check.get(key, allowed.start)) not in allowed:
            yield f"the health check's {key} is {check[key]}: {allowed.start} to {allowed.stop - 1}"
    if int(check.get("Timeout", 5)) >= int(check.get("Interval", 30)):
        yield "a health check takes as long as the time between two"
    seconds = int(check.get("Interval", 30)) * int(check.get("Retries", 3))
    if seconds > NOTICED_SECONDS:
        yield f"its health check fails {seconds} s after the task has, which is over {NOTICED_SECONDS} s"
    if command[:1] == ["CMD"] and command[1:2] not in (["python"], ["curl"]):
        yield f"the health check calls {command[1:2]}, which the image does not have"
    if command[:2] == ["CMD", "python"]:
        if command[2:3] != ["-c"]:
            yield f"the health check calls python with {command[2:3]}"
        else:
            try:
                compile(str(command[3]), "health check", "exec")
            except SyntaxError as error:
                yield f"the health check is no Python: {error}"


@rule(TASK)
def container_ports(declaration: Declaration) -> Iterator[str]:
    """Find an application that is asked on another port than it is told to listen on."""
    for task, container in containers(declaration):
        values = {item["Name"]: str(item["Value"]) for item in container.get("Environment", [])}
        ports = {str(mapping["ContainerPort"]) for mapping in container.get("PortMappings", [])}
        if values.get("PORT") and ports != {values["PORT"]}:
            yield f"{task.name}: listens on {values['PORT']}, and {sorted(ports)} is mapped"
        command = " ".join(container.get("HealthCheck", {}).get("Command", []))
        if ports and not any(f":{port}/" in command for port in ports):
            yield f"{task.name}: its health check asks on another port than {sorted(ports)}"


@rule(TASK)
def container_logs(declaration: Declaration) -> Iterator[str]:
    """Find containers whose lines go nowhere, or hold up requests while the log service is slow."""
    for task, container in containers(declaration):
        found = container.get("LogConfiguration", {})
        options = found.get("Options", {})
        if found.get("LogDriver") != "awslogs" or not set(options) <= LOG_OPTIONS:
            yield f"{task.name}: logs by {found.get('LogDriver')!r} with {sorted(set(options) - LOG_OPTIONS)}"
        groups = declaration.referred(options.get("awslogs-group", ""))
        named = [
            g
            for g in declaration.of("AWS::Logs::LogGroup")
            if g.properties["LogGroupName"] == options.get("awslogs-group")
        ]
        if [group.type for group, _attribute in groups] != ["AWS::Logs::LogGroup"] and not named:
            yield f"{task.name}: writes to {options.get('awslogs-group')!r}, no log group of this stack"
        if options.get("awslogs-region") != task.region:
            yield f"{task.name}: writes to {options.get('awslogs-region')!r}"
        if options.get("mode") != "non-blocking" or not str(options.get("max-buffer-size", "")).endswith("m"):
            yield f"{task.name}: {options.get('mode')!r} with a buffer of {options.get('max-buffer-size')!r}"


@rule(SERVICE)
def services(declaration: Declaration) -> Iterator[str]:
    """Find services that a deployment can stop, that have an address of the internet, or whose targets are others'.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
    """
    for service in declaration.of(SERVICE):
        deployment = service.properties.get("DeploymentConfiguration", {})
        breaker = deployment.get("DeploymentCircuitBreaker", {})
        if (breaker.get("Enable"), breaker.get("Rollback")) != (True, True):
            yield f"{service.name}: a deployment that fails is not taken back"
        lowest, highest = int(deployment.get("MinimumHealthyPercent", 100)), int(deployment.get("MaximumPercent", 200))
        if not (lowest == 100 and 100 < highest <= 200):
            yield f"{service.name}: {lowest} to {highest} percent of the tasks run during a deployment: 100 to 200"
        if service.at("NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp") != "DISABLED":
            yield f"{service.name}: its tasks have addresses of the internet"
        strategies = [item["CapacityProvider"] for item in service.properties.get("CapacityProviderStrategy", [])]
        if not set(strategies) <= {"FARGATE", "FARGATE_SPOT"} or "FARGATE" not in strategies:
            yield f"{service.name}: runs on {strategies}"
        if service.properties.get("EnableExecuteCommand"):
            yield f"{service.name}: a shell can be opened in its containers"
        if service.properties.get("AvailabilityZoneRebalancing") != "ENABLED":
            yield f"{service.name}: stays in one zone after the loss of another"
        if (
            service.properties.get("PropagateTags") != "SERVICE"
            or service.properties.get("EnableECSManagedTags") is not True
        ):
            yield f"{service.name}: its tasks have no tags"
        yield from _targets(declaration, service)


def _targets(declaration: Declaration, service: Resource) -> Iterator[str]:
    tasks = [task for task, _attribute in declaration.referred(service.properties.get("TaskDefinition", ""))]
    for balancer in service.properties.get("LoadBalancers", []):
        mapped = {
            (container["Name"], int(mapping["ContainerPort"]))
            for task, container in containers(declaration)
            if task in tasks
            for mapping in container.get("PortMappings", [])
        }
        if (balancer["ContainerName"], int(balancer["ContainerPort"])) not in mapped:
            yield f"{service.name}: {balancer['ContainerName']}:{balancer['ContainerPort']} is none of {sorted(mapped)}"
        for task, container in containers(declaration):
            start = int(container.get("HealthCheck", {}).get("StartPeriod", 0))
            if task in tasks and int(service.properties.get("HealthCheckGracePeriodSeconds", 0)) < start:
                yield f"{service.name}: is asked before its containers have had {start} s to start"


@rule("AWS::ECS::Cluster")
def clusters(declaration: Declaration) -> Iterator[str]:
    """Find clusters that leave Container Insights to the account's default, and those of production without them."""
    for cluster in declaration.of("AWS::ECS::Cluster"):
        found = {item["Name"]: item["Value"] for item in cluster.properties.get("ClusterSettings", [])}
        wanted = INSIGHTS if declaration.environment == "production" else INSIGHTS | {"disabled"}
        if found.get("containerInsights") not in wanted or len(found) != 1:
            yield f"{cluster.name}: its settings are {found}: containerInsights is one of {sorted(wanted)}"
        if not set(cluster.properties.get("CapacityProviders", [])) <= {"FARGATE", "FARGATE_SPOT"}:
            yield f"{cluster.name}: runs on {cluster.properties['CapacityProviders']}"


# https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PredefinedMetricSpecification.html
PREDEFINED: Mapping[str, range] = {
    "ECSServiceAverageCPUUtilization": range(10, 100),
    "ECSServiceAverageMemoryUtilization": range(10, 100),
    "ALBRequestCountPerTarget": range(1, 1_000_000),
}
DIMENSION = "ecs:service:DesiredCount"


@rule("AWS::ApplicationAutoScaling::ScalingPolicy", "AWS::ApplicationAutoScaling::ScalableTarget")
def scaling(declaration: Declaration) -> Iterator[str]:
    """Find scaling by a metric that does not exist, to no value that it can have, or of another service."""
    for kind in ("ScalingPolicy", "ScalableTarget"):
        for resource in declaration.of(f"AWS::ApplicationAutoScaling::{kind}"):
            found = resource.properties
            parts = declaration.referred(found.get("ResourceId", ""))
            through = [
                r for p, _a in parts for r, _attribute in declaration.referred(p.properties.get("ResourceId", ""))
            ]
            named = str(found.get("ResourceId"))
            if not through and (not named.startswith("service/") or named.count("/") != 2):
                yield f"{resource.name}: scales {named!r}: service/<cluster>/<service>"
            if found.get("ScalableDimension", DIMENSION) != DIMENSION and not declaration.referred(
                found["ScalableDimension"]
            ):
                yield f"{resource.name}: scales {found['ScalableDimension']!r}"
            if found.get("ServiceNamespace", "ecs") != "ecs" and not declaration.referred(found["ServiceNamespace"]):
                yield f"{resource.name}: of {found['ServiceNamespace']!r}"
    for target in declaration.of("AWS::ApplicationAutoScaling::ScalableTarget"):
        low, high = (int(target.properties.get(key, 0)) for key in ("MinCapacity", "MaxCapacity"))
        if not 1 <= low <= high:
            yield f"{target.name}: {low} to {high} tasks"
    for policy in declaration.of("AWS::ApplicationAutoScaling::ScalingPolicy"):
        yield from _aims(policy)


def _aims(policy: Resource) -> Iterator[str]:
    """Find a policy that follows no metric, or to no value that it can have."""
    if policy.properties.get("PolicyType") == "TargetTrackingScaling":
        aim = policy.properties.get("TargetTrackingScalingPolicyConfiguration", {})
        metric = aim.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
        if metric not in PREDEFINED or int(aim.get("TargetValue", 0)) not in PREDEFINED[metric]:
            yield f"{policy.name}: aims at {aim.get('TargetValue')} of {metric!r}"
        if (metric == "ALBRequestCountPerTarget") != bool(
            aim.get("PredefinedMetricSpecification", {}).get("ResourceLabel")
        ):
            yield f"{policy.name}: only requests are those of a load balancer's target group"
        for key in ("ScaleInCooldown", "ScaleOutCooldown"):
            if not 0 <= int(aim.get(key, 0)) <= 3600:
                yield f"{policy.name}: {key} is {aim[key]} s"
    else:
        yield f"{policy.name}: a policy of the type {policy.properties.get('PolicyType')!r}"


@rule("AWS::ECS::Cluster")
def insights_without_a_group(declaration: Declaration) -> Iterator[str]:
    """Find clusters whose Container Insights make a log group of their own: without our key, and with AWS's end.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-view-metrics.html
    """
    groups = {str(group.at("LogGroupName")): group for group in declaration.of("AWS::Logs::LogGroup")}
    for cluster in declaration.of("AWS::ECS::Cluster"):
        settings = {each["Name"]: each["Value"] for each in cluster.at("ClusterSettings", [])}
        name = f"/aws/ecs/containerinsights/{cluster.at('ClusterName')}/performance"
        if settings.get("containerInsights") not in INSIGHTS:
            continue
        if name not in groups:
            yield f"{cluster.name}: no log group {name}"
        elif groups[name].name not in cluster.depends_on:
            yield f"{cluster.name}: may be there before {groups[name].name}, which is made by Container Insights then"
