# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Presets: one YAML file a tracker configuration, in config/trackers.

A preset names the tracker, its weights and the settings that differ from their defaults:

    tracker: dcf
    weights: ""            # a name of the weights manifest, a file, or empty
    settings: {cell: 4}
    session: {}            # of the session around it, such as its calibration; they differ too
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tracker_ros.config_files import config_folders
from tracker_ros.trackers.base import SettingsError


@dataclass(frozen=True)
class Preset:
    """What a preset file says."""

    name: str
    tracker: str
    weights: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    session: dict[str, Any] = field(default_factory=dict)


def preset_files() -> dict[str, Path]:
    """Return every preset by name; the source tree's own come before installed ones."""
    files: dict[str, Path] = {}
    for folder in config_folders():
        for path in sorted((folder / "trackers").glob("*.yaml")):
            files.setdefault(path.stem, path)
    return files


def read_preset(name: str) -> Preset:
    """Return the preset of this name, or the one in this file if `name` ends in .yaml.

    Raises:
        SettingsError: when it is unknown, unreadable or says something that a preset cannot say.
    """
    files = preset_files()
    path = Path(name) if name.endswith((".yaml", ".yml")) else files.get(name)
    if path is None or not path.is_file():
        raise SettingsError(f"unknown preset '{name}'; known: {', '.join(sorted(files))}")
    try:
        content = yaml.safe_load(path.read_bytes()) or {}
        return Preset(name=path.stem, **content)
    except (yaml.YAMLError, TypeError) as error:
        raise SettingsError(f"preset {path}: {error}") from error


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
    """Return settings of KEY=VALUE words; values are read as YAML: 3 is a number, true a truth value.

    Raises:
        SettingsError: for a word without '='.
    """
    return {key: yaml.safe_load(value) for key, value in map(key_value, words)}
