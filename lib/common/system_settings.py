"""What the settings of all systems share: where values come from, the first settings, names and tags.

A value comes from its environment variable, or else from the Pulumi stack's configuration, or else from
``lib/<system>/environments/<environment>.toml``, or else it is the setting's default.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Self

from lib.common import naming
from lib.common import region as regions
from lib.common import setting_types as kinds
from lib.common.capacity import Need
from lib.common.errors import SettingError
from lib.common.setting_types import NEVER, TAG, Derived, Given, Setting, SettingType

ANOTHER_STACK = f"{NEVER}it would be another stack"


def region_of(given: Given) -> str:
    """Return the region that a text names, or the one of the file."""
    return regions.primary({regions.PRIMARY: given.text})


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
        SettingType("a region of AWS", region_of),
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

    def capacity(self) -> list[Need]:
        """Return what the settings ask for at the most, beside what there is."""
        return []

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
