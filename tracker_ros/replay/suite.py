# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Suites: YAML files with several cases, for continuous integration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rosbags.typesys.store import Typestore

from tracker_ros.config_files import named_in
from tracker_ros.data.boxes import parse_box
from tracker_ros.data.sequence import DataError
from tracker_ros.replay.case import Case, check_limits
from tracker_ros.replay.node_parameters import NODE, read_node_parameters, with_robot
from tracker_ros.replay.scenes import STORAGES, Scene, record
from tracker_ros.yaml_files import YamlError, parse_yaml, require_names

_CASE: Mapping[str, type | tuple[type, ...]] = {
    "bag": str,
    "select": str,
    "topic": str,
    "tracker": str,
    "weights": str,
    "device": str,
    "session": dict,
    "params": str,
    "node": str,
    "expect": str,
    "min_iou": (int, float),
    "truth": str,
    "min_truth_iou": (int, float),
    "max_without_box": int,
}
_SCENE: Mapping[str, type | tuple[type, ...]] = {
    "scene": int,
    "frames": int,
    "storage": str,
    "jpeg": bool,
    "loop": bool,
}


def read_suite(path: Path, bags: Path, types: Typestore) -> list[tuple[str, Case]]:
    """Return the cases of a suite, each with its name. Paths in it are relative to its own folder.

    Args:
        path: a YAML file: ``defaults`` (optional) and ``cases``, a mapping from names to settings.
        bags: folder for the bags of rendered scenes that cases ask for.

    Raises:
        DataError: naming the file, the case and the setting that is wrong.
    """
    try:
        content = parse_yaml(path.read_bytes())
    except OSError as error:
        raise DataError(f"the suite {path} cannot be read: {error.strerror}") from error
    except YamlError as error:
        raise DataError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("cases"), dict) or not content["cases"]:
        raise DataError(f"{path} needs a mapping 'cases' with at least one case")
    if unknown := set(content) - {"defaults", "cases"}:
        raise DataError(f"{path}: unknown key '{sorted(unknown)[0]}'; known: cases, defaults")
    shared = _named(f"{path}: defaults", content.get("defaults"))
    cases = []
    for number, (name, values) in enumerate(content["cases"].items()):
        where = f"{path}, case '{name}'"
        own = _named(where, values)
        _refuse_idle(where, own, {**shared, **own})
        case = _case(where, {**shared, **own}, path.parent, bags / f"{number:03d}", types)
        cases.append((str(name), case))
    return cases


def _named(where: str, values: Any) -> dict[str, Any]:
    """Read settings by name; none for nothing."""
    try:
        return {} if values is None else require_names(values, "it")
    except YamlError as error:
        raise DataError(f"{where}: {error}") from None


def _refuse_idle(where: str, own: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Refuse what would have no effect: limits of nothing, and what is `own` of the other kind of case.

    Raises:
        DataError: naming the setting.
    """
    rendered = {"truth": "of the scene"} if "scene" in values else {}
    try:
        check_limits({**rendered, **values}, repr)
    except ValueError as error:
        raise DataError(f"{where}: {error}") from None
    kind, other = ("scene", {"select"}) if "scene" in values else ("bag", set(_SCENE))
    if kind in values and (idle := sorted(other & set(own))):
        raise DataError(f"{where}: '{idle[0]}' does not go with '{kind}'")


def _case(where: str, values: dict[str, Any], folder: Path, bag: Path, types: Typestore) -> Case:
    known = {**_CASE, **_SCENE}
    for key, value in values.items():
        if key not in known:
            raise DataError(f"{where}: unknown setting '{key}'; known: {', '.join(known)}")
        wanted = known[key]
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            raise DataError(f"{where}: '{key}' cannot be {value!r}")
    for key in ("min_iou", "min_truth_iou"):
        if not 0 <= values.get(key, 0) <= 1:
            raise DataError(f"{where}: '{key}' must be between 0 and 1, got {values[key]}")
    for key in ("scene", "max_without_box"):
        if values.get(key, 0) < 0:
            raise DataError(f"{where}: '{key}' must be at least 0, got {values[key]}")
    if ("scene" in values) == ("bag" in values):
        raise DataError(f"{where}: give either 'bag' or 'scene'")
    chosen = {key: value for key, value in values.items() if key in _CASE and key not in ("bag", "select")}
    chosen = _with_parameters(where, chosen, folder)
    if "expect" in chosen:
        chosen["expect"] = folder / chosen["expect"]
    if "scene" in values:
        return _rendered(where, values, chosen, bag, types)
    if "select" not in values:
        raise DataError(f"{where}: 'select' (x,y,w,h in the first image) is missing")
    if "truth" in chosen and (folder / chosen["truth"]).is_file():
        chosen["truth"] = str(folder / chosen["truth"])
    try:
        box = parse_box(values["select"])
    except DataError as error:
        raise DataError(f"{where}: 'select': {error}") from None
    return Case(folder / values["bag"], box, **chosen)


def _with_parameters(where: str, chosen: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the settings with those of a robot's file of parameters; what the suite says itself wins.

    Files that it names are looked for from its folder on, as are those of a preset from the preset's.
    """
    chosen = _from_here(folder, chosen)
    file, node = chosen.pop("params", None), chosen.pop("node", None)
    session = chosen.get("session", {})
    if file is None:
        if node is not None:
            raise DataError(f"{where}: 'node' needs 'params', where its parameters are")
        return chosen
    try:
        robot = _from_here(folder, read_node_parameters(folder / file, NODE if node is None else node))
        chosen = with_robot(chosen, robot, folder / file)
    except DataError as error:
        raise DataError(f"{where}: 'params': {error}") from None
    return {**chosen, "session": {**robot.get("session", {}), **session}}


def _from_here(folder: Path, values: dict[str, Any]) -> dict[str, Any]:
    """Return settings of which those that name files do so from a folder on."""
    return {k: named_in(folder, v) if k in ("tracker", "weights") else v for k, v in values.items()}


def _rendered(
    where: str, values: dict[str, Any], chosen: dict[str, Any], bag: Path, types: Typestore
) -> Case:
    """Return the case of a rendered flight, whose bag is written now."""
    scene = Scene(
        values["scene"],
        values.get("frames", 60),
        values.get("storage", "mcap"),
        values.get("jpeg", False),
        values.get("loop", False),
    )
    if scene.storage not in STORAGES:
        raise DataError(f"{where}: 'storage' must be one of {', '.join(STORAGES)}, got '{scene.storage}'")
    if scene.frames < 2:
        raise DataError(f"{where}: 'frames' must be at least 2, got {scene.frames}")
    truth, first = record(bag, scene, types)
    return Case(bag, first, **{"truth": truth, **chosen})
