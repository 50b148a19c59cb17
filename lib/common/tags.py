"""The tags that every taggable resource carries."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from lib.common.errors import SettingError

# AWS's own rule for tag values: letters, digits, spaces and _ . : / = + - @, at most 256; RDS keeps two beginnings.
# https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Tag.html
_VALUE = re.compile(r"(?!aws:|rds:)[\w .:/=+@-]{1,256}")
_VARIABLES = {"Environment": "ENVIRONMENT", "Project": "PROJECT", "Repository": "REPOSITORY", "Author": "AUTHOR"}
_DEFAULTS = {"Environment": "dev", "Repository": "tap", "Author": "tap-maintainers"}


@dataclass(frozen=True)
class Tags:
    """``Environment``, ``Project``, ``Repository``, ``Author``, and what discovery looks for."""

    values: Mapping[str, str]

    @classmethod
    def read(cls, system: str, suffix: str, environ: Mapping[str, str] = os.environ, **defaults: str) -> "Tags":
        """Return the tags of one system in one environment.

        Args:
            system: the system's name, for example ``kinesis-pipeline``; also the default ``Project``.
            suffix: the environment's suffix.
            environ: where ``ENVIRONMENT``, ``PROJECT``, ``REPOSITORY`` and ``AUTHOR`` may be set.
            defaults: the system's own defaults, by tag name.

        Raises:
            SettingError: a value that AWS refuses.
        """
        values = {"System": system, "EnvironmentSuffix": suffix}
        for tag, variable in _VARIABLES.items():
            value = environ.get(variable) or defaults.get(tag) or _DEFAULTS.get(tag, system)
            if not _VALUE.fullmatch(value):
                raise SettingError(
                    f"{variable}={value!r} cannot be a tag: use up to 256 letters, digits, spaces and _ . : / = + - @, "
                    "and begin with neither 'aws:' nor 'rds:'."
                )
            values[tag] = value
        return cls(values)
