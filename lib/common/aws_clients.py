"""What makes boto3 clients, as a type: mypy and editors know each service's operations and the shape of its answers.

The types come from types-boto3, which is installed for the checks alone: nothing here is imported when code runs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast, overload

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from types_boto3_accessanalyzer import AccessAnalyzerClient
    from types_boto3_acm import ACMClient
    from types_boto3_apigateway import APIGatewayClient
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_ecs import ECSClient
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client
    from types_boto3_iam import IAMClient
    from types_boto3_kinesis import KinesisClient
    from types_boto3_kms import KMSClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_rds import RDSClient
    from types_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from types_boto3_route53 import Route53Client
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_service_quotas import ServiceQuotasClient
    from types_boto3_sns import SNSClient
    from types_boto3_ssm import SSMClient
    from types_boto3_sts import STSClient
    from types_boto3_wafv2 import WAFV2Client


class ClientFactory(Protocol):
    """Returns the client of a service in a region; without a region, in the one that the factory is of."""

    @overload
    def __call__(self, service: Literal["accessanalyzer"], region: str = ..., /) -> AccessAnalyzerClient: ...
    @overload
    def __call__(self, service: Literal["acm"], region: str = ..., /) -> ACMClient: ...
    @overload
    def __call__(self, service: Literal["apigateway"], region: str = ..., /) -> APIGatewayClient: ...
    @overload
    def __call__(self, service: Literal["cloudformation"], region: str = ..., /) -> CloudFormationClient: ...
    @overload
    def __call__(self, service: Literal["cloudwatch"], region: str = ..., /) -> CloudWatchClient: ...
    @overload
    def __call__(self, service: Literal["dynamodb"], region: str = ..., /) -> DynamoDBClient: ...
    @overload
    def __call__(self, service: Literal["ec2"], region: str = ..., /) -> EC2Client: ...
    @overload
    def __call__(self, service: Literal["ecs"], region: str = ..., /) -> ECSClient: ...
    @overload
    def __call__(self, service: Literal["elbv2"], region: str = ..., /) -> ElasticLoadBalancingv2Client: ...
    @overload
    def __call__(self, service: Literal["iam"], region: str = ..., /) -> IAMClient: ...
    @overload
    def __call__(self, service: Literal["kinesis"], region: str = ..., /) -> KinesisClient: ...
    @overload
    def __call__(self, service: Literal["kms"], region: str = ..., /) -> KMSClient: ...
    @overload
    def __call__(self, service: Literal["lambda"], region: str = ..., /) -> LambdaClient: ...
    @overload
    def __call__(self, service: Literal["logs"], region: str = ..., /) -> CloudWatchLogsClient: ...
    @overload
    def __call__(self, service: Literal["rds"], region: str = ..., /) -> RDSClient: ...
    @overload
    def __call__(
        self, service: Literal["resourcegroupstaggingapi"], region: str = ..., /
    ) -> ResourceGroupsTaggingAPIClient: ...
    @overload
    def __call__(self, service: Literal["route53"], region: str = ..., /) -> Route53Client: ...
    @overload
    def __call__(self, service: Literal["s3"], region: str = ..., /) -> S3Client: ...
    @overload
    def __call__(self, service: Literal["secretsmanager"], region: str = ..., /) -> SecretsManagerClient: ...
    @overload
    def __call__(self, service: Literal["service-quotas"], region: str = ..., /) -> ServiceQuotasClient: ...
    @overload
    def __call__(self, service: Literal["sns"], region: str = ..., /) -> SNSClient: ...
    @overload
    def __call__(self, service: Literal["ssm"], region: str = ..., /) -> SSMClient: ...
    @overload
    def __call__(self, service: Literal["sts"], region: str = ..., /) -> STSClient: ...
    @overload
    def __call__(self, service: Literal["wafv2"], region: str = ..., /) -> WAFV2Client: ...
    @overload
    def __call__(self, service: str, region: str = ..., /) -> BaseClient: ...


def cached(make: Callable[[str, str], Any]) -> ClientFactory:
    """Return a factory that makes each client once.

    Args:
        make: returns a new client of a service in a region.
    """
    return cast(ClientFactory, cache(make))
