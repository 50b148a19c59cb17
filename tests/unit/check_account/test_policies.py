"""Every policy document is asked about once, with values of the right form in the place of references."""

import json

import pytest

from lib.check_account.checks import policies
from lib.check_account.model import Verdict
from tests.support.check_account import HERE, resource, system

TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "x.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


def document(target, action="s3:GetObject"):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": target}]}


def asked(*resources):
    made = system(*resources)
    return [policies.request(*one) for one in policies.documents(made)]


def test_a_role_has_its_trust_and_its_policies():
    role = resource(
        "AWS::IAM::Role", AssumeRolePolicyDocument=TRUST, Policies=[{"PolicyDocument": document(["*", "arn:x"])}]
    )
    trust, own = asked(role)
    assert trust["validatePolicyResourceType"] == "AWS::IAM::AssumeRolePolicyDocument"
    assert (trust["policyType"], own["policyType"]) == ("RESOURCE_POLICY", "IDENTITY_POLICY")


def test_two_statements_are_one_document():
    twice = document("*")
    twice["Statement"] = twice["Statement"] * 2
    assert len(asked(resource("AWS::IAM::Policy", PolicyDocument=twice))) == 1


@pytest.mark.parametrize(
    ("kind", "known"), [("AWS::S3::BucketPolicy", "AWS::S3::Bucket"), ("AWS::SNS::TopicPolicy", None)]
)
def test_a_resource_s_policy_names_the_resource_where_access_analyzer_knows_it(kind, known):
    (wanted,) = asked(resource(kind, PolicyDocument=document("*")))
    assert (wanted["policyType"], wanted.get("validatePolicyResourceType")) == ("RESOURCE_POLICY", known)


def filled(text, kind="AWS::KMS::Key"):
    made = system(resource(kind, "thing"))
    return policies.filled({"Resource": [text], "n": 1}, made.declaration)["Resource"][0]


def test_a_reference_becomes_an_arn_of_its_type():
    assert filled("${thing.Arn}/x").startswith(f"arn:aws:kms:{HERE}:123456789012:key/")


def test_a_type_without_a_form_gets_a_plain_one():
    assert filled("${thing.Arn}", "AWS::Scheduler::Schedule") == f"arn:aws:scheduler:{HERE}:123456789012:name"


def test_another_attribute_becomes_a_name():
    assert filled("arn:aws:s3:::${thing.KeyId}/*") == "arn:aws:s3:::name/*"


def test_a_policy_variable_stays():
    assert filled("${aws:username}") == "${aws:username}"


def test_a_system_without_policies_is_not_asked_about():
    assert policies.checks([system(resource("AWS::EC2::VPC"))]) == []


FINDING = {
    "findingType": "ERROR",
    "issueCode": "INVALID_ACTION",
    "findingDetails": "The action s3:GetObjekt does not exist.",
    "learnMoreLink": "https://docs.aws.amazon.com/x",
    "locations": [],
}


def check():
    made = [resource("AWS::IAM::Policy", name, PolicyDocument=document("*")) for name in ("a", "b")]
    (found,) = policies.checks([system(*made)])
    return found


def test_a_document_that_is_there_twice_is_asked_about_once_and_shown_twice(aws):
    wanted = {"policyDocument": json.dumps(document("*")), "policyType": "IDENTITY_POLICY"}
    page = {"findings": [FINDING]}
    aws.answer("accessanalyzer", "validate_policy", {**page, "nextToken": "more"}, wanted)
    aws.answer("accessanalyzer", "validate_policy", page, {**wanted, "nextToken": "more"})
    found = check().collect(aws.account)
    assert [place for place, _finding in found] == ["a PolicyDocument"] * 2 + ["b PolicyDocument"] * 2


@pytest.mark.parametrize("kind", ["ERROR", "SECURITY_WARNING"])
def test_an_error_has_to_be_corrected(kind):
    (row,) = check().evaluate([("a PolicyDocument", {**FINDING, "findingType": kind})])
    assert row.verdict is Verdict.CHANGE
    assert row.found == f"a PolicyDocument: {kind} INVALID_ACTION: The action s3:GetObjekt does not exist."


@pytest.mark.parametrize(
    ("findings", "found"),
    [([], "2 policies"), ([("a", {**FINDING, "findingType": "SUGGESTION"})], "2 policies, 1 suggestions")],
)
def test_a_suggestion_has_not(findings, found):
    (row,) = check().evaluate(findings)
    assert (row.verdict, row.found) == (Verdict.OK, found)
