"""Trackers, by preset: `load("dcf")` gives one ready to run."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from tracker_ros.trackers.base import (
    Estimate,
    SettingsError,
    Tracker,
    create,
    make_settings,
    register,
    registered,
    setting,
)
from tracker_ros.trackers.presets import Preset, preset_files, read_preset
from tracker_ros.weights import load_weights

# A tracker registers itself on import: a new file in this folder is enough.
for _module in iter_modules([str(Path(__file__).parent)]):
    import_module(f"{__name__}.{_module.name}")

__all__ = [
    "Estimate", "Preset", "SettingsError", "Tracker", "create", "load", "make_settings", "preset_files",
    "read_preset", "register", "registered", "setting",
]


def load(preset: str, overrides: Mapping[str, Any] | None = None, weights: str | None = None,
         device: str = "cpu") -> Tracker:
    """The tracker that a preset describes, with its weights, in evaluation mode on `device`.

    Args:
        preset: a name in config/trackers, or the path of such a YAML file.
        overrides: settings that take the place of the preset's.
        weights: takes the place of the preset's weights: a manifest name, a file, or 'random:SEED'
            for reproducible untrained parameters.

    Raises:
        SettingsError: for an unknown preset or a bad setting.
        tracker_ros.weights.WeightsError: for weights that are missing or do not fit.
    """
    described = read_preset(preset)
    tracker = create(described.tracker, {**described.settings, **(overrides or {})})
    load_weights(tracker, described.weights if weights is None else weights)
    return tracker.to(device).eval()
