# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Import of SiamFC's and CFNet's MatConvNet networks: written as published, evaluated by SciPy alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import savemat
from scipy.signal import correlate2d

from tracker_ros.trackers.base import create
from tracker_ros.weights import WeightsError
from tracker_ros.weights.importers.siamese import import_cfnet, import_siamfc
from tracker_ros.weights.loader import fill

ALEXNET = [(11, 3, 96), (5, 48, 256), (3, 256, 384), (3, 192, 384), (3, 192, 256)]
Layers = dict[str, np.ndarray]


def published(layers: list[tuple[int, int, int]], prefix: str = "br_") -> Layers:
    """Parameters under MatConvNet's names, kernels [h, w, in, out]; all but a fifth layer normalised."""
    rng = np.random.default_rng(0)
    values: Layers = {}
    for i, (side, inputs, outputs) in enumerate(layers, start=1):
        bank = rng.standard_normal((side, side, inputs, outputs)) / 50
        values[f"{prefix}conv{i}f"] = bank.astype(np.float32)
        values[f"{prefix}conv{i}b"] = rng.standard_normal((outputs, 1)).astype(np.float32)
        if i < 5:
            values[f"{prefix}bn{i}m"] = rng.uniform(0.5, 2, (outputs, 1)).astype(np.float32)
            values[f"{prefix}bn{i}b"] = rng.standard_normal((outputs, 1)).astype(np.float32)
            values[f"{prefix}bn{i}x"] = rng.uniform(0.5, 2, (outputs, 2)).astype(np.float32)
    return values


def save(path: Path, values: Layers) -> Path:
    params = np.empty(len(values), dtype=[("name", object), ("value", object)])
    for index, (name, value) in enumerate(values.items()):
        params[index] = (name, value)
    savemat(path, {"net": {"params": params, "layers": 1, "vars": 1}})
    return path


def test_cfnet_features_equal_a_plain_evaluation_of_the_file(tmp_path: Path) -> None:
    values = published(ALEXNET[:1] + [(5, 48, 32)])
    values |= {"fin_adjustf": np.array([[3.5]]), "fin_adjustb": np.array([[-1.25]])}
    tracker = create("cfnet")
    fill(tracker, import_cfnet(save(tmp_path / "conv2.mat", values)), "conv2.mat")
    image = np.random.default_rng(1).integers(0, 256, (37, 37, 3)).astype(np.float64)

    def layer(x: np.ndarray, i: int, stride: int, groups: int) -> np.ndarray:
        w = values[f"br_conv{i}f"].astype(np.float64)
        per = w.shape[3] // groups
        y = np.stack(
            [
                sum(
                    correlate2d(x[c + o // per * w.shape[2]], w[:, :, c, o], mode="valid")
                    for c in range(w.shape[2])
                )[::stride, ::stride]
                + values[f"br_conv{i}b"][o]
                for o in range(w.shape[3])
            ]
        )
        mean, deviation = values[f"br_bn{i}x"].T[:, :, None, None]
        y = (y - mean) / deviation * values[f"br_bn{i}m"][:, :, None] + values[f"br_bn{i}b"][:, :, None]
        return np.maximum(y, 0)

    x = layer(image.transpose(2, 0, 1), 1, 2, 1)
    x = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (1, 2))[:, ::2, ::2].max((3, 4))
    expected = layer(x, 2, 1, 2)
    with torch.no_grad():
        ours, _ = tracker.model.features(torch.from_numpy(image).permute(2, 0, 1)[None].float())
        np.testing.assert_allclose(ours[0].double().numpy(), expected, rtol=0, atol=2e-5 * expected.max())
        assert float(tracker.model.adjust(torch.tensor(2.0))) == 3.5 * 2 - 1.25


@torch.no_grad()
def test_siamfc_and_baseline_fit_their_trackers(tmp_path: Path) -> None:
    values = published(ALEXNET) | {"adjust_f": np.array([[1e-3]]), "adjust_b": np.array([[-2.0]])}
    tracker = create("siamfc")
    fill(tracker, import_siamfc(save(tmp_path / "siamfc.mat", values)), "siamfc.mat")
    assert float(tracker.model.adjust(torch.tensor(1000.0))) == pytest.approx(-1.0)

    values = published(ALEXNET[:4] + [(3, 192, 32)])
    values |= {
        "fin_adjust_bnm": np.array([[4.0]]),
        "fin_adjust_bnb": np.array([[-3.0]]),
        "fin_adjust_bnx": np.array([[10.0, 2.0]]),
    }
    tracker = create("siamfc", {"stride": 4, "output_channels": 32})
    fill(tracker, import_siamfc(save(tmp_path / "baseline.mat", values)), "baseline.mat")
    assert float(tracker.model.adjust(torch.tensor(12.0))) == pytest.approx((12 - 10) / 2 * 4 - 3)


def test_conv1_fits_its_tracker(tmp_path: Path) -> None:
    values = published([(11, 3, 32)]) | {"fin_adjustf": np.array([[1.0]]), "fin_adjustb": np.array([[0.0]])}
    tracker = create("cfnet", {"last_layer": "conv1"})
    fill(tracker, import_cfnet(save(tmp_path / "conv1.mat", values)), "conv1.mat")


def test_wrong_layouts_are_explained(tmp_path: Path) -> None:
    adjust = {"fin_adjustf": np.array([[1.0]]), "fin_adjustb": np.array([[0.0]])}
    conv3 = published(ALEXNET[:2] + [(3, 256, 32)]) | adjust
    with pytest.raises(WeightsError, match=r"conv2.weight is \(256, 48, 5, 5\), expected \(32, 48, 5, 5\)"):
        import_cfnet(save(tmp_path / "conv3.mat", conv3))
    deeper = published([(11, 3, 96), (5, 48, 32), (3, 32, 32)]) | adjust
    with pytest.raises(WeightsError, match="has layers that this network lacks: bn3.bias"):
        import_cfnet(save(tmp_path / "deeper.mat", deeper))
    with pytest.raises(WeightsError, match="adjust.gain is missing.*conv5.weight is missing"):
        import_siamfc(save(tmp_path / "four.mat", published(ALEXNET[:4])))
    two = published([(11, 3, 32)], "br1_") | {"br2_conv1f": np.zeros((11, 11, 3, 32), np.float32)} | adjust
    with pytest.raises(WeightsError, match="the branches differ in conv1f"):
        import_cfnet(save(tmp_path / "two.mat", two))
    savemat(tmp_path / "simple.mat", {"net": {"layers": 1}})
    with pytest.raises(WeightsError, match="no MatConvNet DagNN network"):
        import_siamfc(tmp_path / "simple.mat")
    savemat(tmp_path / "other.mat", {"x": 1})
    with pytest.raises(WeightsError, match="no MatConvNet DagNN network"):
        import_siamfc(tmp_path / "other.mat")
