# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Trackers, by preset: `load("dcf")` gives one ready to run."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from os import PathLike
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import torch

from tracker_ros.config_files import DEFAULT_PRESET
from tracker_ros.trackers.base import (
    Estimate,
    SettingsError,
    Tracker,
    create,
    import_trackers,
    make_settings,
    register,
    registered,
    setting,
    tracker_class,
)
from tracker_ros.trackers.presets import Preset, given_settings, key_value, preset_files, read_preset
from tracker_ros.weights import load_weights
from tracker_ros.yaml_files import shown

# A tracker registers itself on import: a new file in this folder is enough.
for _module in iter_modules([str(Path(__file__).parent)]):
    _name = f"{__name__}.{_module.name}"
    import_trackers(_name, partial(import_module, _name))

__all__ = [
    "Estimate",
    "Preset",
    "SettingsError",
    "Tracker",
    "check_device",
    "create",
    "find_device",
    "given_settings",
    "key_value",
    "load",
    "make_settings",
    "preset_files",
    "read_preset",
    "register",
    "registered",
    "resolve",
    "setting",
    "tracker_class",
]


def resolve(preset: str, overrides: Mapping[str, Any] | None = None) -> Preset:
    """Return a preset with `overrides` in it and every setting of its tracker spelled out and checked.

    Args:
        preset: a name in config/trackers, or the path of such a YAML file.
        overrides: settings that take the place of the preset's.

    Raises:
        SettingsError: for an unknown preset or tracker, or a bad setting.
    """
    described = read_preset(preset)
    settings = make_settings(
        tracker_class(described.tracker).Settings,
        {**described.settings, **(overrides or {})},
        described.tracker,
    )
    return dataclasses.replace(described, settings=dataclasses.asdict(settings))


def load(
    preset: str | PathLike[str] = DEFAULT_PRESET,
    overrides: Mapping[str, Any] | None = None,
    weights: str | PathLike[str] | None = None,
    device: str = "cpu",
) -> Tracker:
    """Make the tracker that a preset describes, with its weights, in evaluation mode on `device`.

    Args:
        preset: a name in config/trackers, or the path of such a YAML file.
        overrides: settings that take the place of the preset's.
        weights: takes the place of the preset's weights: a manifest name, a file, or 'random:SEED'
            for reproducible untrained parameters.

    Raises:
        SettingsError: for an unknown preset or a bad setting.
        tracker_ros.weights.WeightsError: for weights that are missing or do not fit.
    """
    if not isinstance(overrides, Mapping | None):
        raise SettingsError(f"overrides must map settings to their values, got {shown(overrides)}")
    described = resolve(_as_name("preset", preset), overrides)
    tracker = create(described.tracker, described.settings)
    chosen = described.weights if weights is None else _as_name("weights", weights)
    load_weights(tracker, chosen, described.name)
    check_device(device)
    tracker.session_settings = described.session
    return tracker.to(device).eval()


def _as_name(what: str, given: Any) -> str:
    """Return a name, or a path as text."""
    try:
        name = os.fspath(given)
    except TypeError:
        name = b""
    if not isinstance(name, str):
        raise SettingsError(f"{what} must be a name or the path of a file, got {shown(given)}")
    return name


def check_device(name: str) -> None:
    """Make sure that a torch device is there, and that numbers can be read back from it ('meta' has none).

    Raises:
        SettingsError: naming it.
    """
    if not isinstance(name, str | int | torch.device | None):
        raise SettingsError(f"device must be a name such as 'cpu' or 'cuda:0', got {shown(name)}")
    try:
        torch.zeros(1, device=name).cpu()
    except (RuntimeError, AssertionError) as error:  # torch asserts that it was built for the device
        why = (str(error).strip().splitlines() or [""])[0]
        raise SettingsError(f"device '{name}' cannot be used: {why}") from error


def find_device(name: str) -> str:
    """Return a torch device by name; 'auto' is the first CUDA device, or the CPU where there is none."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    check_device(name)
    return name
