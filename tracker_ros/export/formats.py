# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The forms that trackers and their networks can be written in.

A whole tracker decides by its own numbers where to cut a frame, which only TorchScript can express:
`torch.export` and ONNX take the networks alone.
"""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from tracker_ros.export import script
from tracker_ros.files import write_whole
from tracker_ros.trackers import SettingsError, Tracker


class ArchiveFormat(NamedTuple):
    """A file format: how whole trackers become bytes, and are read from them onto a device."""

    save: Callable[[Tracker], bytes]
    load: Callable[[bytes, str], Any]


ARCHIVES = {"torchscript": ArchiveFormat(script.save, script.load)}
"""By the name that manifests carry. What follows TorchScript is added here."""


def save_pt2(network: nn.Module, example: Tensor) -> bytes:
    """Return a network as `torch.export` writes it, for AOTInductor or Python without the network's code."""
    buffer = io.BytesIO()
    torch.export.save(torch.export.export(network.eval(), (example,)), buffer)
    return buffer.getvalue()


def save_onnx(network: nn.Module, example: Tensor) -> bytes:
    """Return a network as ONNX, one file, for TensorRT, ONNX Runtime or OpenCV.

    PyTorch up to 2.4 does not know the exporter that needs onnxscript: it writes by tracing.

    Raises:
        ModuleNotFoundError: without the packages of the extra `onnx`.
    """
    if "dynamo" not in inspect.signature(torch.onnx.export).parameters:
        buffer = io.BytesIO()
        torch.onnx.export(network.eval(), (example,), buffer, input_names=["crops"])
        return buffer.getvalue()
    program = torch.onnx.export(network.eval(), (example,), dynamo=True, verbose=False, input_names=["crops"])
    assert program is not None
    return bytes(program.model_proto.SerializeToString())


NETWORKS: dict[str, Callable[[nn.Module, Tensor], bytes]] = {"pt2": save_pt2, "onnx": save_onnx}
"""Formats of a network alone, for a fixed shape of crops."""


def save_network(tracker: Tracker, module: str, shape: tuple[int, ...], path: Path) -> None:
    """Write one module of a tracker in the format that the suffix of `path` names.

    Args:
        module: dotted name within the tracker, such as ``features.backbone``.
        shape: of its input, [N, 3, H, W] in pixels 0-255.

    Raises:
        SettingsError: for a module or a suffix that is not known.
        tracker_ros.files.WriteError: when the file cannot be written.
    """
    name = path.suffix.lstrip(".")
    if name not in NETWORKS:
        raise SettingsError(f"'{path.name}' must end in one of {', '.join('.' + n for n in NETWORKS)}")
    modules = dict(tracker.named_modules())
    if module not in modules or not module:
        known = ", ".join(key for key, _ in tracker.named_children())
        raise SettingsError(f"the tracker has no module '{module}'; known: {known}, and those inside")
    write_whole(path, NETWORKS[name](modules[module], torch.rand(shape) * 255))
