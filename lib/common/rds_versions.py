"""The one table of database engine versions.

AWS withdraws minor versions; a deployment that names a withdrawn one fails. Every stack takes the
first entry of its engine's preference list; the test suite compares the lists with cfn-lint's current
data, and ``scripts/check_account`` with what the target region offers. A version of the next major version
is chosen by name: docs/major-versions.md has the steps for a stack that is deployed already.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from lib.common.errors import SettingError


@dataclass(frozen=True)
class MajorVersion:
    """Minor versions of one supported major version, the preferred one first.

    ``supported_until`` is the end of AWS standard support for the major version:
    https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraPostgreSQLReleaseNotes/aurorapostgresql-release-calendar.html
    """

    versions: tuple[str, ...]
    supported_until: date

    @property
    def number(self) -> str:
        """The major version, as parameter-group families name it."""
        return major(self.versions[0])


@dataclass(frozen=True)
class Engine:
    """An engine's supported major versions: the one that stacks take, then the one that they can be upgraded to."""

    name: str
    majors: tuple[MajorVersion, ...]

    @property
    def versions(self) -> tuple[str, ...]:
        """Every version that can be chosen; the first one is the default."""
        return tuple(version for each in self.majors for version in each.versions)

    def of_major(self, number: str) -> tuple[str, ...]:
        """Return the versions of a major version, the preferred one first; none where the table has no such major."""
        return tuple(version for version in self.versions if major(version) == number)


ENGINES: Mapping[str, Engine] = {
    engine.name: engine
    for engine in (
        Engine(
            "postgres",
            (
                MajorVersion(("17.11", "17.10", "17.9", "17.8", "17.7"), date(2030, 2, 28)),
                MajorVersion(("18.6", "18.4", "18.3"), date(2031, 2, 28)),
            ),
        ),
        Engine(
            "aurora-postgresql",
            (
                MajorVersion(("17.11", "17.10", "17.9", "17.7"), date(2030, 2, 28)),
                MajorVersion(("18.6", "18.4", "18.3"), date(2031, 2, 28)),
            ),
        ),
    )
}


def major(version: str) -> str:
    """Return the major version of a version: ``17`` for ``17.11``."""
    return version.split(".", maxsplit=1)[0]


def family(engine: str, version: str) -> str:
    """Return the parameter-group family of an engine's version: ``aurora-postgresql17``.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBParameterGroup.html
    """
    return f"{engine}{major(version)}"


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
