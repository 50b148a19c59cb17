"""CloudFormation's description of a type: what a template can give, what only AWS sets, the parts of a property."""

from lib.declared import schemas

QUEUE = "AWS::SQS::Queue"


def test_what_only_aws_sets_is_in_no_template():
    assert "QueueUrl" in schemas.resource(QUEUE).fields
    assert "QueueUrl" not in schemas.template(QUEUE).fields
    assert "Arn" in schemas.read_only(QUEUE)


def test_what_cannot_be_changed_is_known():
    assert "MasterUsername" in schemas.create_only("AWS::RDS::DBInstance")
    assert schemas.create_only("Custom::X") == ()


def test_a_property_is_found_by_its_path():
    bucket = schemas.template("AWS::S3::Bucket")
    rules = bucket.at("LifecycleConfiguration.Rules")
    assert rules
    assert rules.item
    assert "ExpirationInDays" in rules.item.fields
    assert bucket.at("LifecycleConfiguration.Nothing") is None


def test_a_type_that_cloudformation_does_not_have_has_no_schema():
    assert schemas.schema("Terraform::aws_x") == schemas.schema("Custom::X") == {}
