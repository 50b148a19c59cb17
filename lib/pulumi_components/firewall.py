"""The firewall before an API: AWS's managed rules, and a limit for each sender."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pulumi
import pulumi_aws as aws

from lib.common.acknowledged import Acknowledged
from lib.common.json_types import JsonValue

# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
MANAGED = (
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesSQLiRuleSet",
    "AWSManagedRulesAmazonIpReputationList",
)
ACKNOWLEDGED = (
    Acknowledged(
        "CKV2_AWS_77",
        "aws_api_gateway_stage.payments",
        "The Log4j rules are in AWSManagedRulesKnownBadInputsRuleSet, which is in use. The check wants "
        "AWSManagedRulesAnonymousIpList too: it blocks hosting providers, where the servers that call an API are. "
        "https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-ip-rep.html",
    ),
)
# Headers that may hold a secret; names in lower case.
REDACTED = ("authorization", "cookie", "x-api-key")


@dataclass(frozen=True)
class FirewallLogs:
    """How the log of a firewall is kept.

    Attributes:
        days: before a line goes.
        key: encrypts it; CloudWatch Logs may use it.
        paths: whether the path of a request is kept, which tells what a rule took for an attack.
    """

    days: int
    key: aws.kms.Key
    paths: bool = True


def _seen(name: str) -> JsonValue:
    # Sampled requests would keep bodies' and headers' beginnings.
    return {"cloudwatch_metrics_enabled": True, "metric_name": name, "sampled_requests_enabled": False}


def _group(name: str, counted: Sequence[str]) -> JsonValue:
    overrides = [{"name": rule, "action_to_use": {"count": {}}} for rule in counted]
    return {"vendor_name": "AWS", "name": name, **({"rule_action_overrides": overrides} if overrides else {})}


def firewall(
    acl_name: str,
    guarded_arn: pulumi.Input[str],
    sender_rate: int,
    opts: pulumi.ResourceOptions,
    *,
    logs: FirewallLogs,
    counted: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> aws.wafv2.WebAcl:
    """Return the web ACL of a stage of API Gateway or of a load balancer, which logs what it blocks or counts.

    Args:
        acl_name: its physical name.
        guarded_arn: what it guards.
        sender_rate: how many requests one sender may send in five minutes.
        opts: whose child it is.
        logs: how its log is kept.
        counted: by managed group, the rules that only count what they would block.
    """
    managed: list[JsonValue] = [
        {
            "name": name,
            "priority": number,
            "override_action": {"none": {}},
            "statement": {"managed_rule_group_statement": _group(name, counted.get(name, ()))},
            "visibility_config": _seen(name),
        }
        for number, name in enumerate(MANAGED, start=1)
    ]
    rate: JsonValue = {
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
    _log(acl, acl_name, logs, opts)
    return acl


def _log(acl: aws.wafv2.WebAcl, acl_name: str, logs: FirewallLogs, opts: pulumi.ResourceOptions) -> None:
    """Log which rule met which request, without the request: WAF never logs a body, and these are told not to be.

    A request that no rule met is the API's own to log. WAF writes to groups of this prefix alone, and adds its right to
    the account's resource policies by itself.
    https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
    """
    group = aws.cloudwatch.LogGroup(
        "firewall",
        name=f"aws-waf-logs-{acl_name}",
        retention_in_days=logs.days,
        kms_key_id=logs.key.arn,
        opts=opts,
    )
    kept: list[JsonValue] = [
        {"action_condition": {"action": action}} for action in ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")
    ]
    few: JsonValue = {
        "default_behavior": "DROP",
        "filters": [{"behavior": "KEEP", "requirement": "MEETS_ANY", "conditions": kept}],
    }
    fields: list[JsonValue] = [{"single_header": {"name": name}} for name in REDACTED]
    fields += [{"query_string": {}}, *([] if logs.paths else [{"uri_path": {}}])]
    aws.wafv2.WebAclLoggingConfiguration(
        "firewall",
        resource_arn=acl.arn,
        log_destination_configs=[group.arn],
        redacted_fields=fields,
        logging_filter=few,
        opts=opts,
    )
