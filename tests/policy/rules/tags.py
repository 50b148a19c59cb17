"""Everything that can have tags says whose it is."""

from collections.abc import Iterator

from lib.declared import schemas
from lib.declared.model import Declaration, Resource
from tests.policy.rule import TERRAFORM, rule
from tests.policy.rules.limits import tags

TAGS = frozenset({"Author", "Environment", "EnvironmentSuffix", "Project", "Repository", "System"})
# Types that CloudFormation tags, and the tools' AWS providers (Terraform's 6.25, Pulumi's 7.51) do not yet.
WITHOUT_TAGS = frozenset({("cdktf", "AWS::CloudWatch::Dashboard"), ("pulumi", "AWS::CloudWatch::Dashboard")})
# EC2 shows these by an id alone, and people by the tag Name:
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
SHOWN_BY_ID = (
    "AWS::EC2::EIP",
    "AWS::EC2::FlowLog",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::NatGateway",
    "AWS::EC2::RouteTable",
    "AWS::EC2::Subnet",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCEndpoint",
    "AWS::EC2::VPCPeeringConnection",
    "AWS::Route53::HealthCheck",
)


@rule(*SHOWN_BY_ID)
def has_a_name(declaration: Declaration) -> Iterator[str]:
    """Find resources that people could not tell apart: no tag Name, where an id is all, or where others have it."""
    # The CDK gives the name of a network to what it makes inside, and to nothing else.
    others = declaration.resources if declaration.tool != "cdk" else ()
    named = {resource.type for resource in others if dict(tags(resource)).get("Name")}
    for resource in declaration.resources:
        if resource.type in named.union(SHOWN_BY_ID) and not dict(tags(resource)).get("Name"):
            yield f"{resource.name}: no tag Name"


@rule()
def tagged(declaration: Declaration) -> Iterator[str]:
    """Find resources that can have tags and lack one of those that everything has."""
    for resource in declaration.resources:
        taggable = schemas.schema(resource.type).get("tagging", {}).get("taggable")
        if taggable and (declaration.tool, resource.type) not in WITHOUT_TAGS:
            missing = TAGS - {key for key, _value in tags(resource)}
            if missing:
                yield f"{resource.name}: no tag {', '.join(sorted(missing))}"


@rule()
def tags_tell_the_environment(declaration: Declaration) -> Iterator[str]:
    """Find tags that name another system or environment."""
    for resource in declaration.resources:
        found = dict(tags(resource))
        for key, value in (("System", declaration.system), ("Environment", declaration.environment)):
            if key in found and found[key] != value:
                yield f"{resource.name}: the tag {key} is {found[key]!r} in {value!r}"


@rule(tools=TERRAFORM)
def tags_are_known_in_the_plan(declaration: Declaration) -> Iterator[str]:
    """Find tags with what only AWS knows, such as an id: the plan leaves them out, and their apply is ended.

    "Provider produced inconsistent final plan ... new element has appeared" in ``tags_all``:
    https://github.com/hashicorp/terraform-provider-aws/issues/19583
    """
    for resource in declaration.resources:
        for key, value in tags(resource):
            unknown = [found for found in declaration.referred(value) if not _known(declaration, *found)]
            yield from (
                f"{resource.name}: the tag {key} has {owner.name}'s {attribute} in it, which is unknown in the plan"
                for owner, attribute in unknown
            )


def _known(declaration: Declaration, resource: Resource, attribute: str) -> bool:
    """Return whether an attribute of a resource is what the program gives it, and knows."""
    value = resource.at(attribute)
    return value is not None and all(_known(declaration, *found) for found in declaration.referred(value))
