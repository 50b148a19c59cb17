"""Certificates for servers on loopback: an authority that clients are told to trust, and what it issues."""

import datetime
import ipaddress
import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lib.local_cloud.names import HOST, OTHER_HOST

NAMES = (HOST, OTHER_HOST, "localhost")
DAYS = 3650  # the folder that they are in goes with the local cloud
FOLDER, AUTHORITY, SERVER = "tls", "ca.pem", "server.pem"


class Authority:
    """A certificate authority, whose key is nowhere but in this object.

    Args:
        name: what its certificate says.
    """

    def __init__(self, name: str = "Local cloud") -> None:
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        usage = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
        usage |= dict.fromkeys(("digital_signature", "encipher_only", "decipher_only"), False)
        self._certificate = self._signed(
            self._builder(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
        )

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=DAYS))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )

    def _signed(self, builder: x509.CertificateBuilder) -> bytes:
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    @property
    def certificate(self) -> bytes:
        """What its clients trust, as PEM."""
        return self._certificate

    def issue(self, names: Sequence[str] = NAMES) -> bytes:
        """Return a server's new key and its certificate, as PEM.

        Args:
            names: what clients call the server: host names and IP addresses.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        certificate = self._signed(
            self._builder(subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return private + certificate


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def provide(folder: Path) -> Path:
    """Return the folder with an authority's certificate and a server's key and certificate, made once.

    Args:
        folder: in which they lie in a folder of their own.
    """
    expected = folder / FOLDER
    if not expected.is_dir():
        authority = Authority()
        making = Path(tempfile.mkdtemp(prefix=f"{FOLDER}-", dir=folder))  # whoever is first renames it
        (making / AUTHORITY).write_bytes(authority.certificate)
        with open(making / SERVER, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(authority.issue())
        with suppress(OSError):  # another process was first
            making.rename(expected)
        shutil.rmtree(making, ignore_errors=True)
    return expected
