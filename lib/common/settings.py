"""What the settings of all systems share: where values come from, the first settings, names and tags.

A value comes from its environment variable, or else from the Pulumi stack's configuration, or else from
``lib/<system>/environments/<environment>.toml``, or else it is the setting's default.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, ClassVar, Self

from lib.common import naming, rds_ca, rds_versions
from lib.common import region as regions
from lib.common import setting_types as kinds
from lib.common.errors import SettingError
from lib.common.setting_types import FLAG, NEVER, TAG, Derived, Given, Setting, SettingType, number

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
ANOTHER_STACK = f"{NEVER}it would be another stack"
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
RESTARTS = "the database restarts, when `APPLY_IMMEDIATELY` says"

# Settings that some systems have.
API_RATE = Setting(number(1, 10_000), "requests a second that the API takes")
API_BURST = Setting(number(1, 5_000), "requests that the API takes at once")
CERTIFICATE_ARN = Setting(
    kinds.certificate(), "HTTPS with this certificate; without it, HTTP", "", "in place; callers change with it"
)
DATABASE_INSIGHTS = Setting(kinds.choice("standard", "advanced"), "Database Insights: 7 days, or 465 at a price")
DELETION_PROTECTION = Setting(FLAG, "whether the database, and what else can be, is protected from deletion")
ENVIRONMENT_BEFORE = Setting(
    kinds.text(
        ", ".join(f"`{name}`" for name in kinds.ENVIRONMENTS),
        "|".join(kinds.ENVIRONMENTS),
        f"is unknown: use one of {', '.join(kinds.ENVIRONMENTS)}, or leave it empty.",
    ),
    "what the stack was deployed as, for the one deployment that makes another environment of it",
    "",
    "see `ENVIRONMENT`",
)
DOMAIN_NAME = Setting(kinds.DOMAIN, "the name that users call", "")
HOSTED_ZONE_ID = Setting(kinds.HOSTED_ZONE, "the Route 53 zone of that name", "")
NAT_PER_ZONE = Setting(FLAG, "a NAT gateway in each zone, so that a zone can fail alone; `false` is cheaper")
# A VPC keeps its first block: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
VPC_CIDR = Setting(kinds.NETWORK, "addresses of the network", change=f"{NEVER}the network would be replaced")


def _region(given: Given) -> str:
    return regions.primary({regions.PRIMARY: given.text})


def version(engine: str) -> Setting[str]:
    """Return the setting of an engine's version."""
    variable = rds_versions.variable(engine)
    kind = SettingType("a version of that list", lambda given: rds_versions.choose(engine, {variable: given.text}))
    first = Derived("the first of lib/common/rds_versions.py", lambda _: "")
    change = f"{RESTARTS}; another major version needs `ALLOW_MAJOR_VERSION_UPGRADE`; there is no way back"
    return Setting(kind, "the version of PostgreSQL", first, change, variable)


def _major_upgrade(given: Given) -> bool:
    """Return whether another major version may be deployed.

    It is made at once: a version waits for the maintenance window where changes wait, and the parameter group of the
    earlier major version, which the database uses until then, goes with this deployment.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBParameterGroup.html
    """
    allowed = FLAG.parse(given)
    if allowed and not given.earlier["apply_immediately"]:
        raise given.refused(
            "is refused with APPLY_IMMEDIATELY=false: the upgrade would wait for the maintenance window, and its "
            "deployment would fail: set APPLY_IMMEDIATELY=true for this deployment."
        )
    return allowed


