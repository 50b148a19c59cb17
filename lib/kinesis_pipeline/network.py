"""A network without a way out: isolated subnets, and endpoints for what the functions need."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from lib.common.iam_statements import trust
from lib.kinesis_pipeline.keys import Keys
from lib.kinesis_pipeline.settings import Settings


class Network(Construct):
    """VPC, security groups by reference, endpoints, flow logs.

    No NAT gateway: Lambda's poller reads the stream from outside the VPC, so the functions only need
    the database, Secrets Manager (an interface endpoint) and S3 (a gateway endpoint, free of charge).
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, keys: Keys) -> None:
        super().__init__(scope, construct_id)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            vpc_name=settings.name("stack"),
            ip_addresses=ec2.IpAddresses.cidr("10.40.0.0/20"),
            **({"availability_zones": settings.zone_names} if settings.zone_names else {"max_azs": 2}),
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24)
            ],
            # CDK would empty the default group with a function of its own; nothing here uses that group.
            restrict_default_security_group=False,
        )
        if settings.zone_names:
            cdk.Validations.of(self.vpc).acknowledge(
                cdk.Acknowledgment(
                    id="CloudFormation-Validate::W3010",
                    reason="Zones that are looked up at each deployment can change, and replace the subnets with the "
                    "database in them.",
                )
            )
        self.functions = self._group("functions", settings, "Lambda functions of the pipeline")
        self.database = self._group("database", settings, "PostgreSQL")
        self.endpoints = self._group("endpoints", settings, "Interface endpoints")
        port = ec2.Port.tcp(settings.database_port)
        self.database.connections.allow_from(self.functions, port, "PostgreSQL from the functions")
        self.endpoints.connections.allow_from(self.functions, ec2.Port.tcp(443), "AWS APIs from the functions")
        self._endpoints()
        group = logs.LogGroup(
            self,
            "FlowLogs",
            log_group_name=f"/tap/{settings.name('log_group', 'flow')}",
            retention=logs.RetentionDays.TWO_WEEKS,
            encryption_key=keys.operations,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        flows = self.vpc.add_flow_log(
            "FlowLog",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(group),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )
        self._restrict(flows)

    def _restrict(self, flows: ec2.FlowLog) -> None:
        """Let VPC Flow Logs assume its role for this account's flow logs only; the CDK's role says nothing of it.

        https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
        """
        stack = cdk.Stack.of(self)
        sources = stack.format_arn(service="ec2", resource="vpc-flow-log", resource_name="*")
        condition = trust("vpc-flow-logs.amazonaws.com", stack.account, [sources])["Condition"]
        role = flows.iam_role.node.default_child if flows.iam_role else None
        assert isinstance(role, iam.CfnRole)  # noqa: S101 - the CDK makes one for a log group
        role.add_property_override("AssumeRolePolicyDocument.Statement.0.Condition", condition)

    def _group(self, part: str, settings: Settings, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self,
            part.capitalize(),
            vpc=self.vpc,
            security_group_name=settings.name("security_group", part),
            description=description,
            allow_all_outbound=False,
        )

    def _endpoints(self) -> None:
        self.secrets = self.vpc.add_interface_endpoint(
            "SecretsManager",
            service=ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
            security_groups=[self.endpoints],
            open=False,
        )
        self.storage = self.vpc.add_gateway_endpoint("Storage", service=ec2.GatewayVpcEndpointAwsService.S3)
        # S3's addresses come from AWS's prefix list; a gateway endpoint needs an egress rule all the same.
        self.functions.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "S3 through the gateway endpoint")

    def allow_storage(self, bucket_arn: str) -> None:
        """Let the gateway endpoint reach the failure bucket, and where CloudFormation takes its answers.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/vpc-interface-endpoints.html
        """
        partition = cdk.Stack.of(self).partition
        self.storage.add_to_policy(
            iam.PolicyStatement(
                principals=[iam.AnyPrincipal()],
                actions=["s3:PutObject"],
                resources=[
                    f"{bucket_arn}/*",
                    f"arn:{partition}:s3:::cloudformation-custom-resource-response-*/*",
                ],
            )
        )
