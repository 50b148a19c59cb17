"""Questions about what is declared: find a resource, a statement, a text, what a text refers to."""

import pytest

from lib.declared.model import Declaration, Resource, leaves, listed, parsed

BUCKET = Resource(
    type="AWS::S3::Bucket",
    name="aws_s3_bucket.a/b",
    properties={
        "BucketName": "b",
        "Tags": [{"Key": "k", "Value": "v"}],
        "VersioningConfiguration": {"Status": "Enabled"},
    },
    region="r",
    origins={"VersioningConfiguration": "aws_s3_bucket_versioning.a/b"},
)
STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "${aws_s3_bucket.a/b.Arn}/*"}
POLICY = Resource(
    type="AWS::S3::BucketPolicy",
    name="policy",
    properties={"PolicyDocument": {"Statement": STATEMENT}, "Nested": [{"Document": {"Statement": [STATEMENT, {}]}}]},
    region="r",
)
DECLARED = Declaration("s", "cdk", "dev", "r", (BUCKET, POLICY))


def test_a_resource_is_found_by_its_type_and_a_part_of_its_name():
    assert DECLARED.of("AWS::S3::Bucket") == [BUCKET]
    assert DECLARED.one("AWS::S3::Bucket", "a/") is BUCKET


@pytest.mark.parametrize("type_and_part", [("AWS::S3::Bucket", "other"), ("AWS::SQS::Queue", "")])
def test_what_is_not_there_is_named(type_and_part):
    with pytest.raises(LookupError, match=type_and_part[0]):
        DECLARED.one(*type_and_part)


def test_more_than_one_is_refused_with_their_names():
    twice = Declaration("s", "cdk", "dev", "r", (BUCKET, BUCKET))
    with pytest.raises(LookupError, match=r"aws_s3_bucket.a/b, aws_s3_bucket.a/b"):
        twice.one("AWS::S3::Bucket")


def test_a_merged_part_is_found_by_its_own_name():
    assert DECLARED.get("policy") is POLICY
    assert DECLARED.get("aws_s3_bucket_versioning.a/b") is BUCKET
    with pytest.raises(LookupError, match="nothing"):
        DECLARED.get("nothing")


def test_each_part_tells_who_declared_it():
    assert BUCKET.origin("VersioningConfiguration.Status") == "aws_s3_bucket_versioning.a/b"
    assert BUCKET.origin("BucketName") == "aws_s3_bucket.a/b"


def test_a_value_is_read_by_its_path():
    assert BUCKET.at("Tags.0.Value") == "v"
    assert [BUCKET.at(path, 7) for path in ("Tags.1.Value", "Tags.x", "BucketName.x", "None")] == [7, 7, 7, 7]


def test_every_statement_is_found_wherever_it_stands():
    found = [(resource.name, path) for resource, path, _statement in DECLARED.statements()]
    assert found == [("policy", "PolicyDocument.Statement.0"), ("policy", "Nested.0.Document.Statement.0")]


def test_the_statement_of_a_firewall_rule_is_no_iam_statement():
    rule = {"Rules": [{"Statement": {"RateBasedStatement": {"Limit": 1}}}]}
    acl = Resource(type="AWS::WAFv2::WebACL", name="w", properties=rule, region="r")
    assert list(Declaration("s", "cdk", "dev", "r", (acl,)).statements()) == []


def test_every_text_is_found_with_its_path():
    assert ("Tags.0.Value", "v") in [(path, text) for _resource, path, text in DECLARED.strings()]


def test_references_are_told_with_their_attribute():
    assert DECLARED.referred(STATEMENT) == [(BUCKET, "Arn")]
    assert DECLARED.referred("${aws:username} ${policy.Endpoint.Port}") == [(POLICY, "Endpoint.Port")]


def test_references_to_nothing_are_told_and_variables_of_policies_are_none():
    texts = {"A": "${aws:username} ${policy.Arn} ${gone.Arn}", "B": 1}
    thing = Resource(type="T", name="thing", properties=texts, region="r")
    found = Declaration("s", "cdk", "dev", "r", (thing, POLICY, BUCKET))
    assert list(found.undeclared()) == [(thing, "A", "gone.Arn")]


def test_one_value_and_a_list_are_alike():
    assert [listed(value) for value in (None, "a", ["a"], ("a",))] == [[], ["a"], ["a"], ["a"]]


def test_leaves_include_what_is_empty():
    assert list(leaves({"a": [], "b": {}, "c": [1, {"d": None}]})) == [
        ("a", []),
        ("b", {}),
        ("c.0", 1),
        ("c.1.d", None),
    ]


def test_only_documents_are_parsed():
    assert [parsed(text) for text in ('{"a": 1}', " [1]", "{x}", "1", "")] == [{"a": 1}, [1], "{x}", "1", ""]
