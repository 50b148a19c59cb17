"""A Pulumi program becomes Terraform JSON: every input has its argument there, or is an error that names it."""

from typing import Any

import pytest

from lib.declared import pulumi_names, terraform_schema
from lib.declared.model import DeclarationError
from lib.declared.pulumi_program import token
from lib.declared.pulumi_terraform import configuration

PROVIDER = {
    "type": "pulumi:providers:aws",
    "name": "aws",
    "urn": "urn:aws",
    "parent": "",
    "provider": "",
    "region": "",
    "inputs": {"region": "x", "defaultTags": '{"tags": {"System": "example"}}', "skipRegionValidation": "true"},
    "options": {},
}


def registration(kind: str, title: str, /, *, options: dict[str, Any] | None = None, **inputs: Any) -> dict[str, Any]:
    """Return what is recorded of a resource."""
    plain = {
        "dependencies": [],
        "ignoreChanges": [],
        "retainOnDelete": False,
        "protect": False,
        "createBeforeDelete": False,
        "customTimeouts": {},
    }
    return {
        "type": f"aws:{kind}",
        "name": title,
        "urn": f"urn:{kind}:{title}",
        "parent": "",
        "provider": "urn::aws::aws-id",
        "region": "x",
        "inputs": inputs,
        "options": {**plain, "deleteBeforeReplace": False, **(options or {})},
    }


def written(*found: dict[str, Any], **outputs: Any) -> dict[str, Any]:
    """Return the Terraform JSON of registrations."""
    return configuration({"registrations": [PROVIDER, *found], "outputs": outputs})


def only(*found: dict[str, Any]) -> dict[str, Any]:
    """Return the body of the last resource."""
    kind, name = pulumi_names.terraform_type(found[-1]["type"]), found[-1]["name"]
    return dict(written(*found)["resource"][kind][name])


def vpc(name: str = "main") -> dict[str, Any]:
    return registration("ec2/vpc:Vpc", name, cidrBlock="10.0.0.0/16")


def test_an_input_without_an_argument_is_named_with_all_others():
    with pytest.raises(DeclarationError) as refusal:
        written(registration("ec2/vpc:Vpc", "main", cidrBlok="10.0.0.0/16", ignoreMe=True))
    assert str(refusal.value).splitlines()[1:] == [
        "aws_vpc.main: cidrBlok = 10.0.0.0/16",
        "aws_vpc.main: ignoreMe = True",
    ]


def test_an_input_of_a_nested_block_without_an_argument_is_named():
    policy = {"targetValue": 60, "predefinedMetricSpecification": {"metric": "x"}}
    found = registration("appautoscaling/policy:Policy", "cpu", targetTrackingScalingPolicyConfiguration=policy)
    path = r"target_tracking_scaling_policy_configuration\.predefined_metric_specification\.metric = x"
    with pytest.raises(DeclarationError, match=rf"aws_appautoscaling_policy\.cpu: {path}"):
        written(found)


def test_a_block_that_stands_alone_may_be_a_list_or_an_object():
    action = {"type": "redirect", "redirect": [{"statusCode": "HTTP_301"}]}
    body = only(registration("lb/listener:Listener", "http", defaultActions=action))
    assert body["default_action"] == [{"type": "redirect", "redirect": {"status_code": "HTTP_301"}}]


def test_two_blocks_where_one_can_stand_are_refused():
    tls = [{"mode": "off"}, {"mode": "verify"}]
    with pytest.raises(DeclarationError, match="mutual_authentication takes one block, not 2"):
        written(registration("lb/listener:Listener", "http", mutualAuthentication=tls))


def test_an_object_where_text_belongs_is_refused():
    with pytest.raises(DeclarationError, match=r"cidr_block takes a string, not .'a': 1"):
        written(registration("ec2/vpc:Vpc", "main", cidrBlock={"a": 1}))


def test_nothing_is_written_of_what_is_not_given():
    assert "enable_dns_support" not in only(registration("ec2/vpc:Vpc", "main", enableDnsSupport=None))


def test_names_that_do_not_follow_are_in_the_tables():
    body = only(registration("lambda/function:Function", "api", name="api", code="api.zip", memorySize=256))
    assert {key: body[key] for key in ("function_name", "filename", "memory_size")} == {
        "function_name": "api",
        "filename": "api.zip",
        "memory_size": 256,
    }
    assert pulumi_names.terraform_type("aws:rds/instance:Instance") == "aws_db_instance"


def test_a_type_that_is_not_known_is_refused_with_where_to_add_it():
    with pytest.raises(DeclarationError, match=r"aws:ec2/vcp:Vcp: aws_ec2_vcp or aws_vcp is not .* lib\.declared"):
        written(registration("ec2/vcp:Vcp", "main"))


@pytest.mark.parametrize("token_", sorted(pulumi_names.TYPES))
def test_every_type_of_the_table_is_one_of_terraforms_and_would_not_be_found(token_: str, monkeypatch: Any):
    kind = pulumi_names.TYPES[token_]
    assert terraform_schema.exists(kind)
    monkeypatch.delitem(pulumi_names.TYPES, token_)
    with pytest.raises(DeclarationError):
        pulumi_names.terraform_type(token_)


def test_a_token_is_a_reference_also_inside_text():
    role = registration("iam/role:Role", "reader", name="reader", assumeRolePolicy="{}")
    policy = '{"Resource": "' + token("aws:iam/role:Role", "reader", "arn") + '/*"}'
    body = only(role, registration("iam/rolePolicy:RolePolicy", "reader", role="x", policy=policy))
    assert body["policy"] == '{"Resource": "${aws_iam_role.reader.arn}/*"}'


