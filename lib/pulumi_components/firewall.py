"""The firewall before an API: AWS's managed rules, and a limit for each sender."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pulumi
import pulumi_aws as aws

from lib.common.acknowledged import Acknowledged

# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
MANAGED = (
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesSQLiRuleSet",
    "AWSManagedRulesAmazonIpReputationList",
)
ACKNOWLEDGED = (
    Acknowledged(
        "CKV2_AWS_31",
        "aws_wafv2_web_acl.firewall",
        "A log of requests keeps senders' addresses and headers, and is billed by volume; CloudWatch counts what each "
        "rule blocks.",
    ),
    Acknowledged(
        "CKV2_AWS_77",
        "aws_api_gateway_stage.payments",
        "The Log4j rules are in AWSManagedRulesKnownBadInputsRuleSet, which is in use. The check wants "
        "AWSManagedRulesAnonymousIpList too: it blocks hosting providers, where the servers that call an API are. "
        "https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-ip-rep.html",
    ),
)


def _seen(name: str) -> Any:
    # Sampled requests would keep bodies' and headers' beginnings.
    return {"cloudwatch_metrics_enabled": True, "metric_name": name, "sampled_requests_enabled": False}


def _group(name: str, counted: Sequence[str]) -> Any:
    overrides = [{"name": rule, "action_to_use": {"count": {}}} for rule in counted]
    return {"vendor_name": "AWS", "name": name, **({"rule_action_overrides": overrides} if overrides else {})}


def firewall(
    acl_name: str,
    guarded_arn: pulumi.Input[str],
    sender_rate: int,
    opts: pulumi.ResourceOptions,
    *,
    counted: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> aws.wafv2.WebAcl:
    """Return the web ACL of a stage of API Gateway or of a load balancer.

    Args:
        acl_name: its physical name.
        guarded_arn: what it guards.
        sender_rate: how many requests one sender may send in five minutes.
        opts: whose child it is.
        counted: by managed group, the rules that only count what they would block.
    """
    managed: list[Any] = [
        {
            "name": name,
            "priority": number,
            "override_action": {"none": {}},
            "statement": {"managed_rule_group_statement": _group(name, counted.get(name, ()))},
            "visibility_config": _seen(name),
        }
        for number, name in enumerate(MANAGED, start=1)
    ]
    rate: Any = {
        "name": "sender-rate",
        "priority": 0,
        "action": {"block": {}},
        "statement": {"rate_based_statement": {"limit": sender_rate, "aggregate_key_type": "IP"}},
        "visibility_config": _seen("sender-rate"),
    }
    acl = aws.wafv2.WebAcl(
        "firewall",
        name=acl_name,
        description="Managed rules, and a limit for each sender",
        scope="REGIONAL",
        default_action=aws.wafv2.WebAclDefaultActionArgs(allow=aws.wafv2.WebAclDefaultActionAllowArgs()),
        rules=[rate, *managed],
        visibility_config=_seen(acl_name),
        opts=opts,
    )
    aws.wafv2.WebAclAssociation("firewall", resource_arn=guarded_arn, web_acl_arn=acl.arn, opts=opts)
    return acl
