# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""YAML that people write: presets, recipes, manifests, cases, values on command lines.

What PyYAML takes without a word is refused where it hides a mistake: a key that stands twice, of which the
last one would count, and contents without end.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from types import UnionType
from typing import Any, get_origin, get_type_hints

import yaml

_WORDS = {float: "finite number", int: "whole number", str: "text", dict: "mapping", bool: "truth value"}
LARGEST = 100_000
"""Values that a file may hold, each counted as often as it is referred to."""


class YamlError(ValueError):
    """YAML that cannot be used. The message is one line: what is wrong, and where."""


class _Loader(yaml.SafeLoader):
    """Plain values only; a mapping's keys differ; 1e-3 is a number, as in YAML 1.2."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        found = set()
        for key, _ in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else id(key)
            if name in found and name != "<<":
                raise YamlError(f"line {key.start_mark.line + 1}: the key '{name}' stands there twice")
            found.add(name)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+"), list("-+0123456789")
)


def parse_yaml(text: str | bytes) -> Any:
    """Return the value that YAML describes.

    Raises:
        YamlError: for what is no YAML, a key that stands twice, and contents without end.
    """
    try:
        content = yaml.load(text, _Loader)
    except YamlError:
        raise
    except (yaml.YAMLError, ValueError) as error:  # ValueError: such as a date in month 13
        raise YamlError(_one_line(error)) from error
    except RecursionError as error:
        raise YamlError("it is nested too deeply") from error
    if _count(content) > LARGEST:
        raise YamlError(f"it says more than {LARGEST} values: are aliases repeated in it?")
    return content


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file, which is empty or maps names to values.

    Raises:
        YamlError: as `parse_yaml` does, for a file that cannot be read, and for other contents.
    """
    try:
        content = parse_yaml(path.read_bytes())
    except OSError as error:
        raise YamlError(str(error.strerror)) from error
    if content is None:
        return {}
    return require_names(content, "it")


def require_names(content: Any, what: str) -> dict[str, Any]:
    """Check that `content` maps names to values, and return it.

    Raises:
        YamlError: which calls it `what`.
    """
    if not isinstance(content, dict):
        raise YamlError(f"{what} must map names to values, got {shown(content)}")
    for key in content:
        if not isinstance(key, str):
            raise YamlError(f"{what} must map names to values, got the key {shown(key)}")
    return content


def require_types(kind: type, content: dict[str, Any]) -> None:
    """Check values for the fields of a dataclass by its annotations; fields that are not named pass.

    A whole number serves as a float, a list as a tuple; numbers are finite.

    Raises:
        YamlError: naming the first field whose value is of another type, or a name that is no field.
    """
    hints = get_type_hints(kind)
    for name, value in content.items():
        if name not in hints:
            raise YamlError(f"unknown key '{name}'; known: {', '.join(sorted(hints))}")
        wanted = get_origin(hints[name]) or hints[name]
        if not isinstance(wanted, type) or wanted is UnionType:
            continue
        allowed = {float: (int, float), tuple: (list, tuple)}.get(wanted, (wanted,))
        is_truth = isinstance(value, bool) and wanted is not bool
        is_endless = wanted is float and isinstance(value, float) and not math.isfinite(value)
        if is_truth or is_endless or not isinstance(value, allowed):
            raise YamlError(f"{name} must be a {_WORDS.get(wanted, wanted.__name__)}, got {shown(value)}")


def shown(value: Any, longest: int = 80) -> str:
    """Return a value as an error shows it: what it is, and no more of it than fits into a line."""
    text = repr(value) if _count(value) <= longest else f"a {type(value).__name__}"
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _count(content: Any) -> int:
    """Count values, those in a value that is referred to again too; stop above `LARGEST`."""
    waiting, count = [content], 0
    while waiting and count <= LARGEST:
        value = waiting.pop()
        count += 1
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list | tuple | set):
            waiting.extend(value)
    return count


def _one_line(error: Exception) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if mark is None or problem is None:
        return " ".join(str(error).split())
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"