@dataclass(frozen=True)
class SystemSettings:
    """A system's settings: each one is an attribute, declared in a subclass or here for all systems.

    Attributes:
        system: the system's name.
        bucket_base: how the name of its bucket begins.
        values: the values by attribute; :meth:`read` validates them before anything is declared.
        from_shell: a sentence for each value that the environment alone gives; the next deployment may lack it.
    """

    system: ClassVar[str]
    bucket_base: ClassVar[str] = ""
    values: Mapping[str, Any]
    from_shell: tuple[str, ...] = field(default=(), compare=False)

    region = Setting(
        SettingType("a region of AWS", _region),
        "where it is deployed",
        Derived(f"the file lib/{regions.PRIMARY}", lambda _: ""),
        ANOTHER_STACK,
        regions.PRIMARY,
        fixed=True,
    )
    suffix = Setting(
        SettingType(
            f"1 to {naming.SUFFIX_LENGTH} lower-case letters, digits, single hyphens",
            lambda given: naming.check_suffix(given.text),
        ),
        "the end of every name; with Pulumi, what follows the system in the stack's name",
        naming.SUFFIX_DEFAULT,
        ANOTHER_STACK,
        naming.SUFFIX,
        fixed=True,
    )
    environment = Setting(
        kinds.choice(*kinds.ENVIRONMENTS),
        "which file of `environments/` is read, and the tag `Environment`",
        "dev",
        "refused, until you say that it is meant: see What a deployment stays",
    )
    # https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html
    account_id = Setting(
        kinds.ACCOUNT_ID, "the only AWS account that it may be deployed to; without it, any", "", "in place"
    )
    project = Setting(TAG, "the tag `Project`", Derived("the system's name", lambda earlier: earlier["system"]))
    repository = Setting(TAG, "the tag `Repository`", "tap")
    author = Setting(TAG, "the tag `Author`", "tap-maintainers")

    @classmethod
    def declared(cls) -> dict[str, Setting[Any]]:
        """Return the system's settings by attribute, those of all systems first."""
        attributes = [item for each in reversed(cls.__mro__) for item in vars(each).items()]
        return {name: setting for name, setting in attributes if isinstance(setting, Setting)}

    @classmethod
    def read(cls, values: Mapping[str, str] = os.environ, config: Mapping[str, str] = MappingProxyType({})) -> Self:
        """Return the settings that the files and the given values describe.

        Args:
            values: the process's environment.
            config: a stack's configuration by variable; the environment comes before it.

        Raises:
            SettingError: naming the value, its source and what it takes.
        """
        shell = {name: text for name, text in values.items() if text}
        written: dict[str, str | tuple[str, str]] = {**cls.file(cls.environment.read({**config, **shell})), **config}
        given = {**written, **shell}
        chosen: dict[str, Any] = {"system": cls.system}
        for name, setting in cls.declared().items():
            chosen[name] = setting.read(given, chosen)
        settings = cls(chosen, tuple(cls._from_shell(shell, written, chosen)))
        settings.check()
        return settings

    @classmethod
    def _from_shell(
        cls, shell: Mapping[str, str], written: Mapping[str, str | tuple[str, str]], chosen: Mapping[str, Any]
    ) -> Iterator[str]:
        """Yield a sentence for each value that is another one without the environment's variable."""
        for setting in cls.declared().values():
            name, default = setting.variable, setting.default
            without = written.get(name) or kinds.text_of(
                default.of(chosen) if isinstance(default, Derived) else default
            )
            without = without if isinstance(without, str) else without[1]
            if name in shell and not setting.fixed and setting.attribute != "environment" and shell[name] != without:
                place = f" in the place of {without!r}" if without else ""
                yield f"{name}={shell[name]!r} is from the environment{place}: a deployment without it takes it back."

    @classmethod
    def of_stack(cls, suffix: str, config: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> Self:
        """Return the settings of a Pulumi stack.

        Args:
            suffix: what follows the system's name in the stack's name.
            config: Pulumi's configuration of this project, without the project's name in the keys.
            environ: the process's environment.

        Raises:
            SettingError: as :meth:`read`; a key that means nothing; another suffix in the environment than in the
                stack's name.
        """
        keys = {setting.pulumi_key: setting.variable for setting in cls.declared().values() if not setting.fixed}
        for unknown in sorted(config.keys() - keys.keys()):
            raise SettingError(f"tap:{unknown} is not a setting of {cls.system}: use one of {', '.join(sorted(keys))}.")
        asked = environ.get(naming.SUFFIX) or suffix
        if asked != suffix:
            raise SettingError(
                f"{naming.SUFFIX}={asked!r} does not fit the Pulumi stack {cls.system}-{suffix}: unset it, or select "
                f"the stack {cls.system}-{asked}."
            )
        return cls.read({**environ, naming.SUFFIX: suffix}, {keys[key]: text for key, text in config.items()})

    @classmethod
    def file(cls, environment: str) -> dict[str, tuple[str, str]]:
        """Return the values of an environment's file by variable, each after its source.

        Raises:
            SettingError: a key that means nothing, or one that is missing.
        """
        name = f"lib/{cls.system.replace('-', '_')}/environments/{environment}.toml"
        known = {each.variable.lower(): each for each in cls.declared().values() if not each.fixed}
        del known["environment"]  # it chooses the file
        path = regions.FOLDER.parent / name
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        except (OSError, ValueError) as error:
            raise SettingError(f"{name} cannot be read as TOML: {error}") from error
        for key in sorted(content.keys() - known.keys()):
            raise SettingError(
                f"{name}: {key} is not a setting of {cls.system}: use one of {', '.join(sorted(known))}."
            )
        for key, setting in known.items():
            if setting.default is None and key not in content:
                raise SettingError(f"{name} has no {key} ({setting.about}): write it there, {setting.kind.takes}.")
        return {known[key].variable: (f"{name}: {key}", kinds.text_of(value)) for key, value in content.items()}

    def check(self) -> None:
        """Refuse values that do not go together.

        Raises:
            SettingError: naming them.
        """

    @classmethod
    def permanent(cls) -> dict[str, Setting[Any]]:
        """Return, by attribute, the settings that cannot be changed on a deployed stack.

        The suffix is none of them: each tool's stack or state is called by it, and another one is another stack.
        """
        return {name: setting for name, setting in cls.declared().items() if setting.would and name != "suffix"}

    @property
    def identity(self) -> dict[str, str]:
        """What a deployed stack stays: the tool's state, or CloudFormation, keeps it from the first deployment on."""
        kept = {name: kinds.text_of(self.values[name]) for name in self.permanent()}
        return {"environment": self.environment, **kept}

    @property
    def tags(self) -> dict[str, str]:
        """The tags that every taggable resource carries: two that discovery looks for, and four for people."""
        people = {name.capitalize(): self.values[name] for name in ("environment", "project", "repository", "author")}
        return {"System": self.system, "EnvironmentSuffix": self.suffix, **people}

    def name(self, kind: str, part: str = "", *, where: str = "") -> str:
        """Return a physical name of this system, for example ``payment-api-dev``.

        Args:
            kind: see :func:`lib.common.naming.physical`.
            part: which of several.
            where: its region, for what AWS has one name space for in all of them; by default the primary one.
        """
        base = f"{self.system}-{part}" if part else self.system
        return naming.physical(kind, base, self.suffix, regions=[where or self.region])

    def bucket(self, account: str, base: str = "") -> str:
        """Return a bucket's name. Bucket names are global: account and region are part of it.

        Args:
            account: its number, or the placeholder that stands for its twelve digits.
            base: how it begins, for a system with several.
        """
        full = f"{base or self.bucket_base}-{account}-{self.region}"
        length = None if account.isdigit() else len(full) - len(account) + 12 + 1 + len(self.suffix)
        return naming.physical("bucket", full, self.suffix, regions=[self.region], length=length)


class DatabaseSettings(SystemSettings):
    """What the settings of a system with a PostgreSQL database begin with, whose clients verify its certificate."""

    region = replace(
        SystemSettings.region,
        kind=SettingType("a region with a root in lib/common/rds-ca.pem", lambda given: rds_ca.covered(_region(given))),
    )
    retain_data = Setting(FLAG, "whether data outlives the stack: final snapshots, buckets, keys that wait longer")
    log_days = Setting(
        kinds.amount("CloudWatch Logs", LOG_DAYS),
        "days that logs are kept",
        change="in place; fewer days delete what is older",
    )
    backup_days = Setting(number(1, 35), "days that automated backups are kept")
    database_instance_class = Setting(kinds.INSTANCE_CLASS, "the database's class", "db.t4g.medium", RESTARTS)
    # Which changes wait, and which never do:
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html
    apply_immediately = Setting(
        FLAG,
        "whether a change of the database is made at once, or waits for its next maintenance window",
        change="in place; what waits already is made with the next change",
    )
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.MajorVersion.html
    allow_major_version_upgrade = Setting(
        SettingType("`true`, with `APPLY_IMMEDIATELY`; `false`", _major_upgrade),
        "whether a deployment may upgrade the database to another major version",
        default=False,
        change="in place: what the deployment after it may do",
    )
    database_port = Setting(number(1150, 65535), "the port of PostgreSQL", 5432, "the database restarts at once")
    alarm_email = Setting(kinds.EMAIL, "where alarms are sent", "", "in place; the new address has to confirm")
