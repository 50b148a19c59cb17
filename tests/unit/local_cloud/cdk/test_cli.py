"""Why the CDK's command line failed is said in its own words, not in what it said before."""

from lib.local_cloud.cdk.cli import reason

BEFORE = [
    "INFO tap: LOG_DAYS='30' is from the environment: a deployment without it takes it back. (Construct Annotations)",
    "shop-dev: success: Published shop-dev Template",
    "shop-dev | 1/51 | 9:43:53 PM | UPDATE_IN_PROGRESS | AWS::IAM::Role | Shop/Role",
]


def test_a_refused_template_is_the_reason():
    said = "Template error: rule SameEnvironment failed: This stack is deployed as another environment."
    assert reason([*BEFORE, said]) == f"  {said}"


def test_a_refused_setting_is_the_reason():
    assert reason([*BEFORE, "tap: LOG_DAYS='x' is refused."]) == "  tap: LOG_DAYS='x' is refused."


def test_without_any_such_word_the_last_lines_are_it():
    assert reason(["one", "", "two"]) == "  one\n  two"
