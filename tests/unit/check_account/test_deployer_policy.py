"""A deployer may do what the declared resources take, to what carries the system's names, and nothing else."""

import json

import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

from lib.check_account import deployer_policy, names, permissions, tools
from tests.support.check_account import HERE, NUMBER, THERE, resource, system

ROLE = resource(
    "AWS::IAM::Role",
    "role",
    RoleName="shop-api-live",
    AssumeRolePolicyDocument={"Statement": [{"Principal": {"Service": ["lambda.amazonaws.com", "x.amazonaws.com"]}}]},
)
FUNCTION = resource("AWS::Lambda::Function", FunctionName="shop-api-live")
BUCKET = resource("AWS::S3::Bucket", BucketName=f"shop-logs-{NUMBER}-{HERE}-live")
KEY = resource("AWS::KMS::Key")
LOGS = resource("AWS::Logs::LogGroup", LogGroupName="/aws/rds/instance/shop-live/postgresql")
SHOP = system(ROLE, FUNCTION, BUCKET, KEY, LOGS)


def allowed(found, action, arn="*", region=HERE, **context):
    """Return whether policies allow an action, as the emulator's IAM evaluates them."""
    asked = EvalContext(
        principal_arn=f"arn:aws:iam::{NUMBER}:user/x",
        principal_type="User",
        principal_account=NUMBER,
        action=action,
        resource_arn=arn,
        region=region,
        service_context=context,
    )
    return evaluate(asked, [parse_policy_document(one) for one in found.values()]).decision == "Allow"


def policy(*resources, account=NUMBER, **more):
    return deployer_policy.policies(system(*resources, **more) if resources else SHOP, account)


@pytest.mark.parametrize(
    ("action", "arn"),
    [
        ("lambda:CreateFunction", f"arn:aws:lambda:{HERE}:{NUMBER}:function:shop-api-live"),
        ("iam:CreateRole", f"arn:aws:iam::{NUMBER}:role/shop-api-live"),
        ("s3:CreateBucket", f"arn:aws:s3:::shop-logs-{NUMBER}-{HERE}-live"),
        ("logs:DeleteLogGroup", f"arn:aws:logs:{HERE}:{NUMBER}:log-group:/aws/rds/instance/shop-live/postgresql"),
        ("kms:CreateKey", "*"),
        ("logs:DescribeLogGroups", "*"),
        ("iam:ListRolePolicies", f"arn:aws:iam::{NUMBER}:role/any"),
    ],
)
def test_what_is_declared_can_be_made_and_read(action, arn):
    assert allowed(policy(), action, arn)


@pytest.mark.parametrize(
    ("action", "arn"),
    [
        ("lambda:CreateFunction", f"arn:aws:lambda:{HERE}:{NUMBER}:function:other-api-live"),
        ("lambda:CreateFunction", f"arn:aws:lambda:{HERE}:{NUMBER}:function:shop-api-live2"),
        ("lambda:CreateFunction", f"arn:aws:lambda:{HERE}:210987654321:function:shop-api-live"),
        ("iam:CreateRole", f"arn:aws:iam::{NUMBER}:role/admin"),
        ("iam:PutUserPolicy", f"arn:aws:iam::{NUMBER}:user/me"),
        ("s3:ListBucket", "arn:aws:s3:::other"),
        ("dynamodb:CreateTable", f"arn:aws:dynamodb:{HERE}:{NUMBER}:table/shop-live"),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:{NUMBER}:function:shop-api-live"),
    ],
)
def test_nothing_else_can(action, arn):
    assert not allowed(policy(), action, arn)


def test_what_aws_numbers_is_limited_to_the_regions():
    assert allowed(policy(), "kms:ScheduleKeyDeletion", "*", HERE)
    assert not allowed(policy(), "kms:ScheduleKeyDeletion", "*", THERE)


def test_both_regions_of_a_pair_are_in_it():
    pair = policy(KEY, resource("AWS::KMS::Key", "there", THERE))
    assert allowed(pair, "kms:CreateKey", "*", THERE)


def statement(found, action):
    (one,) = [one for made in found.values() for one in made["Statement"] if action in one["Action"]]
    return one


