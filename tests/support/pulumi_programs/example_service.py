"""A Pulumi program with every type of the containers' and the balancers' tables."""

import json

import pulumi
import pulumi_aws as aws

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ],
    }
)
provider = aws.Provider("main", default_tags={"tags": {"Project": "p"}})
opts = pulumi.ResourceOptions(provider=provider)
zones = aws.get_availability_zones(state="available").names
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", enable_dns_support=True, opts=opts)
aws.ec2.DefaultSecurityGroup("closed", vpc_id=vpc.id)
subnets = [
    aws.ec2.Subnet(f"subnet{n}", vpc_id=vpc.id, cidr_block=f"10.0.{n}.0/24", availability_zone=zones[n], opts=opts)
    for n in (0, 1)
]
group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id, opts=opts)
role = aws.iam.Role("role", assume_role_policy=TRUST, opts=opts)
logs = aws.s3.Bucket("logs", force_destroy=True, opts=opts)

balancer = aws.lb.LoadBalancer(
    "balancer",
    load_balancer_type="application",
    internal=False,
    security_groups=[group.id],
    subnets=[subnet.id for subnet in subnets],
    drop_invalid_header_fields=True,
    idle_timeout=61,
    access_logs={"bucket": logs.bucket, "enabled": True, "prefix": "alb"},
    desync_mitigation_mode="strictest",
    opts=opts,
)
aws.lb.LoadBalancer("inner", internal=True, subnets=[subnet.id for subnet in subnets], opts=opts)
targets = aws.lb.TargetGroup(
    "targets",
    port=8080,
    protocol="HTTP",
    target_type="ip",
    vpc_id=vpc.id,
    deregistration_delay=30,
    load_balancing_algorithm_type="least_outstanding_requests",
    stickiness={"type": "lb_cookie", "enabled": True, "cookie_duration": 600},
    health_check={
        "path": "/health",
        "matcher": "200-299",
        "interval": 15,
        "healthy_threshold": 2,
        "unhealthy_threshold": 4,
        "timeout": 6,
        "protocol": "HTTP",
        "port": "traffic-port",
        "enabled": True,
    },
    opts=opts,
)
aws.lb.TargetGroup("plain", port=81, protocol="HTTP", vpc_id=vpc.id, opts=opts)
aws.lb.TargetGroupAttachment("attachment", target_group_arn=targets.arn, target_id="10.0.0.9", port=8081, opts=opts)
listener = aws.lb.Listener(
    "http",
    load_balancer_arn=balancer.arn,
    port=80,
    protocol="HTTP",
    routing_http_response_server_enabled=False,
    default_actions=[
        {
            "type": "redirect",
            "redirect": {
                "port": "443",
                "protocol": "HTTPS",
                "status_code": "HTTP_301",
            },
        }
    ],
    opts=opts,
)
secure = aws.lb.Listener(
    "https",
    load_balancer_arn=balancer.arn,
    port=443,
    protocol="HTTPS",
    ssl_policy="ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    certificate_arn="arn:aws:acm:xx-test-1:123456789012:certificate/1",
    default_actions=[{"type": "forward", "target_group_arn": targets.arn}],
    opts=opts,
)
aws.lb.ListenerRule(
    "weights",
    listener_arn=secure.arn,
    priority=11,
    conditions=[{"host_header": {"values": ["a.test"]}}],
    actions=[
        {
            "type": "forward",
            "forward": {
                "target_groups": [{"arn": targets.arn, "weight": 1}],
                "stickiness": {"enabled": True, "duration": 60},
            },
        }
    ],
    opts=opts,
)
aws.lb.ListenerRule(
    "rule",
    listener_arn=secure.arn,
    priority=10,
    conditions=[
        {"path_pattern": {"values": ["/a"]}},
        {"query_strings": [{"key": "q", "value": "1"}]},
    ],
    actions=[
        {
            "type": "fixed-response",
            "fixed_response": {
                "content_type": "text/plain",
                "status_code": "404",
                "message_body": "none",
            },
        }
    ],
    opts=opts,
)

