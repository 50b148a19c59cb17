"""The bundle holds the authorities of RDS and nothing else, and they live long enough (X1, X6)."""

import re
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from lib.common import region

FILE = Path(__file__).resolve().parents[3] / "lambda" / "kinesis_pipeline" / "shared" / "rds-ca.pem"
NAME = re.compile(r"Amazon RDS ([a-z0-9-]+) Root CA RSA2048 G1")


def certificates() -> list[x509.Certificate]:
    """Return the certificates of the bundle."""
    with warnings.catch_warnings():
        # Some of Amazon's serial numbers are not what RFC 5280 wants; their keys are.
        warnings.filterwarnings("ignore", message=".*serial number")
        return x509.load_pem_x509_certificates(FILE.read_bytes())


CERTIFICATES = certificates()


def name(certificate: x509.Certificate) -> str:
    """Return whom a certificate is for."""
    (found,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found.value)


def test_nothing_but_certificates_is_in_the_file() -> None:
    """Each block of the file was read, and each is there once."""
    text = FILE.read_text(encoding="ascii")
    assert len(CERTIFICATES) == text.count("-----BEGIN CERTIFICATE-----") == len({name(each) for each in CERTIFICATES})
    assert "PRIVATE" not in text


@pytest.mark.parametrize("certificate", CERTIFICATES, ids=name)
def test_each_is_an_authority_of_rds_in_one_region(certificate: x509.Certificate) -> None:
    """By its name, by its extensions, and by its own signature."""
    found = NAME.fullmatch(name(certificate))
    assert found
    assert found[1] in region.known()
    assert certificate.issuer == certificate.subject
    certificate.verify_directly_issued_by(certificate)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 2048


@pytest.mark.parametrize("certificate", CERTIFICATES, ids=name)
def test_each_is_valid_for_years(certificate: x509.Certificate) -> None:
    """Whoever deploys today gets five years before the bundle has to be fetched again."""
    now = datetime.now(UTC)
    assert certificate.not_valid_before_utc < now
    assert certificate.not_valid_after_utc > now + timedelta(days=5 * 366)


def test_the_region_of_this_repository_is_among_them() -> None:
    """lib/AWS_REGION is where the database is."""
    assert f"Amazon RDS {region.primary({})} Root CA RSA2048 G1" in {name(each) for each in CERTIFICATES}
