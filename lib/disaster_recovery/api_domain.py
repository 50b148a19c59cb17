"""One region's end of the domain: the same name in both regions, each with a certificate of its own region."""

from cdktf_cdktf_provider_aws.api_gateway_base_path_mapping import ApiGatewayBasePathMapping
from cdktf_cdktf_provider_aws.api_gateway_domain_name import (
    ApiGatewayDomainName,
    ApiGatewayDomainNameEndpointConfiguration,
)
from cdktf_cdktf_provider_aws.api_gateway_stage import ApiGatewayStage
from constructs import Construct

from lib.disaster_recovery.aws_context import AwsContext
from lib.disaster_recovery.settings import RegionConfig


def regional_domain(
    scope: Construct, context: AwsContext, region_config: RegionConfig, stage: ApiGatewayStage
) -> ApiGatewayDomainName:
    """Return this region's end of the domain, which leads to a stage.

    Args:
        scope: the construct of the region's API.
        context: the region; its settings have the domain's name.
        region_config: the region's certificate.
        stage: what the domain's root leads to.
    """
    domain = ApiGatewayDomainName(
        scope,
        "domain",
        domain_name=context.settings.domain_name,
        regional_certificate_arn=region_config.certificate_arn,
        security_policy="TLS_1_2",
        endpoint_configuration=ApiGatewayDomainNameEndpointConfiguration(types=["REGIONAL"]),
        **context.own("domain"),
    )
    ApiGatewayBasePathMapping(
        scope,
        "mapping",
        api_id=stage.rest_api_id,
        stage_name=stage.stage_name,
        domain_name=domain.domain_name,
        provider=context.provider,
    )
    return domain
