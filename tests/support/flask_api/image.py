"""Follows a Dockerfile without Docker: what it copies from where to where, as whom and with what it runs."""

import fnmatch
import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath


@dataclass
class Image:
    """What a Dockerfile of one stage says; forms that the parser does not know are an error."""

    base: str = ""
    arguments: dict[str, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "root"
    copies: list[tuple[str, PurePosixPath, bool]] = field(default_factory=list)  # source, target, target is a folder
    runs: list[list[str]] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def parse(text: str) -> Image:
    """Return what a Dockerfile says."""
    image = Image()
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ")
    for line in filter(None, lines.splitlines()):
        name, _, rest = line.partition(" ")
        image.names.append(name)
        _instruct(image, name, rest)
    return image


def _instruct(image: Image, name: str, rest: str) -> None:
    match name:
        case "ARG":
            key, _, value = rest.partition("=")
            image.arguments[key] = value
        case "FROM":
            image.base = re.sub(r"\$\{(\w+)\}", lambda found: image.arguments[found[1]], rest)
        case "ENV":
            image.environ.update(pair.split("=", 1) for pair in rest.split())
        case "WORKDIR":
            image.workdir = str(PurePosixPath(image.workdir) / rest)
        case "COPY":
            source, target = rest.split()
            image.copies.append((source, PurePosixPath(image.workdir) / target, target.endswith("/")))
        case "RUN":
            image.runs.append(json.loads(rest))  # the form without a shell
        case "CMD":
            image.command = json.loads(rest)
        case "USER":
            image.user = rest
        case "EXPOSE":
            pass
        case _:
            raise AssertionError(f"{name} is not known here: teach tests/support/flask_api/image.py")


def ignored(rules: str, path: str) -> bool:
    """Tell whether a .dockerignore leaves a path of the context out: the last rule that fits decides."""
    out = False
    for rule in (line for line in rules.splitlines() if line and not line.startswith("#")):
        pattern = rule.lstrip("!")
        parents = [path, *(str(parent) for parent in PurePosixPath(path).parents)]
        patterns = [pattern, pattern.removeprefix("**/"), f"*/{pattern.removeprefix('**/')}"]
        if any(fnmatch.fnmatchcase(each, one) for each in parents for one in patterns[: 3 if "**/" in rule else 1]):
            out = not rule.startswith("!")
    return out


def lay_out(image: Image, context: Path, rules: str, root: Path) -> None:
    """Copy into a folder what the image would hold.

    Raises:
        AssertionError: a source is missing.
    """
    for source, target, is_folder in image.copies:
        place = root / target.relative_to("/")
        if is_folder:
            assert (context / source).is_dir(), f"COPY {source}: no such folder in {context}"
            for path in sorted(p for p in (context / source).rglob("*") if p.is_file()):
                inner = path.relative_to(context)
                if not ignored(rules, str(inner)):
                    (place / path.relative_to(context / source)).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, place / path.relative_to(context / source))
        else:
            assert (context / source).is_file(), f"COPY {source}: no such file in {context}"
            assert not ignored(rules, source), f"COPY {source}: .dockerignore leaves it out"
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(context / source, place)
