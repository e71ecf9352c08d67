# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""NanoTrack v2's published file (SiamTrackers), a training checkpoint of PyTorch."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tracker_ros.weights.loader import UNREADABLE, WeightsError

#: Names below ``ban_head.`` and what this package calls them.
_HEAD = (
    (r"corr_pw_(cls|reg)\.CA_layer\.fc1\.(\w+)", r"\1.correlation.reduce.\2"),
    (r"corr_pw_(cls|reg)\.CA_layer\.fc2\.(\w+)", r"\1.correlation.expand.\2"),
    (r"corr_pw_(cls|reg)\.conv_(kernel|search)\.0\.(\w+)", r"\1.correlation.\2.conv.\3"),
    (r"corr_pw_(cls|reg)\.conv_(kernel|search)\.1\.(\w+)", r"\1.correlation.\2.norm.\3"),
    (r"(cls|bbox)_pred\.0\.(\w+)", r"\1.predict.\2"),
)
_TOWER = re.compile(r"(cls|bbox)_pw_tower\.(\d+)\.(\w+)")
_BRANCHES = {"cls": "classify", "reg": "locate", "bbox": "locate"}
# A tower's layers come in fours: each channel's filter, the 1 x 1 convolution, its norm, an activation.
_LAYERS = ("each", "point", "norm")


def import_nanotrack(path: Path) -> dict[str, Tensor]:
    """Convert to the state dict of `networks.siamban.SiamBanNet` from ``nanotrackv2.pth``.

    Raises:
        WeightsError: when the file is missing or laid out in another way.
    """
    tensors = {}
    for name, tensor in _read(path).items():
        part, _, rest = name.partition(".")
        if part == "backbone":
            tensors[name] = tensor
        elif part == "ban_head":
            tensors[_head(rest, path)] = tensor
    # What else is missing is told where the file is loaded.
    missing = [part for part in ("backbone", "classify", "locate") if not _has(tensors, part)]
    if missing:
        raise WeightsError(f"{path} is not NanoTrack v2: it has no {' and no '.join(missing)}")
    return tensors


def _has(tensors: dict[str, Tensor], part: str) -> bool:
    return any(name.startswith(f"{part}.") for name in tensors)


def _read(path: Path) -> dict[str, Tensor]:
    """Read the checkpoint's parameters. Beside them it may hold numbers of numpy, but no code."""
    number = np.float64(0)
    scalar = number.__reduce__()[0]
    # numpy 2 moved the function; files tell the place where it was.
    kinds = [(scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")]
    try:
        with torch.serialization.safe_globals([*kinds, np.dtype, type(number.dtype)]):
            return torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    except Exception as error:  # torch, zip and pickle each raise their own
        raise WeightsError(f"{path} cannot be read for its 'state_dict': {UNREADABLE}") from error


def _head(name: str, path: Path) -> str:
    for pattern, given in _HEAD:
        if match := re.fullmatch(pattern, name):
            return _named(match.expand(given))
    if match := _TOWER.fullmatch(name):
        number = int(match[2])
        return _named(f"{match[1]}.tower.{number // 4}.{_LAYERS[number % 4]}.{match[3]}")
    raise WeightsError(f"{path}: unknown parameter ban_head.{name}")


def _named(name: str) -> str:
    branch, _, rest = name.partition(".")
    return f"{_BRANCHES[branch]}.{rest}"