def test_roles_are_passed_to_the_services_that_they_trust():
    one = statement(policy(), "iam:PassRole")
    assert one["Resource"] == [f"arn:aws:iam::{NUMBER}:role/shop-*live"]
    assert one["Condition"] == {"StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com", "x.amazonaws.com"]}}


def test_without_roles_none_is_passed():
    assert "iam:PassRole" not in json.dumps(policy(KEY))


def test_a_role_that_no_service_trusts_is_not_passed():
    human = resource("AWS::IAM::Role", RoleName="shop-live", AssumeRolePolicyDocument={"Statement": [{}]})
    assert "iam:PassRole" not in json.dumps(policy(human))


def test_service_linked_roles_are_those_of_the_services():
    one = statement(policy(resource("AWS::RDS::DBInstance")), "iam:CreateServiceLinkedRole")
    assert one["Condition"] == {"StringEquals": {"iam:AWSServiceName": ["rds.amazonaws.com"]}}
    assert one["Resource"] == [f"arn:aws:iam::{NUMBER}:role/aws-service-role/*"]


def test_without_such_services_there_are_none():
    assert "CreateServiceLinkedRole" not in json.dumps(policy(KEY))


def test_every_document_is_one_that_iam_takes():
    kinds = ("AWS::RDS::DBCluster", "AWS::EC2::VPC", "AWS::ECS::Service", "AWS::DynamoDB::GlobalTable")
    made = policy(ROLE, FUNCTION, BUCKET, KEY, LOGS, *(resource(kind) for kind in kinds))
    assert len(made) > 1
    for document in made.values():
        characters = len("".join(json.dumps(document).split()))
        assert characters <= 6144


def test_a_policy_that_fits_has_no_number():
    assert list(policy(KEY)) == ["shop-live-deployer"]


def test_nothing_is_lost_when_documents_are_split():
    one = deployer_policy._allow([f"kms:Action{number}" for number in range(100)], ["*"])
    two = deployer_policy._allow(["s3:GetObject"], ["*"])
    parts = deployer_policy.split([two, one], 600)
    assert len(parts) > 3
    assert sorted(a for part in parts for s in part["Statement"] for a in s["Action"]) == sorted(
        one["Action"] + two["Action"]
    )


def test_no_statements_are_no_documents():
    assert deployer_policy.split([]) == []


def test_the_text_says_how_many_there_are_and_how_long():
    made = policy()
    text = deployer_policy.explanation(SHOP, made)
    assert text.startswith(f"{len(made)} managed policies for who deploys shop with Pulumi. IAM takes 6,144 ")
    assert all(name in text for name in made)


TEMPLATE = (ROLE, FUNCTION, resource("Custom::Schema"))


def test_who_uses_the_cdk_takes_the_bootstrap_roles_and_nothing_more():
    made = policy(*TEMPLATE, tool="cdk")
    assert made["shop-live-deployer"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Resource": [f"arn:aws:iam::{NUMBER}:role/cdk-hnb659fds-*-{NUMBER}-{HERE}"],
        }
    ]


@pytest.mark.parametrize(("resources", "invokes"), [(TEMPLATE, True), (TEMPLATE[:2], False)])
def test_cloudformation_may_call_the_functions_of_custom_resources(resources, invokes):
    made = policy(*resources, tool="cdk")
    arn = f"arn:aws:lambda:{HERE}:{NUMBER}:function:shop-api-live"
    assert allowed(made, "lambda:InvokeFunction", arn) is invokes


def test_cloudformation_names_resources_after_the_stack():
    unnamed = resource("AWS::IAM::Role", AssumeRolePolicyDocument={"Statement": []})
    made = policy(unnamed, tool="cdk")
    assert allowed(made, "iam:CreateRole", f"arn:aws:iam::{NUMBER}:role/shop-live-Role-ABC123")


