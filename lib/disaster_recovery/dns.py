"""Who answers for the domain: health checks of both regions, and records that follow them.

The records have to follow the region that writes, and nobody is there to change them. So the primary record is healthy
only while its region writes; the secondary one is healthy while what payments need answers there. A payment needs no
Aurora, so that its restart moves no caller, least of all to a region that does not write; the regions' own checks,
which alarms are on, ask for it too:

    both whole, the primary region writes       primary
    the primary region is lost                  secondary, which shows payments and refuses new ones
    ... and after the failover                  secondary, which writes
    the lost region returns, and does not write secondary still
    after the failback                          primary
"""

from cdktf_cdktf_provider_aws.api_gateway_domain_name import ApiGatewayDomainName
from cdktf_cdktf_provider_aws.route53_health_check import Route53HealthCheck
from cdktf_cdktf_provider_aws.route53_record import (
    Route53Record,
    Route53RecordAlias,
    Route53RecordFailoverRoutingPolicy,
)
from constructs import Construct

from lib.disaster_recovery.api import STAGE, Api
from lib.disaster_recovery.aws_context import AwsContext

HTTPS = 443
READY = f"/{STAGE}/health/ready"
PAYMENTS, WRITES = f"{READY}?payments=true", f"{READY}?writer=true"
FAILURES, SECONDS = 3, 10  # three refusals in a row, ten seconds apart, from most of the checkers


class Dns(Construct):
    """Health checks always; records when there is a hosted zone.

    The checks ask each region by its own host name, for the domain's leads to either. Route 53's own look at an alias's
    target (EvaluateTargetHealth) says nothing about API Gateway.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, contexts: tuple[AwsContext, AwsContext], apis: tuple[Api, Api]
    ) -> None:
        super().__init__(scope, construct_id)
        self._aws = contexts[0]
        self.checks = {
            context.role: self._check(context.role, api, READY) for context, api in zip(contexts, apis, strict=True)
        }
        ends = [api.domain for api in apis if api.domain]
        if self._aws.settings.hosted_zone_id:
            writes = self._check("writer", apis[0], WRITES)
            self._record(contexts[0].role, ends[0], writes)
            self._record(contexts[1].role, ends[1], self._check("payments", apis[1], PAYMENTS))

    def _check(self, part: str, api: Api, path: str) -> Route53HealthCheck:
        return Route53HealthCheck(
            self,
            f"{part}-check",
            type="HTTPS",
            fqdn=api.host,
            port=HTTPS,
            resource_path=path,
            enable_sni=True,
            failure_threshold=FAILURES,
            request_interval=SECONDS,
            measure_latency=False,
            **self._aws.own(f"check-{part}"),
        )

    def _record(self, role: str, end: ApiGatewayDomainName, check: Route53HealthCheck) -> None:
        settings = self._aws.settings
        Route53Record(
            self,
            f"{role}-record",
            zone_id=settings.hosted_zone_id,
            name=settings.domain_name,
            type="A",
            set_identifier=f"{role}-{settings.suffix}",
            health_check_id=check.id,
            failover_routing_policy=Route53RecordFailoverRoutingPolicy(type=role.upper()),
            alias=Route53RecordAlias(
                name=end.regional_domain_name, zone_id=end.regional_zone_id, evaluate_target_health=False
            ),
            provider=self._aws.provider,
        )
