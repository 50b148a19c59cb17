"""The one table of database engine versions.

AWS withdraws minor versions; a deployment that names a withdrawn one fails. Every stack takes the
first entry of its engine's preference list; the test suite compares the lists with cfn-lint's current
data, and ``scripts/check_account`` with what the target region offers.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from lib.common.errors import SettingError


@dataclass(frozen=True)
class Engine:
    """Minor versions of one supported major version, the preferred one first.

    ``supported_until`` is the end of AWS standard support for the major version:
    https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html
    """

    name: str
    versions: tuple[str, ...]
    supported_until: date

    @property
    def major(self) -> str:
        """The major version, as parameter-group families name it."""
        return self.versions[0].split(".", maxsplit=1)[0]


ENGINES: Mapping[str, Engine] = {
    engine.name: engine
    for engine in (
        Engine("postgres", ("17.11", "17.10", "17.9", "17.8", "17.7"), date(2030, 2, 28)),
        Engine("aurora-postgresql", ("17.11", "17.10", "17.9", "17.7"), date(2030, 2, 28)),
    )
}


def variable(engine: str) -> str:
    """Return the environment variable that chooses another entry of the list."""
    return f"{engine.upper().replace('-', '_')}_VERSION"


def choose(engine: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the version to deploy: the list's first entry, or the one that the environment names.

    Raises:
        SettingError: the environment names a version that is not in the list.
    """
    versions = ENGINES[engine].versions
    version = environ.get(variable(engine)) or versions[0]
    if version not in versions:
        raise SettingError(
            f"{variable(engine)}={version!r} is not in TAP's list for {engine}: use one of {', '.join(versions)}, "
            "or add it to lib/common/rds_versions.py after scripts/check_account."
        )
    return version