def test_a_token_of_a_lists_element_is_a_reference_to_it():
    cluster = registration("rds/cluster:Cluster", "main")
    arn = token("aws:rds/cluster:Cluster", "main", "masterUserSecrets[0].secretArn")
    found = written(cluster, arn=[arn])
    assert found["output"] == {"arn": {"value": ["${aws_rds_cluster.main.master_user_secret[0].secret_arn}"]}}


def test_text_that_terraform_would_take_for_a_template_is_escaped():
    body = only(registration("sqs/queue:Queue", "q", policy='{"Resource": "${aws:username} %{if} $1"}'))
    assert body["policy"] == '{"Resource": "$${aws:username} %%{if} $1"}'


def test_an_output_that_terraform_does_not_have_is_named():
    value = token("aws:ec2/vpc:Vpc", "main", "color")
    with pytest.raises(DeclarationError, match=r"aws_subnet.first: aws_vpc.main has no attribute 'color'"):
        written(vpc(), registration("ec2/subnet:Subnet", "first", vpcId=value))


def test_a_reference_to_what_is_not_declared_is_named():
    value = token("aws:ec2/vpc:Vpc", "main", "id")
    with pytest.raises(DeclarationError, match=r"aws_subnet.first: aws_vpc.main is not declared"):
        written(registration("ec2/subnet:Subnet", "first", vpcId=value))


def test_two_names_that_are_one_in_terraform_are_refused():
    with pytest.raises(DeclarationError, match=r"aws_vpc.a_b: two resources"):
        written(vpc("a.b"), vpc("a/b"))


def test_a_name_that_begins_with_a_digit_becomes_an_identifier():
    assert set(written(vpc("1st"))["resource"]["aws_vpc"]) == {"_1st"}


def test_only_an_order_that_no_reference_shows_is_written():
    value = token("aws:ec2/vpc:Vpc", "main", "id")
    options = {"dependencies": ["urn:ec2/vpc:Vpc:main", "urn:ec2/vpc:Vpc:other", "urn:aws"]}
    body = only(vpc(), vpc("other"), registration("ec2/subnet:Subnet", "first", options=options, vpcId=value))
    assert body["depends_on"] == ["aws_vpc.other"]


def test_what_is_created_before_the_old_one_goes_says_so():
    options = {"createBeforeDelete": True}
    body = only(registration("ec2/securityGroup:SecurityGroup", "api", options=options))
    assert body["lifecycle"] == {"create_before_destroy": True}


def test_a_time_out_is_a_block_of_its_own():
    options = {"customTimeouts": {"delete": "60m"}}
    assert only(registration("ec2/securityGroup:SecurityGroup", "api", options=options))["timeouts"] == {
        "delete": "60m"
    }
    assert "timeouts" not in only(registration("ec2/securityGroup:SecurityGroup", "api"))


def test_options_are_a_lifecycle_or_metadata():
    options = {"ignoreChanges": ["desiredCount"], "protect": True, "retainOnDelete": True, "deleteBeforeReplace": True}
    body = only(registration("ecs/service:Service", "api", options=options))
    assert body["lifecycle"] == {"ignore_changes": ["desired_count"], "prevent_destroy": True}
    assert body["//"]["metadata"] == {
        "path": "api",
        "urn": "urn:ecs/service:Service:api",
        "type": "aws:ecs/service:Service",
        "retainOnDelete": True,
        "deleteBeforeReplace": True,
    }


def test_a_change_that_cannot_be_ignored_is_named():
    with pytest.raises(DeclarationError, match=r"aws_ecs_service\.api: ignore_changes count"):
        written(registration("ecs/service:Service", "api", options={"ignoreChanges": ["count"]}))


def test_the_provider_has_its_region_and_tags():
    found = written(vpc())
    assert found["provider"]["aws"] == [
        {
            "alias": "aws",
            "region": "x",
            "default_tags": [{"tags": {"System": "example"}}],
            "skip_region_validation": "true",
        }
    ]
    assert found["resource"]["aws_vpc"]["main"]["provider"] == "aws.aws"


def test_a_resource_of_no_provider_has_none():
    assert "provider" not in only({**vpc(), "provider": ""})


def test_an_input_of_the_provider_without_an_argument_is_named():
    provider = {**PROVIDER, "inputs": {"regoin": "x"}}
    with pytest.raises(DeclarationError, match=r"provider\.aws: regoin = x"):
        configuration({"registrations": [provider], "outputs": {}})


def test_what_is_younger_than_the_bindings_is_kept_if_a_version_is_known():
    body = only(registration("apigateway/restApi:RestApi", "api", securityPolicy="TLS_1_2", name="api"))
    assert body["security_policy"] == "TLS_1_2"


def test_a_statement_without_a_schema_is_written_by_the_rule():
    overrides = [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}]
    statement = {"managedRuleGroupStatement": {"vendorName": "AWS", "ruleActionOverrides": overrides, "name": None}}
    body = only(registration("wafv2/webAcl:WebAcl", "acl", rules=[{"name": "x", "statement": statement}]))
    assert body["rule"][0]["statement"] == {
        "managed_rule_group_statement": {
            "vendor_name": "AWS",
            "rule_action_override": [{"name": "SizeRestrictions_BODY", "action_to_use": {"count": {}}}],
        }
    }
