"""checkov finds nothing in production that is not acknowledged beside its cause, and nothing is acknowledged in vain.

It needs no network once its environment is there, and no AWS account: it reads what the tools write.
"""

import re
from collections import Counter

import pytest

from lib.common.acknowledged import Acknowledged
from lib.declared.read import SYSTEMS
from tests.policy import checkov
from tests.policy.cases import Case, source_of
from tests.policy.checkov import REQUIREMENTS, Finding

# A document with one thing changed, by its name: the system, the type, part of the resource's name, the property and
# its value, and the check that has to fail.
TWINS = {
    "public": ("kinesis-pipeline", "AWS::RDS::DBInstance", "Instance", "PubliclyAccessible", True, "CKV_AWS_17"),
    "plain": ("disaster-recovery", "aws_rds_cluster", "primary_cluster", "storage_encrypted", False, "CKV_AWS_96"),
    "open": ("payment", "aws_db_instance", "instance", "publicly_accessible", True, "CKV_AWS_17"),
    "mutable": ("flask-api", "aws_ecr_repository", "repository", "image_tag_mutability", "MUTABLE", "CKV_AWS_51"),
}
OLD = Acknowledged("CKV_AWS_18", "aws_s3_bucket.gone", "The bucket that this was about is not declared any more.")


def document(system):
    return checkov.document(source_of(Case(system, "production")))


def twin(system, kind, part, name, value, _check):
    """Return a system's document with one property of one resource changed."""
    found = document(system)
    if "Resources" in found:
        candidates = [r["Properties"] for n, r in found["Resources"].items() if r["Type"] == kind and part in n]
    else:
        candidates = [values for label, values in found["resource"][kind].items() if part in label]
    candidates[0][name] = value
    return found


@pytest.fixture(scope="module")
def findings(request, tmp_path_factory):
    """What checkov finds in every system and in every twin, from one start; with ``-k <system>``, in that system."""
    keyword = request.config.option.keyword
    if keyword in SYSTEMS:
        documents = {keyword: document(keyword)}
    else:
        documents = {system: document(system) for system in SYSTEMS}
        documents |= {name: twin(*what) for name, what in TWINS.items()}
    return checkov.scan(documents, tmp_path_factory.mktemp("checkov"))


def known(system):
    return [entry for package in checkov.packages(system) for entry in checkov.acknowledged(package)]


@pytest.mark.parametrize("system", SYSTEMS)
def test_nothing_is_found_that_is_not_acknowledged(findings, system):
    assert checkov.unacknowledged(findings[system], known(system)) == []


@pytest.mark.parametrize("package", sorted({package for system in SYSTEMS for package in checkov.packages(system)}))
def test_nothing_is_acknowledged_in_vain(findings, package):
    found = [each for system in SYSTEMS if package in checkov.packages(system) for each in findings[system]]
    assert checkov.unused(found, checkov.acknowledged(package)) == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_reason_is_a_sentence_about_the_resource(system):
    for entry in known(system):
        text = re.sub(r"\s*https://\S+$", "", entry.reason)
        assert len(text.split()) >= 10, entry
        assert text[0].isupper(), entry
        assert entry.reason != text or text.endswith("."), entry


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_finding_is_acknowledged_once(findings, system):
    counts = Counter(
        (f.check, f.resource) for f in findings[system] for e in known(system) if e.covers(f.check, f.resource)
    )
    assert [key for key, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_found_names_the_resource(findings, system):
    assert all(re.fullmatch(r"(AWS::\w+::\w+|aws_\w+)\.[\w-]+", each.resource) for each in findings[system])


@pytest.mark.parametrize(("name", "what"), TWINS.items(), ids=TWINS)
def test_what_is_broken_is_found(findings, name, what):
    """Twin: in each tool's form, and of every system."""
    system, kind, part, *_rest, check = what
    (line,) = checkov.unacknowledged(findings[name], known(system))
    assert line.startswith(f"{kind}.")
    assert part in line
    assert line.endswith(f"({check})")


def test_a_finding_whose_acknowledgement_goes_is_told(findings):
    """Twin: whichever of them is taken out, what it is about is told."""
    entries = list(checkov.acknowledged("payment"))
    for entry in entries:
        rest = [other for other in entries if other != entry]
        before, told = (checkov.unacknowledged(findings["payment"], some) for some in (entries, rest))
        told = sorted(set(told) - set(before))
        assert told, entry
        assert all(line.endswith(f"({entry.check})") for line in told)


def test_an_acknowledgement_of_nothing_is_told(findings):
    """Twin: the resource is gone, or the finding is fixed."""
    assert checkov.unused(findings["payment"], [OLD]) == [OLD]


def test_a_document_that_cannot_be_read_is_an_error(tmp_path):
    """Twin: checkov itself would end without an error, and without a finding."""
    with pytest.raises(RuntimeError, match="checkov cannot read all of broken"):
        checkov.scan({"broken": {"terraform": {"required_version": "1"}}}, tmp_path)


def test_a_document_in_which_checkov_knows_nothing_is_an_error(tmp_path):
    """Twin: it would be without a finding whatever stands in it."""
    with pytest.raises(RuntimeError, match="checkov knows nothing in other"):
        checkov.scan({"other": {"resource": {"aws_sqs_qeueu": {"queue": {"name": "q"}}}}}, tmp_path)


def test_references_lead_to_the_renamed_resources():
    found = checkov.readable(
        {
            "terraform": {"required_version": "1"},
            "resource": {
                "aws_s3_bucket": {"logs_1F": {"//": {"metadata": {"path": "stack/part/logs"}}, "bucket": "b"}},
                "aws_s3_bucket_versioning": {"logs": {"bucket": "${aws_s3_bucket.logs_1F.id}"}},
            },
            "data": {"aws_region": {"logs": {"name": "${aws_vpc.other.id}"}}},
        }
    )
    assert found == {
        "resource": {
            "aws_s3_bucket": {"aws_s3_bucket--in--part_logs": {"bucket": "b"}},
            "aws_s3_bucket_versioning": {
                "aws_s3_bucket_versioning--in--logs": {"bucket": "${aws_s3_bucket.aws_s3_bucket--in--part_logs.id}"}
            },
        },
        "data": {"aws_region": {"aws_region--in--logs": {"name": "${aws_vpc.other.id}"}}},
    }


def test_a_finding_is_a_line():
    assert (
        str(Finding("CKV_AWS_18", "aws_s3_bucket.logs", "Ensure logging"))
        == "aws_s3_bucket.logs: Ensure logging (CKV_AWS_18)"
    )


def test_no_registry_is_named():
    text = REQUIREMENTS.read_text(encoding="utf-8")
    assert "://" not in text
    assert text.count("--hash=sha256:") > text.count("==")
