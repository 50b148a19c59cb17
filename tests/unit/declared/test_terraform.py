"""Terraform JSON becomes the view: parts are merged, references are told by name, and nothing unknown passes."""

import pytest

from lib.declared.model import DeclarationError, Target
from lib.declared.terraform import Configuration
from tests.support.terraform import HOME, OTHER, configuration, declared, properties

BUCKET = {"aws_s3_bucket.b": {"bucket": "name"}}
VERSIONS = {"bucket": "${aws_s3_bucket.b.bucket}", "versioning_configuration": {"status": "Enabled"}}


def test_names_are_paths_of_the_construct_tree_and_tags_the_providers_too():
    (topic,) = declared({"aws_sns_topic.alarms": {"name": "n", "tags": {"Name": "n"}}}).resources
    assert (topic.type, topic.name, topic.region) == ("AWS::SNS::Topic", "aws_sns_topic.alarms", HOME)
    assert topic.properties == {
        "TopicName": "n",
        "Tags": [{"Key": "Name", "Value": "n"}, {"Key": "System", "Value": "s"}],
    }


def test_a_pulumi_name_has_no_stack_and_its_own_type():
    content = configuration({"aws_sns_topic.alarms": {"name": "n"}})
    metadata = {"path": "alarms", "type": "aws:sns/topic:Topic", "retainOnDelete": True}
    content["resource"]["aws_sns_topic"]["alarms"]["//"]["metadata"] = metadata
    (topic,) = declared({}, resource=content["resource"]).resources
    assert (topic.name, topic.source_type, topic.retained) == ("aws_sns_topic.alarms", "aws:sns/topic:Topic", True)


def test_the_region_is_the_providers_or_the_resources_own():
    resources = {"aws_eip.a": {"provider": "aws.other"}, "aws_eip.b": {"region": OTHER}, "aws_eip.c": {}}
    assert [resource.region for resource in declared(resources).resources] == [OTHER, OTHER, HOME]
    with pytest.raises(DeclarationError, match=r"aws\.third.*none of aws, aws\.other"):
        declared({"aws_eip.a": {"provider": "aws.third"}})


def test_a_target_is_a_provider_with_the_accounts_that_it_is_for():
    providers = [{"region": HOME, "allowed_account_ids": ["123456789012"]}, {"region": OTHER, "alias": "other"}]
    found = Configuration(configuration({}, provider={"aws": providers})).targets()
    assert found == (Target("aws", HOME, ("123456789012",)), Target("aws.other", OTHER))


def test_a_part_is_merged_and_tells_where_it_comes_from():
    found = declared(
        {**BUCKET, "aws_s3_bucket_versioning.v": {**VERSIONS, "depends_on": ["aws_eip.e"]}, "aws_eip.e": {}}
    )
    bucket = found.one("AWS::S3::Bucket")
    assert bucket.properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket.origin("VersioningConfiguration.Status") == "aws_s3_bucket_versioning.v"
    assert bucket.depends_on == {"aws_eip.e"}
    assert found.get("aws_s3_bucket_versioning.v") is bucket


def test_a_part_finds_its_owner_by_value_too():
    other = {"aws_s3_bucket.a": {"bucket": "another"}}
    found = declared({**other, **BUCKET, "aws_s3_bucket_versioning.v": {**VERSIONS, "bucket": "name"}})
    assert [bool(bucket.origins) for bucket in found.of("AWS::S3::Bucket")] == [False, True]


@pytest.mark.parametrize("bucket", ["unknown", None])
def test_a_part_without_an_owner_is_refused(bucket):
    with pytest.raises(DeclarationError, match=r"aws_s3_bucket_versioning\.v: no aws_s3_bucket"):
        declared({**BUCKET, "aws_s3_bucket_versioning.v": {**VERSIONS, "bucket": bucket}})


def test_two_parts_that_say_different_things_are_refused():
    parts = {f"aws_s3_bucket_versioning.{n}": {**VERSIONS, "versioning_configuration": {"status": n}} for n in "ab"}
    with pytest.raises(DeclarationError, match=r"VersioningConfiguration\.Status is declared twice, as 'a' and as 'b'"):
        declared({**BUCKET, **parts})


def test_two_parts_that_say_the_same_are_one():
    parts = {f"aws_s3_bucket_versioning.{name}": VERSIONS for name in "ab"}
    (bucket,) = declared({**BUCKET, **parts}).resources
    assert bucket.properties["VersioningConfiguration"] == {"Status": "Enabled"}


def test_lists_of_parts_are_joined():
    settings = [{"rule": "${aws_cloudwatch_event_rule.r.name}", "arn": f"a{n}", "target_id": n} for n in "12"]
    targets = {f"aws_cloudwatch_event_target.t{n}": body for n, body in enumerate(settings)}
    (rule,) = declared({"aws_cloudwatch_event_rule.r": {"name": "r"}, **targets}).resources
    assert rule.properties["Targets"] == [{"Arn": "a1", "Id": "1"}, {"Arn": "a2", "Id": "2"}]
    assert rule.origin("Targets.1.Arn") == "aws_cloudwatch_event_target.t1"


