"""What json and Lambda hand over, as types: objects whose members only the reader of a document knows.

A recursive type would have to be narrowed at each step into an event or an answer; ``Any`` in its place says what it
is: not "some type", but "a value of JSON".
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

JsonValue: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Any]
JsonMapping: TypeAlias = Mapping[str, Any]
