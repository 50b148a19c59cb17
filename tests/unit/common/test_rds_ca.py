"""The bundle holds roots of Amazon RDS and nothing else, they live long enough, and regions without one are told."""

import re
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from lib.common import lambda_sources, rds_ca, region
from lib.common.errors import SettingError
from tests.support import rds_roots

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html: AWS's downloads hold all three.
HOLDERS = sorted(path.parts[-3] for path in (region.FOLDER.parent / "lambda").glob("*/database/handler.py"))
NAME = re.compile(r"Amazon RDS ([a-z0-9-]+) Root CA (RSA2048|RSA4096|ECC384) G1")


def certificates() -> list[x509.Certificate]:
    """Return the certificates of the bundle."""
    with warnings.catch_warnings():
        # Some of Amazon's serial numbers are not what RFC 5280 wants; their keys are.
        warnings.filterwarnings("ignore", message=".*serial number")
        return x509.load_pem_x509_certificates(rds_ca.BUNDLE.read_bytes())


CERTIFICATES = certificates()


def name(certificate: x509.Certificate) -> str:
    """Return whom a certificate is for."""
    (found,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found.value)


def test_nothing_but_certificates_is_in_the_file() -> None:
    """Each block of the file was read, and each is there once."""
    text = rds_ca.BUNDLE.read_text(encoding="ascii")
    assert len(CERTIFICATES) == text.count("-----BEGIN CERTIFICATE-----") == len({name(each) for each in CERTIFICATES})
    assert "PRIVATE" not in text


@pytest.mark.parametrize("certificate", CERTIFICATES, ids=name)
def test_each_is_an_authority_of_rds_in_one_region(certificate: x509.Certificate) -> None:
    """By its name, by its extensions, by its key, and by its own signature."""
    found = NAME.fullmatch(name(certificate))
    assert found
    assert found[1] in region.known()
    assert certificate.issuer == certificate.subject
    certificate.verify_directly_issued_by(certificate)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
    assert found[2] == f"{'RSA' if isinstance(key, rsa.RSAPublicKey) else 'ECC'}{key.key_size}"


@pytest.mark.parametrize("certificate", CERTIFICATES, ids=name)
def test_each_is_valid_for_years(certificate: x509.Certificate) -> None:
    """Whoever deploys today gets five years before the bundle has to be fetched again."""
    now = datetime.now(UTC)
    assert certificate.not_valid_before_utc < now
    assert certificate.not_valid_after_utc > now + timedelta(days=5 * 366)


def test_the_regions_are_those_of_the_certificates() -> None:
    """Another reader of the same file comes to the same set, of at least two partitions."""
    found = {rds_ca.COMMON_NAME.format(region=each) for each in rds_ca.regions()}
    assert found == {name(each) for each in CERTIFICATES if "RSA2048" in name(each)}
    assert {region.partition(each) for each in rds_ca.regions()} >= {"aws", "aws-cn"}


def test_the_regions_of_this_repository_are_among_them() -> None:
    """lib/AWS_REGION and lib/AWS_REGION_DR are where the databases are."""
    assert set(region.pair({})) <= rds_ca.regions()


@pytest.mark.parametrize("system", HOLDERS)
def test_the_packages_take_this_file(system: str) -> None:
    """What is appended to it is deployed, with every function that connects to PostgreSQL."""
    assert lambda_sources.sources(system, "database")["rds-ca.pem"] == rds_ca.BUNDLE


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle of the test's own, not yet written."""
    monkeypatch.setattr(rds_ca, "BUNDLE", tmp_path / "rds-ca.pem")
    return rds_ca.BUNDLE


def test_a_region_with_a_root_is_covered(bundle: Path) -> None:
    """What is appended counts, without another change."""
    one, two = sorted(region.known())[:2]
    rds_roots.write(bundle, [one])
    assert rds_ca.regions() == {one}
    bundle.write_bytes(bundle.read_bytes() + rds_roots.root(rds_ca.COMMON_NAME.format(region=two)))
    assert (rds_ca.covered(one), rds_ca.covered(two)) == (one, two)


def test_a_region_without_a_root_is_refused_by_name(bundle: Path) -> None:
    """The message says what is missing, where to get it and where it goes."""
    one, two = sorted(region.known())[:2]
    rds_roots.write(bundle, [two])
    with pytest.raises(SettingError, match=rf"^{one!r} has no certificate authority .* lib/common/rds-ca\.pem") as told:
        rds_ca.covered(one)
    assert f"'Amazon RDS {one} Root CA RSA2048 G1'" in str(told.value)
    assert rds_ca.DOWNLOADS in str(told.value)


@pytest.mark.parametrize("kind", ["Amazon RDS {} Root CA RSA4096 G1", "Amazon RDS {} 2019 CA", "Not {}"])
def test_the_root_of_another_authority_does_not_count(bundle: Path, kind: str) -> None:
    """The stacks ask for rds-ca-rsa2048-g1."""
    one = min(region.known())
    bundle.write_bytes(rds_roots.root(kind.format(one)))
    assert rds_ca.regions() == frozenset()


@pytest.mark.parametrize("content", [None, b"", b"<html>not found</html>"])
def test_a_bundle_that_cannot_be_read_is_told(bundle: Path, content: bytes | None) -> None:
    """A download that failed is not a region that is missing."""
    if content is not None:
        bundle.write_bytes(content)
    with pytest.raises(SettingError, match=r"rds-ca\.pem cannot be read as PEM certificates \(.+\): restore it"):
        rds_ca.regions()