def test_a_reference_has_cloudformations_attribute_and_the_owner_of_a_part():
    found = declared(
        {
            "aws_kms_key.k": {},
            **BUCKET,
            "aws_s3_bucket_versioning.v": VERSIONS,
            "aws_kms_alias.a": {"name": "${aws_kms_key.k.arn}", "target_key_id": "${aws_s3_bucket_versioning.v.id}"},
        }
    )
    alias = found.one("AWS::KMS::Alias")
    assert alias.properties == {"AliasName": "${aws_kms_key.k.Arn}", "TargetKeyId": "${aws_s3_bucket.b.BucketName}"}
    assert alias.references == {"aws_kms_key.k", "aws_s3_bucket.b"}


@pytest.mark.parametrize(
    ("reference", "attribute"),
    [
        ("aws_vpc.x.id", "VpcId"),
        ("aws_security_group.x.id", "GroupId"),
        ("aws_lb.x.arn", "LoadBalancerArn"),
        ("aws_lb.x.dns_name", "DNSName"),
        ("aws_kms_key.x.arn", "Arn"),
        ("aws_rds_cluster.x.reader_endpoint", "ReadEndpoint.Address"),
        ("aws_rds_cluster.x.cluster_identifier", "DBClusterIdentifier"),
        ("aws_rds_cluster.x.master_user_secret[0].secret_arn", "MasterUserSecret.SecretArn"),
        ("aws_lambda_function.x.invoke_arn", "InvokeArn"),
        ("aws_cloudwatch_log_group.x.arn", "LogGroupArn"),
    ],
)
def test_attributes_have_cloudformations_names(reference, attribute):
    found = declared({"aws_kms_alias.a": {"name": f"${{{reference}}}"}})
    token = f"{reference.rpartition('.x.')[0]}.x.{attribute}"
    assert [name for _resource, _path, name in found.undeclared()] == [token]


def test_an_internet_gateway_is_two_resources():
    found = declared({"aws_vpc.v": {}, "aws_internet_gateway.g": {"vpc_id": "${aws_vpc.v.id}"}})
    attachment = found.one("AWS::EC2::VPCGatewayAttachment")
    assert attachment.properties == {
        "VpcId": "${aws_vpc.v.VpcId}",
        "InternetGatewayId": "${aws_internet_gateway.g.InternetGatewayId}",
    }
    assert attachment.references == {"aws_vpc.v", "aws_internet_gateway.g"}


def test_what_is_terraforms_own_is_an_option():
    arguments = {"bucket": "n", "force_destroy": True, "lifecycle": {"prevent_destroy": True}}
    found = declared({"aws_s3_bucket.b": arguments, "aws_s3_bucket_versioning.v": {**VERSIONS, "timeouts": {}}})
    assert found.resources[0].options == {
        "force_destroy": True,
        "lifecycle": {"prevent_destroy": True},
        "aws_s3_bucket_versioning.v.timeouts": {},
    }


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ({"aws_sns_topic.t": {"nane": "n"}}, "aws_sns_topic.t: no place in AWS::SNS::Topic for nane"),
        ({"aws_vpc.v": {"instance_tenancy": "x", "arn": "y"}}, "for arn"),
        ({"aws_unknown.t": {}}, "aws_unknown is not known"),
        ({"aws_sns_topic.t": {"name": "${uuid()}"}}, "'uuid()' is not resolved"),
        ({"aws_api_gateway_stage.s": {"access_log_settings": [{}, {}]}}, "access_log_settings takes one block"),
        ({"aws_db_parameter_group.g": {"parameter": ["x"]}}, "one block was expected, not 'x'"),
    ],
)
def test_what_has_no_place_is_named(resources, words):
    with pytest.raises(DeclarationError) as refused:
        declared(resources)
    assert words in str(refused.value)


def test_a_property_that_two_arguments_write_is_refused():
    password = {"master_password": "a", "master_password_wo": "b"}
    with pytest.raises(DeclarationError, match="MasterUserPassword is declared twice"):
        declared({"aws_rds_cluster.c": password})


def test_what_cloudformation_does_not_have_keeps_terraforms_type():
    (found,) = declared({"aws_default_security_group.d": {"vpc_id": "v", "tags": {"Name": "n"}}}).resources
    assert found.type == "Terraform::aws_default_security_group"
    tags = [{"Key": "Name", "Value": "n"}, {"Key": "System", "Value": "s"}]
    assert found.properties == {"VpcId": "v", "Tags": tags}


def test_null_is_no_argument():
    assert properties({"aws_eip.e": {"domain": "vpc", "instance": None}}) == {"Domain": "vpc"}
