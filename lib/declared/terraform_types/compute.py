"""Lambda, ECS, ECR and Application Auto Scaling.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Lambda.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ECS.html
"""

from lib.declared.terraform_types.model import Context, Json, Owner, ResourceType, block

ECS, SCALING = "AWS::ECS::", "AWS::ApplicationAutoScaling::"


def _service(body: Json, _context: Context) -> Json:
    """Return ECS's own words for what Terraform has flags and arguments for."""
    if "network_configuration" in body:
        network = block(body.pop("network_configuration"))
        if "assign_public_ip" in network:
            network["AssignPublicIp"] = "ENABLED" if network.pop("assign_public_ip") else "DISABLED"
        body["NetworkConfiguration"] = {"AwsvpcConfiguration": network}
    return body


TYPES = {
    "aws_appautoscaling_policy": ResourceType(f"{SCALING}ScalingPolicy", {"name": "PolicyName"}, tagged=False),
    "aws_appautoscaling_target": ResourceType(f"{SCALING}ScalableTarget"),
    "aws_ecr_lifecycle_policy": ResourceType(
        "AWS::ECR::Repository",
        {"policy": "LifecyclePolicy.LifecyclePolicyText"},
        owner=Owner("aws_ecr_repository", {"repository": "name"}),
        tagged=False,
    ),
    "aws_ecr_repository": ResourceType(
        "AWS::ECR::Repository",
        {"name": "RepositoryName", "force_delete": "EmptyOnDelete"},
        attributes={"repository_url": "RepositoryUri"},
    ),
    "aws_ecs_cluster": ResourceType(f"{ECS}Cluster", {"name": "ClusterName", "setting": "ClusterSettings"}),
    "aws_ecs_cluster_capacity_providers": ResourceType(
        f"{ECS}Cluster", owner=Owner("aws_ecs_cluster", {"cluster_name": "name"}), tagged=False
    ),
    "aws_ecs_service": ResourceType(
        f"{ECS}Service",
        {
            "name": "ServiceName",
            "deployment_circuit_breaker": "DeploymentConfiguration.DeploymentCircuitBreaker",
            "deployment_maximum_percent": "DeploymentConfiguration.MaximumPercent",
            "deployment_minimum_healthy_percent": "DeploymentConfiguration.MinimumHealthyPercent",
        },
        # CloudFormation always waits until a service is steady.
        options=frozenset({"force_new_deployment", "wait_for_steady_state"}),
        prepare=_service,
    ),
    "aws_ecs_task_definition": ResourceType(f"{ECS}TaskDefinition", options=frozenset({"skip_destroy"})),
    # The code is a local file, which each tool uploads in its own way.
    "aws_lambda_function": ResourceType(
        "AWS::Lambda::Function",
        options=frozenset({"filename", "publish", "source_code_hash", "skip_destroy"}),
    ),
    "aws_lambda_function_event_invoke_config": ResourceType("AWS::Lambda::EventInvokeConfig", tagged=False),
    "aws_lambda_invocation": ResourceType("Terraform::aws_lambda_invocation", tagged=False),
    "aws_lambda_permission": ResourceType("AWS::Lambda::Permission", options=frozenset({"statement_id"}), tagged=False),
}
