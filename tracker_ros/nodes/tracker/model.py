# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Make a tracker from parameters: loaded, compiled, checked and warm."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from tracker_ros.export import optimized
from tracker_ros.export.archive import ArchiveError, load_archive, read_manifest
from tracker_ros.nodes.tracker.parameters import TrackerParameters
from tracker_ros.trackers import SettingsError, find_device, load, preset_files, read_preset

WARM_UP_FRAMES = 3
"""TorchScript profiles the first passes and compiles at the next."""


class Model(NamedTuple):
    """A tracker that is ready for its first real frame, its name, and the device it is on."""

    tracker: Any
    name: str
    device: str


def prepare(values: TrackerParameters) -> Model:
    """Return the archive that the parameters name or, if they name none, the preset's tracker; warm.

    Raises:
        SettingsError: for a device that is not there, or a bad preset or setting.
        WeightsError: for weights that are missing or do not fit.
        ArchiveError: for an archive that must not or cannot be loaded.
    """
    torch.set_num_threads(values.threads)
    device = find_device(values.device)
    if values.model:
        tracker, name = open_archive(values.model, values.model_folders, device)
    else:
        tracker = load(values.tracker, values.settings, values.weights or None, device)
        tracker, name = optimized(tracker) if values.torchscript else tracker, values.tracker
    warm_up(tracker, device)
    return Model(tracker, name, device)


def open_archive(model: str, folders: Sequence[str], device: str) -> tuple[Any, str]:
    """Return the tracker in an archive, and the name that its manifest gives it.

    Raises:
        ArchiveError: when it does not lie in one of the folders, or cannot be loaded.
    """
    if not folders:
        raise ArchiveError(
            f"model {model} is not loaded: an archive can execute code; set the parameter"
            " model_folders to the folders that archives may lie in"
        )
    path = Path(model)
    tracker = load_archive(path, map(Path, folders), device)
    name = read_manifest(path.resolve()).tracker
    # An archive holds the tracker; what the session should know of it stands in the preset it was made of.
    tracker.session_settings = read_preset(name).session if name in preset_files() else {}
    return tracker, name


def warm_up(tracker: Any, device: str) -> None:
    """Run every method on noise, so that compilation and allocation do not delay the first frames.

    Raises:
        SettingsError: when the answers are not finite: parameters that do not belong together.
    """
    noise = torch.randint(
        0, 256, (3, 240, 320), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    ).to(device)
    box = torch.tensor([160.0, 120.0, 40.0, 30.0], device=device)
    with torch.inference_mode():
        for _ in range(WARM_UP_FRAMES):
            state = tracker.initialize(noise, box)
            for _ in range(WARM_UP_FRAMES):
                estimate = tracker.localize(noise, state)
                state = tracker.update(noise, state, estimate)
        if not bool(torch.isfinite(torch.cat((estimate.box, estimate.score.reshape(1)))).all()):
            raise SettingsError("the tracker's answer to a test image is not finite: check its weights")
