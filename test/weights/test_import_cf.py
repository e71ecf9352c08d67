# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Published parameters of the correlation-filter family, against plain NumPy and published outputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import loadmat, savemat
from scipy.signal import correlate2d

from tracker_ros.networks.cfnet import correlation_filter
from tracker_ros.networks.dcfnet import DCFNetFeatures, LocalResponseNorm
from tracker_ros.ops.labels import circular_gaussian, hann
from tracker_ros.weights import WeightsError
from tracker_ros.weights.importers.dcfnet import import_dcfnet
from tracker_ros.weights.loader import fill

FILES = ["param.pth", "net_param.mat", "DCFNet-net-7-125-2.mat"]


@pytest.fixture(scope="session")
def published(shared_data: Path) -> Path:
    folder = shared_data / "weights" / "dcfnet"
    if not folder.is_dir():
        pytest.skip(f"no published DCFNet parameters in {folder}")
    return folder


def network(path: Path) -> DCFNetFeatures:
    net = DCFNetFeatures().eval()
    fill(net, {k.removeprefix("features."): v for k, v in import_dcfnet(path).items()}, str(path))
    return net


def abs_convolution(layer: torch.nn.Conv2d, x: torch.Tensor) -> torch.Tensor:
    """Sum the absolute values of all that a layer sums."""
    assert layer.bias is not None
    return torch.nn.functional.conv2d(x.abs(), layer.weight.abs(), layer.bias.abs(), padding=1)


def plain_features(image: np.ndarray, path: Path) -> np.ndarray:
    """The published file evaluated by SciPy alone in double precision; image [H, W, 3] RGB, 0-255."""
    if path.suffix == ".pth":  # a network of BGR images, kernels [out, in, h, w]
        p = {k: v.double().numpy() for k, v in torch.load(path, weights_only=True).items()}
        w1, b1, w2, b2 = (p[f"feature.{k}"] for k in ("0.weight", "0.bias", "2.weight", "2.bias"))
        x = image[..., ::-1] - np.array([104.0, 117.0, 123.0])
    else:
        content = loadmat(path, struct_as_record=False, squeeze_me=True)
        if "net" in content:
            layers = content["net"].layers
            w1, b1, w2, b2 = *layers[0].weights, *layers[2].weights
        else:
            w1, b1, w2, b2 = (content[k] for k in ("conv1_w", "conv1_b", "conv2_w", "conv2_b"))
        w1, w2 = (np.asarray(w, np.float64).transpose(3, 2, 0, 1) for w in (w1, w2))
        x = image - np.array([123.0, 117.0, 104.0])

    def convolve(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.stack(
            [
                sum(correlate2d(x[c], w[o, c], mode="same") for c in range(len(x))) + b[o]
                for o in range(len(w))
            ]
        )

    x = convolve(np.maximum(convolve(x.transpose(2, 0, 1), w1, b1), 0), w2, b2)
    energy = [np.square(x[max(0, c - 2) : c + 3]).sum(0) for c in range(len(x))]
    return x / (1 + 1e-4 / 5 * np.stack(energy)) ** 0.75


@pytest.mark.parametrize("name", FILES)
def test_features_equal_a_plain_evaluation_of_the_published_file(published: Path, name: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 23, 3)).astype(np.float64)
    tensor = torch.from_numpy(image).permute(2, 0, 1).unsqueeze(0).float()
    with torch.no_grad():
        ours = network(published / name)(tensor)[0].double().numpy()
    expected = plain_features(image, published / name)
    # Bit-exact up to float32 rounding of sums of 27 and 288 products.
    np.testing.assert_allclose(ours, expected, rtol=0, atol=2e-6 * np.abs(expected).max())


def test_features_reproduce_the_published_activations(published: Path) -> None:
    content = loadmat(published / "net_param.mat")
    images, *_, expected = (torch.from_numpy(np.asarray(a)).permute(2, 0, 1) for a in content["res"][0])
    net = network(published / "net_param.mat")
    net.mean.zero_()  # the published input is not an image and has no mean to subtract
    with torch.no_grad():
        ours = net(images.unsqueeze(0))[0]
        # Both sides are sums in float32, MATLAB's and the processor's in orders of their own. What the order
        # changes grows with the sum of the terms' absolute values: one unit of it for either side.
        terms = abs_convolution(net.conv2, abs_convolution(net.conv1, images.unsqueeze(0)))[0]
    assert bool(((ours - expected).abs() <= 2 * torch.finfo(torch.float32).eps * terms).all())


def test_the_two_mat_files_hold_the_same_network(published: Path) -> None:
    a, b = import_dcfnet(published / FILES[1]), import_dcfnet(published / FILES[2])
    assert a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def test_response_equals_the_filter_written_out_in_numpy(published: Path) -> None:
    rng = np.random.default_rng(1)
    exemplar, search = rng.integers(0, 256, (2, 25, 25, 3)).astype(np.float64)
    window, label = hann(25, 25), circular_gaussian(25, 25, 25 / 30, 25 / 30)
    net = network(published / "param.pth")
    with torch.no_grad():
        features = net(torch.from_numpy(np.stack((exemplar, search))).permute(0, 3, 1, 2).float()) * window
        # The layer's penalty is a share of each of its n = 25 x 25 samples.
        template = correlation_filter(features[:1], label, 1e-4 / 25**2)
        product = torch.fft.rfft2(features[1:]) * torch.conj(torch.fft.rfft2(template))
        ours = torch.fft.irfft2(product.sum(1), [25, 25])[0].double().numpy()
    z, x = (
        np.fft.fft2(plain_features(image, published / "param.pth") * window.double().numpy())
        for image in (exemplar, search)
    )
    alpha = np.fft.fft2(label.double().numpy()) / ((np.abs(z) ** 2).sum(0) + 1e-4)
    expected = np.fft.ifft2((x * z.conj()).sum(0) * alpha).real
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_response_normalisation_equals_torch() -> None:
    x = torch.randn(2, 32, 7, 5, generator=torch.Generator().manual_seed(0)) * 100
    expected = torch.nn.LocalResponseNorm(5, 1e-4, 0.75, 1)(x)
    torch.testing.assert_close(LocalResponseNorm(32)(x), expected, rtol=2e-6, atol=1e-6)


def test_wrong_layouts_are_explained(tmp_path: Path) -> None:
    savemat(tmp_path / "other.mat", {"conv1_w": np.zeros((5, 5, 3, 32)), "conv1_b": np.zeros((32, 1))})
    with pytest.raises(WeightsError, match=r"conv2.weight is missing.*conv1.weight is \(32, 3, 5, 5\)"):
        import_dcfnet(tmp_path / "other.mat")
    savemat(tmp_path / "dag.mat", {"net": {"vars": 1}})
    with pytest.raises(WeightsError, match="not a MatConvNet SimpleNN"):
        import_dcfnet(tmp_path / "dag.mat")
    (tmp_path / "noise.mat").write_bytes(b"not a MATLAB file at all")
    with pytest.raises(WeightsError, match="cannot be read as a MATLAB file"):
        import_dcfnet(tmp_path / "noise.mat")
    with pytest.raises(WeightsError, match="does not exist"):
        import_dcfnet(tmp_path / "absent.mat")