cluster = aws.ecs.Cluster(
    "cluster", name="example", settings=[{"name": "containerInsights", "value": "enhanced"}], opts=opts
)
aws.ecs.ClusterCapacityProviders(
    "capacity",
    cluster_name=cluster.name,
    capacity_providers=["FARGATE", "FARGATE_SPOT"],
    default_capacity_provider_strategies=[{"capacity_provider": "FARGATE", "weight": 1, "base": 1}],
    opts=opts,
)
task = aws.ecs.TaskDefinition(
    "task",
    family="example",
    cpu="256",
    memory="512",
    network_mode="awsvpc",
    requires_compatibilities=["FARGATE"],
    execution_role_arn=role.arn,
    task_role_arn=role.arn,
    volumes=[{"name": "tmp"}, {"name": "h", "host_path": "/h"}],
    runtime_platform={"cpu_architecture": "ARM64", "operating_system_family": "LINUX"},
    container_definitions=pulumi.Output.json_dumps(
        [
            {
                "name": "api",
                "image": "example:1",
                "portMappings": [{"containerPort": 8080}],
                "essential": True,
                "environment": [{"name": "GROUP", "value": group.id}],
                "readonlyRootFilesystem": True,
            }
        ]
    ),
    opts=opts,
)
service = aws.ecs.Service(
    "service",
    cluster=cluster.arn,
    task_definition=task.arn,
    desired_count=2,
    launch_type="FARGATE",
    network_configuration={
        "subnets": [subnet.id for subnet in subnets],
        "security_groups": [group.id],
        "assign_public_ip": False,
    },
    load_balancers=[{"target_group_arn": targets.arn, "container_name": "api", "container_port": 8080}],
    deployment_circuit_breaker={"enable": True, "rollback": True},
    deployment_maximum_percent=200,
    deployment_minimum_healthy_percent=100,
    health_check_grace_period_seconds=60,
    propagate_tags="SERVICE",
    enable_execute_command=True,
    wait_for_steady_state=False,
    opts=pulumi.ResourceOptions(provider=provider, depends_on=[listener], ignore_changes=["desiredCount"]),
)
aws.ecs.Service("bare", cluster=cluster.id, task_definition=task.arn, desired_count=0, opts=opts)
target = aws.appautoscaling.Target(
    "target",
    min_capacity=2,
    max_capacity=6,
    resource_id=pulumi.Output.concat("service/example/", service.name),
    scalable_dimension="ecs:service:DesiredCount",
    service_namespace="ecs",
    opts=opts,
)
table = aws.appautoscaling.Target(
    "table",
    min_capacity=1,
    max_capacity=9,
    resource_id="table/orders",
    service_namespace="dynamodb",
    scalable_dimension="dynamodb:table:ReadCapacityUnits",
)
aws.appautoscaling.Policy(
    "cpu",
    policy_type="TargetTrackingScaling",
    resource_id=target.resource_id,
    scalable_dimension=target.scalable_dimension,
    service_namespace=target.service_namespace,
    target_tracking_scaling_policy_configuration={
        "target_value": 60,
        "scale_in_cooldown": 300,
        "predefined_metric_specification": {"predefined_metric_type": "ECSServiceAverageCPUUtilization"},
    },
    opts=opts,
)

zone = aws.route53.Zone("zone", name="example.test", comment="a zone", force_destroy=True, opts=opts)
bare = aws.route53.Zone("bare-zone", name="bare.test")
aws.route53.Record(
    "alias",
    zone_id=zone.zone_id,
    name="api.example.test",
    type="A",
    allow_overwrite=True,
    opts=opts,
    aliases=[{"name": balancer.dns_name, "zone_id": balancer.zone_id, "evaluate_target_health": True}],
)
aws.route53.Record(
    "text", zone_id=bare.zone_id, name="text.bare.test", type="TXT", ttl=60, records=['"a"', '"b"'], opts=opts
)
for n, kind in enumerate(("PRIMARY", "SECONDARY")):
    aws.route53.Record(
        kind.lower(),
        zone_id=zone.zone_id,
        name="two.example.test",
        type="CNAME",
        ttl=30,
        records=[f"{n}.example.test"],
        set_identifier=kind,
        failover_routing_policies=[{"type": kind}],
        opts=opts,
    )
aws.route53.Record(
    "weighted",
    zone_id=zone.zone_id,
    name="some.example.test",
    type="CNAME",
    ttl=30,
    records=["x.example.test"],
    set_identifier="w",
    weighted_routing_policies=[{"weight": 5}],
    opts=opts,
)

pulumi.export("suffixes", [balancer.arn_suffix, targets.arn_suffix])
pulumi.export("revision", [task.arn, task.arn_without_revision, task.revision])
