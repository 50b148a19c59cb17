"""What runs code, and what calls it.

https://aws.amazon.com/lambda/pricing/
https://aws.amazon.com/fargate/pricing/
https://aws.amazon.com/api-gateway/pricing/
"""

from collections.abc import Iterable
from decimal import Decimal

from lib.cost.model import HOUR, Part, Pricers, Rate, Unpriced, Use, gigabytes, millions, one
from lib.declared.model import Declaration, Resource, listed

TRACES = Rate("AWSXRay", "XRay-TracesStored")
METRIC = Rate("AmazonCloudWatch", "CW:MetricMonitorUsage")
CPU_UNITS, MIB = 1024, 1024  # of a vCPU, and of a GB


def _function(resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    arm = "-ARM" if "arm64" in listed(resource.at("Architectures")) else ""
    yield millions("Lambda requests", Rate("AWSLambda", f"Request{arm}"))
    memory = Decimal(str(resource.at("MemorySize", 128))) / MIB
    yield Use(f"Lambda's time with {memory.normalize():f} GB", Rate("AWSLambda", f"Lambda-GB-Second{arm}"), "GB-second")
    if resource.at("TracingConfig.Mode") == "Active":
        yield millions("X-Ray traces, of those that are sampled", TRACES)


def _stage(resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    yield millions("API Gateway requests", Rate("AmazonApiGateway", "ApiGatewayRequest"))
    if any(each.get("MetricsEnabled") for each in listed(resource.at("MethodSettings"))):
        yield Use("API Gateway's detailed metric, for each method that is called", METRIC, "metric and month")
    if resource.at("TracingEnabled"):
        yield millions("X-Ray traces, of those that are sampled", TRACES)


def _service(resource: Resource, declaration: Declaration) -> Iterable[Part]:
    (task, _), *_others = declaration.referred(resource.at("TaskDefinition"))
    tasks = int(resource.at("DesiredCount", 1))
    arm = "ARM-" if task.at("RuntimePlatform.CpuArchitecture") == "ARM64" else ""
    cpu, memory = Decimal(str(task.at("Cpu"))) / CPU_UNITS, Decimal(str(task.at("Memory"))) / MIB
    yield one("Fargate vCPU", Rate("AmazonECS", f"Fargate-{arm}vCPU-Hours:perCPU"), HOUR, tasks * cpu)
    yield one("Fargate GB of memory", Rate("AmazonECS", f"Fargate-{arm}GB-Hours"), HOUR, tasks * memory)


def _cluster(resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    settings = {each["Name"]: each["Value"] for each in listed(resource.at("ClusterSettings"))}
    if settings.get("containerInsights", "disabled") != "disabled":
        yield Unpriced(
            f"Container Insights, {settings['containerInsights']}",
            "by its observations or metrics, which grow with the tasks: https://aws.amazon.com/cloudwatch/pricing/",
        )


def _repository(_resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    yield gigabytes("images in ECR, a month", Rate("AmazonECR", "TimedStorage-ByteHrs"))


PRICERS: Pricers = {
    "AWS::ApiGateway::Stage": _stage,
    "AWS::ECR::Repository": _repository,
    "AWS::ECS::Cluster": _cluster,
    "AWS::ECS::Service": _service,
    "AWS::Lambda::Function": _function,
}
