"""From parameters to a tracker that is loaded, compiled, checked and warm."""

from __future__ import annotations

from typing import Any

import torch

from tracker_ros.export import optimized
from tracker_ros.nodes.tracker_parameters import TrackerParameters
from tracker_ros.trackers import SettingsError, load

WARM_UP_FRAMES = 3
"""TorchScript profiles the first passes and compiles at the next."""


def prepare(values: TrackerParameters) -> tuple[Any, str]:
    """The tracker, ready for its first real frame, and the device it is on.

    Raises:
        SettingsError: for a device that is not there, or a bad preset or setting.
        WeightsError: for weights that are missing or do not fit.
    """
    torch.set_num_threads(values.threads)
    device = find_device(values.device)
    tracker = load(values.tracker, values.settings, values.weights or None, device)
    if values.torchscript:
        tracker = optimized(tracker)
    warm_up(tracker, device)
    return tracker, device


def find_device(name: str) -> str:
    """A torch device by name; 'auto' is the first CUDA device, or the CPU where there is none."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:  # torch asserts that it was built for the device
        raise SettingsError(f"device '{name}' cannot be used: {error}") from error
    return name


def warm_up(tracker: Any, device: str) -> None:
    """Run every method on noise, so that compilation and allocation do not delay the first frames.

    Raises:
        SettingsError: when the answers are not finite: parameters that do not belong together.
    """
    noise = torch.randint(0, 256, (3, 240, 320), dtype=torch.uint8,
                          generator=torch.Generator().manual_seed(0)).to(device)
    box = torch.tensor([160.0, 120.0, 40.0, 30.0], device=device)
    with torch.inference_mode():
        for _ in range(WARM_UP_FRAMES):
            state = tracker.initialize(noise, box)
            for _ in range(WARM_UP_FRAMES):
                estimate = tracker.localize(noise, state)
                state = tracker.update(noise, state, estimate)
        if not bool(torch.isfinite(torch.cat((estimate.box, estimate.score.reshape(1)))).all()):
            raise SettingsError("the tracker's answer to a test image is not finite: check its weights")
