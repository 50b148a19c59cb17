"""Texts, documents and counts keep to AWS's limits: those of its models, and those that stand in its prose only."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from lib.declared.model import REFERENCE, Declaration, Resource, leaves, listed
from tests.policy import constraints, limits
from tests.policy.rule import rule

# What a reference may become in a document: an ARN with a long name in it.
REFERENCE_LENGTH = 150


def at(resource: Resource, pattern: str) -> Iterator[tuple[str, Any]]:
    """Yield every value, with its path, that stands at a path in which ``*`` is any key or position."""
    expression = re.compile(re.escape(pattern).replace(r"\*", r"[^.]+"))
    return ((path, value) for path, value in leaves(resource.properties) if expression.fullmatch(path))


def size(document: Any) -> int:
    """Return the bytes of a document without white space, when its references have become ARNs."""
    text = document if isinstance(document, str) else json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return len(REFERENCE.sub("x" * REFERENCE_LENGTH, text).encode())


def broken(limit: limits.TextLimit, text: str) -> str:
    """Return what is wrong with a text, or nothing; a reference is taken for one letter."""
    known = REFERENCE.sub("x", text)
    if not limit.shortest <= len(known) <= limit.longest:
        return f"{len(known)} characters, and AWS takes {limit.shortest} to {limit.longest}"
    return "" if re.fullmatch(limit.pattern, known) else f"AWS takes only {limit.pattern}"


@rule()
def models(declaration: Declaration) -> Iterator[str]:
    """Find values that CloudFormation's schema or the service's API model refuses."""
    for resource, check in constraints.checks(declaration):
        if not check.passed:
            yield f"{resource.name}: {check}"


@rule(*limits.TEXTS)
def texts(declaration: Declaration) -> Iterator[str]:
    """Find texts that are too long, too short, or have characters that the service refuses."""
    for resource in declaration.resources:
        for limit in limits.TEXTS.get(resource.type, ()):
            for path, value in at(resource, limit.path):
                if isinstance(value, str) and broken(limit, value):
                    yield f"{resource.name}: {path} {value!r}: {broken(limit, value)} ({limit.source})"


@rule(*limits.DOCUMENTS)
def documents(declaration: Declaration) -> Iterator[str]:
    """Find policies, models and task definitions that are larger than the service takes."""
    for resource in declaration.resources:
        for limit in limits.DOCUMENTS.get(resource.type, ()):
            document = resource.at(limit.path) if limit.path else dict(resource.properties)
            if document is not None and size(document) > limit.longest:
                yield f"{resource.name}: {limit.path} has {size(document)} bytes of {limit.longest} ({limit.source})"


@rule("AWS::IAM::Role")
def policy_sizes(declaration: Declaration) -> Iterator[str]:
    """Find roles whose trust policy, or whose inline policies together, are larger than IAM takes."""
    inline: Counter[str] = Counter()
    for resource in declaration.resources:
        if resource.type in ("AWS::IAM::Policy", "AWS::IAM::RolePolicy"):
            for role in [*listed(resource.at("Roles")), *listed(resource.at("RoleName"))]:
                owner = next((found.name for found, _attribute in declaration.referred(role)), role)
                inline[owner] += size(resource.at("PolicyDocument"))
    for role in declaration.of("AWS::IAM::Role"):
        trust = size(role.at("AssumeRolePolicyDocument"))
        total = inline[role.name] + sum(size(policy["PolicyDocument"]) for policy in role.at("Policies", []))
        if trust > limits.TRUST_POLICY:
            yield f"{role.name}: a trust policy of {trust} characters of {limits.TRUST_POLICY} ({limits.IAM})"
        if total > limits.INLINE_POLICIES:
            yield f"{role.name}: inline policies of {total} characters of {limits.INLINE_POLICIES} ({limits.IAM})"
    for policy in declaration.of("AWS::IAM::ManagedPolicy"):
        if size(policy.at("PolicyDocument")) > limits.MANAGED_POLICY:
            yield f"{policy.name}: more than {limits.MANAGED_POLICY} characters ({limits.IAM})"


@rule("AWS::Lambda::Function")
def function_environments(declaration: Declaration) -> Iterator[str]:
    """Find environment variables that Lambda keeps for itself, and too many bytes of them."""
    for function in declaration.of("AWS::Lambda::Function"):
        variables: Mapping[str, Any] = function.at("Environment.Variables", {})
        for name in limits.LAMBDA_RESERVED & variables.keys():
            yield f"{function.name}: {name} is Lambda's own variable ({limits.LAMBDA_VARIABLES})"
        total = sum(size(name) + size(str(value)) for name, value in variables.items())
        if total > limits.LAMBDA_ENVIRONMENT:
            yield f"{function.name}: {total} bytes of variables, of {limits.LAMBDA_ENVIRONMENT}"


@rule("AWS::SQS::QueuePolicy")
def queue_policies(declaration: Declaration) -> Iterator[str]:
    """Find queue policies with more statements, principals, conditions or actions than SQS takes."""
    for policy in declaration.of("AWS::SQS::QueuePolicy"):
        statements = listed(policy.at("PolicyDocument.Statement"))
        principals = sum(
            len(listed(names))
            for statement in statements
            for names in (statement["Principal"].values() if isinstance(statement["Principal"], dict) else ["*"])
        )
        keys = sum(len(operands) for statement in statements for operands in statement.get("Condition", {}).values())
        actions = max((len(listed(statement["Action"])) for statement in statements), default=0)
        for what, count, most in (
            ("statements", len(statements), limits.QUEUE_STATEMENTS),
            ("principals", principals, limits.QUEUE_PRINCIPALS),
            ("conditions", keys, limits.QUEUE_CONDITIONS),
            ("actions in a statement", actions, limits.QUEUE_ACTIONS),
        ):
            if count > most:
                yield f"{policy.name}: {count} {what}, and SQS takes {most}"


@rule("AWS::EC2::SecurityGroup")
def security_group_rules(declaration: Declaration) -> Iterator[str]:
    """Find security groups with more rules in a direction than a new account has."""
    for direction in ("Ingress", "Egress"):
        count: Counter[str] = Counter()
        for group in declaration.of("AWS::EC2::SecurityGroup"):
            count[group.name] += len(group.at(f"SecurityGroup{direction}", []))
        for single in declaration.of(f"AWS::EC2::SecurityGroup{direction}"):
            count.update(owner.name for owner, _attribute in declaration.referred(single.at("GroupId")))
        for name, rules in count.items():
            if rules > limits.GROUP_RULES:
                yield f"{name}: {rules} rules for {direction.lower()}, of {limits.GROUP_RULES}"


@rule("AWS::ApiGateway::RestApi")
def api_sizes(declaration: Declaration) -> Iterator[str]:
    """Find REST APIs with more resources or stages than a new account has."""
    for kind, most in (("Resource", limits.API_RESOURCES), ("Stage", limits.API_STAGES)):
        count: Counter[str] = Counter()
        for part in declaration.of(f"AWS::ApiGateway::{kind}"):
            count.update(api.name for api, _attribute in declaration.referred(part.at("RestApiId")))
        for name, parts in count.items():
            if parts > most:
                yield f"{name}: {parts} of AWS::ApiGateway::{kind}, of {most}"


@rule("AWS::CloudWatch::Dashboard")
def dashboards(declaration: Declaration) -> Iterator[str]:
    """Find widgets that CloudWatch does not know or that leave the grid, and more of them than it shows."""
    for dashboard in declaration.of("AWS::CloudWatch::Dashboard"):
        widgets = dashboard.at("DashboardBody.widgets", [])
        total = 0
        for number, widget in enumerate(widgets):
            metrics = widget["properties"].get("metrics", [])
            total += len(metrics)
            for wrong in wrong_in_widget(widget, len(metrics)):
                yield f"{dashboard.name}: widget {number}: {wrong}"
        if len(widgets) > limits.WIDGETS or total > limits.DASHBOARD_METRICS:
            yield f"{dashboard.name}: {len(widgets)} widgets with {total} metrics"


def wrong_in_widget(widget: Mapping[str, Any], metrics: int) -> Iterator[str]:
    """Yield what is wrong with a widget of a dashboard."""
    left, width, height = widget.get("x", 0), widget.get("width", 6), widget.get("height", 6)
    view = widget["properties"].get("view", "timeSeries")
    if widget["type"] not in limits.WIDGET_TYPES:
        yield f"type {widget['type']!r}: {', '.join(sorted(limits.WIDGET_TYPES))}"
    if view not in limits.WIDGET_VIEWS:
        yield f"view {view!r}: {', '.join(sorted(limits.WIDGET_VIEWS))}"
    if not 0 <= left < left + width <= limits.GRID_COLUMNS or width < 1:
        yield f"columns {left} to {left + width} of {limits.GRID_COLUMNS}"
    if not 1 <= height <= limits.WIDGET_HEIGHT:
        yield f"height {height} of 1 to {limits.WIDGET_HEIGHT}"
    if metrics > limits.WIDGET_METRICS:
        yield f"{metrics} metrics of {limits.WIDGET_METRICS}"


@rule()
def tag_limits(declaration: Declaration) -> Iterator[str]:
    """Find tags with a key or a value that a service refuses, the same key twice, and more than 50 tags."""
    for resource in declaration.resources:
        found = tags(resource)
        if len(found) > limits.TAG_COUNT:
            yield f"{resource.name}: {len(found)} tags of {limits.TAG_COUNT} ({limits.TAGGING})"
        for key, count in Counter(key for key, _value in found).items():
            if count > 1:
                yield f"{resource.name}: the tag {key!r} {count} times"
        for key, value in found:
            for limit, text in ((limits.TAG_KEY, key), (limits.TAG_VALUE, value)):
                if broken(limit, text):
                    yield f"{resource.name}: tag {key!r}={value!r}: {broken(limit, text)} ({limit.source})"


def tags(resource: Resource) -> list[tuple[str, str]]:
    """Return a resource's tags, which are lists of keys and values in most types and maps in a few."""
    found = resource.at("Tags") or resource.at("HealthCheckTags") or []
    if isinstance(found, Mapping):
        return list(found.items())
    return [(tag["Key"], tag["Value"]) for tag in found]
