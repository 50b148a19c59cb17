"""A Pulumi program with every type of the network's, the identities' and the observation's tables."""

import json

import pulumi
import pulumi_aws as aws

from lib.common import region

AWAY = region.pair({})[1]
PLAIN = {"Bool": {"aws:SecureTransport": "false"}}
NOBODY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": PLAIN}],
    }
)
INLINE = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
provider = aws.Provider(
    "main", region=aws.get_region().region, default_tags={"tags": {"Project": "p", "Name": "default"}}
)
opts = pulumi.ResourceOptions(provider=provider)
where = pulumi.InvokeOptions(provider=provider)
zones = aws.get_availability_zones_output(state="available", opts=where)
here = aws.get_region_output(opts=where).region

vpc = aws.ec2.Vpc(
    "vpc", cidr_block="10.0.0.0/16", enable_dns_support=True, enable_dns_hostnames=True, tags={"Name": "own"}, opts=opts
)
subnet = aws.ec2.Subnet(
    "subnet",
    vpc_id=vpc.id,
    cidr_block="10.0.1.0/24",
    availability_zone=zones.names[1],
    map_public_ip_on_launch=True,
    opts=opts,
)
gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id, opts=opts)
address = aws.ec2.Eip("address", domain="vpc", opts=pulumi.ResourceOptions(provider=provider, depends_on=[gateway]))
nat = aws.ec2.NatGateway("nat", allocation_id=address.id, subnet_id=subnet.id, opts=opts)
table = aws.ec2.RouteTable("table", vpc_id=vpc.id, opts=opts)
aws.ec2.Route("route", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", nat_gateway_id=nat.id, opts=opts)
aws.ec2.RouteTableAssociation("association", route_table_id=table.id, subnet_id=subnet.id, opts=opts)
aws.ec2.DefaultSecurityGroup("closed", vpc_id=vpc.id, opts=opts)
first = aws.ec2.SecurityGroup("first", vpc_id=vpc.id, description="one", opts=opts)
second = aws.ec2.SecurityGroup("second", vpc_id=vpc.id, name="second-group", opts=opts)
aws.vpc.SecurityGroupIngressRule(
    "in",
    security_group_id=first.id,
    referenced_security_group_id=second.id,
    ip_protocol="tcp",
    from_port=80,
    to_port=81,
    description="from the second",
    opts=opts,
)
aws.vpc.SecurityGroupEgressRule("out", security_group_id=second.id, cidr_ipv4="10.0.0.0/8", ip_protocol="-1", opts=opts)
aws.ec2.VpcEndpoint(
    "s3",
    vpc_id=vpc.id,
    service_name=pulumi.Output.concat("com.amazonaws.", here, ".s3"),
    vpc_endpoint_type="Gateway",
    route_table_ids=[table.id],
    policy=NOBODY,
    opts=opts,
)
aws.ec2.VpcEndpoint(
    "secrets",
    vpc_id=vpc.id,
    service_name=pulumi.Output.concat("com.amazonaws.", here, ".secretsmanager"),
    vpc_endpoint_type="Interface",
    subnet_ids=[subnet.id],
    security_group_ids=[first.id],
    private_dns_enabled=True,
    opts=opts,
)

key = aws.kms.Key(
    "key",
    description="a key",
    enable_key_rotation=True,
    rotation_period_in_days=100,
    deletion_window_in_days=9,
    opts=opts,
)
aws.kms.Key("off", enable_key_rotation=False, is_enabled=False, deletion_window_in_days=7, opts=opts)
aws.kms.Key("on", is_enabled=True, deletion_window_in_days=7, opts=opts)
alias = aws.kms.Alias("alias", name="alias/example", target_key_id=key.id, opts=opts)
role = aws.iam.Role(
    "role",
    assume_role_policy=NOBODY,
    description="a role",
    max_session_duration=7200,
    path="/tap/",
    inline_policies=[{"name": "inline", "policy": INLINE}],
    opts=opts,
)
aws.iam.RolePolicy(
    "policy",
    name="read",
    role=role.id,
    policy=key.arn.apply(
        lambda arn: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": arn},
                ],
            }
        )
    ),
    opts=opts,
)
MANAGED = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
aws.iam.RolePolicyAttachment("attachment", role=role.name, policy_arn=MANAGED, opts=opts)
aws.iam.Role("managed", assume_role_policy=NOBODY, managed_policy_arns=[MANAGED], opts=opts)
secret = aws.secretsmanager.Secret(
    "secret",
    name="example/secret",
    description="d",
    kms_key_id=key.arn,
    recovery_window_in_days=0,
    policy=NOBODY,
    replicas=[{"region": AWAY}],
    opts=opts,
)
aws.secretsmanager.SecretVersion(
    "version", secret_id=secret.id, secret_string=pulumi.Output.secret("correct horse"), opts=opts
)
other = aws.secretsmanager.Secret("other", recovery_window_in_days=0, opts=opts)
aws.secretsmanager.SecretPolicy("access", secret_arn=other.arn, policy=NOBODY, opts=opts)

logs = aws.cloudwatch.LogGroup("logs", name="/example/logs", retention_in_days=30, kms_key_id=key.arn, opts=opts)
aws.cloudwatch.LogGroup("forever", retention_in_days=0, opts=opts)
aws.ec2.FlowLog(
    "flow",
    vpc_id=vpc.id,
    traffic_type="REJECT",
    log_destination_type="cloud-watch-logs",
    log_destination=logs.arn,
    iam_role_arn=role.arn,
    max_aggregation_interval=60,
    opts=opts,
)
topic = aws.sns.Topic("topic", display_name="Alarms", kms_master_key_id=key.id, opts=opts)
aws.sns.TopicPolicy("publish", arn=topic.arn, policy=NOBODY, opts=opts)
aws.sns.TopicSubscription("mail", topic=topic.arn, protocol="email", endpoint="a@example.com", opts=opts)
aws.cloudwatch.MetricAlarm(
    "alarm",
    name="example-alarm",
    comparison_operator="GreaterThanThreshold",
    evaluation_periods=3,
    datapoints_to_alarm=2,
    metric_name="CPUUtilization",
    namespace="AWS/ECS",
    period=60,
    statistic="Average",
    threshold=80.5,
    alarm_actions=[topic.arn],
    ok_actions=[topic.arn],
    dimensions={"ClusterName": "c"},
    treat_missing_data="breaching",
    alarm_description="why",
    opts=opts,
)
aws.cloudwatch.MetricAlarm(
    "rate",
    comparison_operator="GreaterThanThreshold",
    evaluation_periods=1,
    threshold=5,
    metric_queries=[
        {"id": "rate", "expression": "100 * errors", "label": "errors", "return_data": True},
        {
            "id": "errors",
            "metric": {
                "metric_name": "Errors",
                "namespace": "AWS/Lambda",
                "period": 60,
                "stat": "Sum",
                "dimensions": {"A": "b"},
            },
        },
    ],
    opts=opts,
)
aws.cloudwatch.Dashboard("board", dashboard_name="example", dashboard_body=json.dumps({"widgets": []}), opts=opts)

pulumi.export("account", aws.get_caller_identity().account_id)
pulumi.export("partition", aws.get_partition().partition)
pulumi.export("group", vpc.default_security_group_id)
pulumi.export("alias", alias.target_key_arn)
pulumi.export("password", pulumi.Output.secret("correct horse"))
pulumi.export("nested", {"ids": [subnet.id, pulumi.Output.secret("x")]})
pulumi.export("tags", vpc.tags_all)
