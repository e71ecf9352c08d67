# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Presets: one YAML file a tracker configuration, in config/trackers.

A preset names the tracker, its weights and the settings that differ from their defaults:

    tracker: dcf
    weights: ""            # a name of the weights manifest, a file (from this one's folder on), or empty
    settings: {cell_size: 8}
    session: {}            # of the session around it, such as its calibration; they differ too
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from tracker_ros.config_files import RETIRED, RetiredWarning, named_in, retired, yaml_file, yaml_files
from tracker_ros.trackers.base import SettingsError, without
from tracker_ros.yaml_files import YamlError, parse_yaml, read_yaml, require_names, shown

_OWN = ("tracker_ros.trackers", "tracker_ros.api")


@dataclass(frozen=True)
class Preset:
    """The contents of a preset file."""

    name: str
    tracker: str
    weights: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    session: dict[str, Any] = field(default_factory=dict)


def preset_files() -> dict[str, Path]:
    """Return every preset by name; the source tree's own come before installed ones."""
    return yaml_files("trackers")


def read_preset(name: str) -> Preset:
    """Return the preset of this name, or the one in this file if `name` ends in .yaml.

    Of a retired name it is its successor, with a FutureWarning: a robot's launch file still names it.

    Raises:
        SettingsError: when it is unknown, unreadable or says something that a preset cannot say.
    """
    if words := retired("tracker preset", name, preset_files()):
        warnings.warn(f"{words}, which now takes its place", RetiredWarning, stacklevel=_callers_level())
        name = RETIRED[name]
    if name.endswith(".ts"):
        raise SettingsError(
            f"{name} is an archive and no preset: the tracker node takes it as its parameter model"
        )
    try:
        path = yaml_file("trackers", "preset", name)
    except FileNotFoundError as error:
        raise SettingsError(f"{error}{without()}") from error
    try:
        preset = _preset(path.stem, read_yaml(path))
        return replace(preset, weights=named_in(path.parent, preset.weights))
    except YamlError as error:
        raise SettingsError(f"preset {path}: {error}") from error


def _callers_level() -> int:
    """Return the `stacklevel` at which `read_preset` warns whoever called it, `load` or `track`."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_OWN):
        frame, level = frame.f_back, level + 1
    return level


def _preset(name: str, content: Mapping[str, Any]) -> Preset:
    """Check the types of what a preset file says; a key without a value is as if it were not there."""
    given = {key: value for key, value in content.items() if value is not None}
    known = {f.name for f in fields(Preset)} - {"name"}
    for key, value in given.items():
        if key not in known:
            raise YamlError(f"unknown key '{key}'; known: {', '.join(sorted(known))}")
        if key in ("settings", "session"):
            require_names(value, key)
        elif not isinstance(value, str):
            raise YamlError(f"{key} must be a name, got {shown(value)}")
    if not given.get("tracker"):
        raise YamlError("it names no tracker")
    return Preset(name=name, **given)


def key_value(text: str) -> tuple[str, str]:
    """Return the two sides of KEY=VALUE, as command lines give them.

    Raises:
        SettingsError: when there are not two.
    """
    key, sign, value = text.partition("=")
    if not (key and sign):
        raise SettingsError(f"expected KEY=VALUE, got '{text}'")
    return key, value


def given_settings(words: Iterable[str]) -> dict[str, Any]:
    """Parse settings from KEY=VALUE words; values are read as YAML: 3 is a number, true a truth value.

    Raises:
        SettingsError: for a word without '=', or a value that is no YAML.
    """
    given = {}
    for key, value in map(key_value, words):
        try:
            given[key] = parse_yaml(value)
        except YamlError as error:
            raise SettingsError(f"{key}={value}: {error}") from error
    return given