@pytest.mark.parametrize(
    ("tool", "action", "kind", "expected"),
    [
        ("cdktf", "iam:ListInstanceProfilesForRole", "AWS::IAM::Role", True),
        ("cdk", "iam:ListInstanceProfilesForRole", "AWS::IAM::Role", False),
        ("pulumi", "lambda:InvokeFunction", "Terraform::aws_lambda_invocation", True),
    ],
)
def test_the_provider_s_own_calls_are_added_for_its_tools(tool, action, kind, expected):
    found = permissions.actions([kind, "AWS::Lambda::Function"], tools.more(tool))
    assert (action in found) is expected


def test_every_call_of_the_provider_is_one_that_iam_knows():
    every = [action for some in tools.PROVIDER.values() for action in some]
    assert [action for action in every if not permissions.known(action)] == []


def test_a_state_s_bucket_is_added():
    made = policy(KEY, state_bucket="my-state")
    assert allowed(made, "s3:PutObject", "arn:aws:s3:::my-state/x.tfstate")
    assert not allowed(policy(KEY), "s3:PutObject", "arn:aws:s3:::my-state/x.tfstate")


def test_actions_of_services_that_are_not_declared_are_left_out():
    assert {one.split(":")[0] for one in permissions.actions(["AWS::S3::Bucket"], {})} == {"s3"}


def test_rds_makes_its_secrets_with_the_caller_s_rights():
    found = permissions.actions(["AWS::RDS::DBInstance"], {})
    assert "secretsmanager:CreateSecret" in found
    arn = f"arn:aws:secretsmanager:{HERE}:{NUMBER}:secret:rds!db-1"
    assert allowed(policy(resource("AWS::RDS::DBInstance")), "secretsmanager:CreateSecret", arn)


def test_a_pattern_in_a_schema_becomes_the_actions_that_it_stands_for():
    found = {one.lower() for one in permissions.actions(["AWS::DynamoDB::GlobalTable"], {})}
    assert "dynamodb:describetable" in found
    assert not any("*" in one for one in found)


def test_an_action_is_there_once_however_it_is_spelt():
    found = [one.lower() for one in permissions.actions(["AWS::WAFv2::WebACL", "AWS::CloudTrail::Trail"], {})]
    assert len(found) == len(set(found))
    assert "cloudtrail:createtrail" in found


@pytest.mark.parametrize(
    ("action", "fits"),
    [
        ("iam:CreateRole", True),
        ("iam:PutUserPolicy", False),
        ("ecs:RegisterTaskDefinition", True),
        ("rds:CreateDBInstance", True),
        ("s3:PutObject", True),
        ("lambda:GetLayerVersion", False),
    ],
)
def test_an_action_on_another_kind_of_resource_does_not_fit(action, fits):
    assert names.fits(action) is fits


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("shop-api-live", "shop-*live"),
        ("shop-live", "shop-*live"),
        ("/aws/lambda/shop-api-live", "/aws/lambda/shop-*live"),
        ("/aws/rds/instance/shop-live/postgresql", "/aws/rds/instance/shop-*live/postgresql"),
        (f"logs-{NUMBER}-{HERE}-live", f"logs-*-{HERE}-live"),
        ("workshop-live", "workshop-live"),
    ],
)
def test_a_name_becomes_a_pattern(name, pattern):
    assert names.generalised(name, SHOP, "*") == pattern


def test_what_aws_numbers_has_no_pattern():
    assert "kms" not in names.patterns(system(KEY, tool="cdk"), "*")


def test_a_reference_is_no_name():
    made = resource("AWS::RDS::DBInstance", DBSubnetGroupName="${group.DBSubnetGroupName}", DBName="shop")
    assert names.declared(system(made), "*") == {}


def test_a_log_group_that_is_named_after_an_api_is_a_pattern():
    group = resource("AWS::Logs::LogGroup", LogGroupName="API-Gateway-Execution-Logs_${api.RestApiId}/v1")
    found = policy(group)
    arn = f"arn:aws:logs:{HERE}:{NUMBER}:log-group:"
    assert allowed(found, "logs:CreateLogGroup", f"{arn}API-Gateway-Execution-Logs_a1b2/v1")
    assert not allowed(found, "logs:CreateLogGroup", f"{arn}API-Gateway-Execution-Logs_a1b2/v2")
