"""What EC2 takes as the description of a security group or of one of its rules.

Written in prose, so no service model knows it:
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html
"""

import re
from collections.abc import Iterable

_TAKEN = re.compile(r"[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]{0,255}")


def refused(descriptions: Iterable[str]) -> list[str]:
    """Return the descriptions that EC2 answers with InvalidParameterValue."""
    return [text for text in descriptions if not _TAKEN.fullmatch(text)]
