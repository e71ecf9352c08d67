# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Parameters of MatConvNet networks, read from the .mat files that their authors published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tracker_ros.weights.loader import WeightsError


def read_mat(path: Path) -> dict[str, Any]:
    """Read the variables of a MATLAB file (version 7.2 or older), structures as objects with attributes.

    Raises:
        WeightsError: when the file is missing, not of MATLAB, or of the HDF5-based version 7.3.
    """
    if not path.is_file():
        raise WeightsError(f"weights file {path} does not exist")
    try:
        from scipy.io import loadmat
    except ImportError as error:
        raise WeightsError(f"reading {path} needs SciPy: pip install scipy") from error
    try:
        content = loadmat(str(path), struct_as_record=False, squeeze_me=True)
    except NotImplementedError as error:
        raise WeightsError(
            f"{path} is a MATLAB 7.3 file; save it in MATLAB with `save(..., '-v7')` and import that"
        ) from error
    except Exception as error:  # scipy raises whatever its parser meets in a damaged file
        raise WeightsError(f"{path} cannot be read as a MATLAB file: {error}") from error
    return {name: value for name, value in content.items() if not name.startswith("__")}


def kernel(values: npt.ArrayLike) -> Tensor:
    """Return a MatConvNet filter bank [h, w, in, out] as a PyTorch one [out, in, h, w], float32."""
    bank = np.asarray(values, dtype=np.float32)
    bank = bank.reshape(bank.shape + (1,) * (4 - bank.ndim))
    return torch.from_numpy(np.ascontiguousarray(bank.transpose(3, 2, 0, 1)))


def vector(values: npt.ArrayLike) -> Tensor:
    """Return a MatConvNet bias [n, 1] or [1, n] as [n], float32."""
    return torch.from_numpy(np.asarray(values, dtype=np.float32).reshape(-1).copy())


def expect_shape(tensors: dict[str, Tensor], shapes: dict[str, tuple[int, ...]], origin: Path) -> None:
    """Check that every named tensor is there with its shape.

    Raises:
        WeightsError: listing what is missing and what has another shape.
    """
    wrong = [f"{name} is missing" for name in shapes if name not in tensors]
    wrong += [
        f"{name} is {tuple(tensors[name].shape)}, expected {shape}"
        for name, shape in shapes.items()
        if name in tensors and tuple(tensors[name].shape) != shape
    ]
    if wrong:
        raise WeightsError(f"{origin} has another layout than this importer reads: {'; '.join(wrong)}")
