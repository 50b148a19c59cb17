"""Bundles of RDS roots for tests that move a stack to regions whose roots the repository's own bundle lacks."""

import datetime
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lib.common import rds_ca, region


def root(common_name: str) -> bytes:
    """Return a self-signed authority's certificate as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def write(path: Path, names: Iterable[str]) -> Path:
    """Write a bundle with a root of RDS for each of the given regions, and return its path."""
    path.write_bytes(b"".join(root(rds_ca.COMMON_NAME.format(region=name)) for name in names))
    return path


@contextmanager
def everywhere(folder: Path) -> Iterator[None]:
    """Make the settings accept every region, as they do when its bundle is appended to the repository's file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rds_ca, "BUNDLE", write(folder / "rds-ca.pem", region.known()))
        yield
