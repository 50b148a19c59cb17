"""What RDS accepts as a master password, and how to make one.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html (MasterUserPassword):
printable ASCII except ``/``, ``@``, ``"`` and space; PostgreSQL takes 8 to 128 characters, and 41 is the
shortest limit of all engines.
"""

import secrets
import string

from lib.common.errors import SettingError

EXCLUDED = '/@" '
SHORTEST, LONGEST = 8, 41
# A quote, a backslash or a dollar sign is legal and yet breaks shells and connection strings.
ALPHABET = string.ascii_letters + string.digits + "!#%*+,-.:;=?^_~"


def generate(length: int = 32) -> str:
    """Return a password of ``length`` characters from the operating system's random source.

    Raises:
        SettingError: the length is not within RDS's limits.
    """
    if not SHORTEST <= length <= LONGEST:
        raise SettingError(f"A password of {length} characters is refused by RDS: use {SHORTEST} to {LONGEST}.")
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def check(password: str) -> None:
    """Refuse a password that RDS refuses. The message never repeats it.

    Raises:
        SettingError: wrong length, or a character that RDS excludes.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise SettingError(f"The password has {len(password)} characters: RDS takes {SHORTEST} to {LONGEST}.")
    wrong = {c for c in password if c in EXCLUDED or not 33 <= ord(c) <= 126}
    if wrong:
        raise SettingError(
            f"The password has {len(wrong)} kind(s) of character that RDS refuses: "
            'use printable ASCII without / @ " or space.'
        )
