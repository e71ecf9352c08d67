# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A robot's file of parameters: what in it decides which boxes a tracker node publishes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tracker_ros.config_files import DEFAULT_PRESET
from tracker_ros.data.sequence import DataError
from tracker_ros.trackers import find_device
from tracker_ros.yaml_files import YamlError, read_yaml, require_names, shown

SECTION = "ros__parameters"
NODE = "/tracker"
_TEXTS = ("tracker", "weights", "device")
_GROUPS = ("session", "settings")


def read_node_parameters(path: Path, node: str = NODE) -> dict[str, Any]:
    """Return fields of `Case` by name, as the parameters of a tracker node say in a file for ROS 2.

    Sections count as in ROS 2: those whose name is the node's, ``*`` for one part of it and ``**`` for any
    number, a later one over an earlier one. What does not change boxes, such as topics, is passed over.

    Args:
        path: a YAML file, as for ``ros2 run ... --params-file``.
        node: the node's full name.

    Raises:
        DataError: naming the file, for one that cannot be read, that has no section for the node, or that
            names an archive (`model`), which a replay does not run.
    """
    try:
        sections = list(_sections(read_yaml(path)))
        chosen = [values for name, values in sections if _names(name, node)]
        if not chosen:
            known = ", ".join(name for name, _ in sections) or "none"
            raise DataError(f"{path} has no parameters for the node {node}; its sections: {known}")
        found: dict[str, Any] = {}
        for values in chosen:
            found.update(_flat(values))
        return _fields(found)
    except YamlError as error:
        raise DataError(f"{path}: {error}") from None


def with_robot(given: Mapping[str, Any], robot: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """Return fields of `Case`: those that were given, and else the robot's out of a file.

    Raises:
        DataError: where another tracker is given than the file's weights and settings are for.
    """
    flown = robot.get("tracker", DEFAULT_PRESET)
    own = sorted({"weights", "settings"} & set(robot) - set(given))
    if own and given.get("tracker", flown) != flown:
        what = " and ".join(own)
        raise DataError(
            f"{file} has {what} for its tracker '{flown}': they do not go with {given['tracker']}"
        )
    return {**robot, **given}


def _sections(content: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the full name of each node's section, and what stands in it."""
    for key, value in content.items():
        if key == SECTION:
            yield above, require_names(value or {}, f"{SECTION} of {above or 'no node'}")
        else:
            yield from _sections(require_names(value, f"'{key}'"), f"{above}/{key.strip('/')}")


def _names(section: str, node: str) -> bool:
    """Return whether a section's name, maybe with wildcards, is that of a node.

    Raises:
        YamlError: for a wildcard inside a part of the name, which ROS 2 refuses.
    """
    wild, pattern = {"*": "/[^/]+", "**": "(/[^/]+)*"}, ""
    for part in section.split("/")[1:]:
        if "*" in part and part not in wild:
            raise YamlError(f"the section {section}: * stands for a whole part of a name, ** for several")
        pattern += wild.get(part) or "/" + re.escape(part)
    return re.fullmatch(pattern, node) is not None


def _flat(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return parameters by their full names: groups may be written as mappings or with dots."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            found.update(_flat(require_names(value, f"'{above}{key}'"), f"{above}{key}."))
        else:
            found[f"{above}{key}"] = value
    return found


def _fields(found: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name in _TEXTS:
        value = found.get(name, "")
        if not isinstance(value, str):
            raise YamlError(f"{name} must be a text, got {shown(value)}")
        if value:
            fields[name] = value
    if fields.get("device") == "auto":
        fields["device"] = find_device("auto")
    if model := found.get("model"):
        raise YamlError(f"model {shown(model)}: archives are not replayed, but the preset they are made of")
    for group in _GROUPS:
        values = {n.removeprefix(f"{group}."): v for n, v in found.items() if n.startswith(f"{group}.")}
        if values:
            fields[group] = values
    return fields
