# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The correlation-filter tracker and its parts, against dense and per-pixel references."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import pytest
import torch

from tracker_ros.data.footage import film
from tracker_ros.data.synthetic import AerialScene
from tracker_ros.export import optimized
from tracker_ros.networks.hog import GradientColorFeatures
from tracker_ros.ops.boxes import iou
from tracker_ros.ops.crop import crop
from tracker_ros.ops.fourier import background_aware_filter, centered_support, shifted
from tracker_ros.ops.frames import to_tensor
from tracker_ros.trackers import load
from tracker_ros.trackers._scale import ScaleFilter
from tracker_ros.weights.importers.dcfnet import import_dcfnet


def shifts(plane: np.ndarray) -> np.ndarray:
    """[h*w, h*w]: row d holds plane[d - p] at p, so that rows @ w convolves the plane with w."""
    h, w = plane.shape
    mirrored = np.roll(plane[::-1, ::-1], (1, 1), (0, 1))
    return np.stack([np.roll(mirrored, (i, j), (0, 1)).ravel() for i in range(h) for j in range(w)])


@pytest.mark.parametrize("width", [7, 8])
def test_background_aware_filter_solves_the_constrained_least_squares_problem(width):
    """An even width has a column of the half spectrum that is its own mirror image."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 6, width, generator=generator)
    label = torch.randn(6, width, generator=generator)
    support = centered_support(3, 4, 6, width, x.device)
    spectrum = background_aware_filter(torch.fft.rfft2(x), torch.fft.rfft2(label), support, 12.6, 1.0, 400)
    found = torch.fft.irfft2(spectrum, [6, width]).numpy()
    mask = np.zeros((6, width), bool)
    first = width // 2 - 2
    mask[2:5, first : first + 4] = True
    inside = mask.ravel()
    system = np.hstack([shifts(plane.double().numpy())[:, inside] for plane in x])
    weights = np.linalg.lstsq(system, label.double().numpy().ravel(), rcond=None)[0].reshape(2, -1)
    np.testing.assert_allclose(found.reshape(2, -1)[:, inside], weights, atol=1e-4)
    np.testing.assert_allclose(found.reshape(2, -1)[:, ~inside], 0, atol=1e-6)


def fejer(angle: np.ndarray, even_only: bool) -> np.ndarray:
    harmonics = (2, 4) if even_only else (1, 2, 3, 4)
    return 1 + sum(2 * (1 - k / 5) * np.cos(k * angle) for k in harmonics)


def test_gradient_histograms_equal_the_votes_of_every_pixel():
    image = torch.rand(1, 3, 16, 12, generator=torch.Generator().manual_seed(1)) * 255
    found = GradientColorFeatures(4)(image)[0].double().numpy()
    rgb = image[0].double().numpy() / 255
    luma = np.tensordot([0.299, 0.587, 0.114], rgb, 1)
    padded = np.pad(luma, 1, "edge")
    gx, gy = padded[1:-1, 2:] - padded[1:-1, :-2], padded[2:, 1:-1] - padded[:-2, 1:-1]
    magnitude, angle = np.hypot(gx, gy), np.arctan2(gy, gx)
    votes = [magnitude * fejer(angle - j * math.pi / 9, False) for j in range(18)]
    votes += [magnitude * fejer(angle - j * math.pi / 9, True) for j in range(9)]

    def pooled(plane: np.ndarray) -> np.ndarray:
        return plane.reshape(4, 4, 3, 4).mean((1, 3))

    energy = pooled(magnitude)
    near = np.array(
        [[energy[max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2].mean() for j in range(3)] for i in range(4)]
    )
    expected = np.stack([np.clip(np.maximum(pooled(v), 0) / (3 * near + 0.02), 0, 0.6) for v in votes])
    np.testing.assert_allclose(found[:27], expected, atol=1e-4)
    colors = np.stack([luma, (rgb[0] - rgb[1]) / 2, rgb[2] / 2 - rgb[0] / 4 - rgb[1] / 4])
    colors = np.stack([pooled(plane) for plane in colors])
    np.testing.assert_allclose(found[27:], 2 * (colors - colors.mean((1, 2), keepdims=True)), atol=1e-4)


@pytest.mark.parametrize("factor", [0.92, 1.0, 1.08])
def test_scale_filter_finds_how_much_the_box_is_off(factor):
    frames, truth = clip(51)
    frame, box = frames[0], truth[0]
    filter_ = ScaleFilter(17, 1.02, 0.01)
    aspect = float(box[3] / box[2])
    numerator, energy = filter_.terms(filter_.sample(frame, box, aspect), torch.tensor(1.0))
    off = filter_.sample(frame, torch.cat((box[:2], box[2:] / factor)), aspect)
    found = filter_.locate(off, numerator, energy)
    assert found == pytest.approx(factor, abs=0.02)
    # Learned from the box that is off, with the label where the true scale is, it answers the same.
    taught = filter_.terms(off, torch.tensor(factor))
    assert filter_.locate(off, *taught) == pytest.approx(factor, abs=0.005)
    assert filter_.locate(filter_.sample(frame, box, aspect), *taught) == pytest.approx(1.0, abs=0.02)


def test_a_scale_sample_is_the_spectrum_of_the_box_at_each_scale():
    """Each scale cut out by itself; the same but for resampling twice where the sample resamples once."""
    frames, truth = clip(51)
    frame, box, count, step = frames[0], truth[0], 9, 1.05
    filter_ = ScaleFilter(count, step, 0.01)
    rows = []
    for exponent in range(-4, 5):
        region = torch.cat((box[:2], box[2:] * step**exponent))
        rows.append(filter_.features(crop(frame, region, 32, 32)).flatten())
    features = torch.stack(rows).double().numpy()
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1, count + 1) / (count + 1))
    expected = np.fft.rfft((features - features.mean(0)) * window[:, None], axis=0).T
    found = filter_.sample(frame, box, 1.0).numpy()
    assert found.shape == expected.shape
    assert np.linalg.norm(found - expected) < 0.5 * np.linalg.norm(expected)


def test_spectra_move_by_whole_cells_and_between_them():
    planes = torch.randn(3, 8, 10, generator=torch.Generator().manual_seed(0))
    moved = torch.fft.irfft2(shifted(torch.fft.rfft2(planes), torch.tensor([3.0, -2.0]), 10), [8, 10])
    torch.testing.assert_close(moved, planes.roll((3, -2), (1, 2)), atol=1e-5, rtol=0)
    rows = torch.arange(8).unsqueeze(1) * (2 * math.pi / 8)
    columns = torch.arange(10) * (2 * math.pi / 10)
    wave = torch.cos(2 * rows + 3 * columns).unsqueeze(0)
    moved = torch.fft.irfft2(shifted(torch.fft.rfft2(wave), torch.tensor([0.4, 1.7]), 10), [8, 10])
    expected = torch.cos(2 * (rows - 0.4 * 2 * math.pi / 8) + 3 * (columns - 1.7 * 2 * math.pi / 10))
    torch.testing.assert_close(moved[0], expected, atol=1e-5, rtol=0)


def test_the_filter_does_not_depend_on_the_basis_of_the_features():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(4, 12, 12, generator=generator)
    rotation = torch.linalg.qr(torch.randn(4, 4, generator=generator))[0]
    label = torch.fft.rfft2(torch.randn(12, 12, generator=generator))
    support = centered_support(4, 6, 12, 12, x.device)
    answers = []
    for planes in (x, torch.einsum("ij,jhw->ihw", rotation, x)):
        spectrum = torch.fft.rfft2(planes)
        answers.append((spectrum * background_aware_filter(spectrum, label, support, 14.4, 3.0, 4)).sum(0))
    torch.testing.assert_close(answers[0], answers[1], atol=1e-3, rtol=1e-3)


@functools.cache
def clip(count: int) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    shots = list(itertools.islice(film(AerialScene(seed=0), 30.0), count))
    frames = [to_tensor(shot.image).contiguous() for shot in shots]
    return frames, [shot.box.to_tensor() for shot in shots]


def run(tracker, frames, box):
    state, estimates = tracker.initialize(frames[0], box), []
    for frame in frames[1:]:
        estimate = tracker.localize(frame, state)
        state = tracker.update(frame, state, estimate)
        estimates.append(estimate)
    return estimates


@pytest.mark.parametrize("keep", [0, 16])
def test_follows_the_synthetic_flight_and_is_the_same_compiled(keep):
    frames, truth = clip(51)
    tracker = load("dcf", {"compressed_channels": keep})
    with torch.inference_mode():
        plain = run(tracker, frames, truth[0])
        compiled = run(optimized(tracker), frames, truth[0])
    overlaps = [float(iou(e.box, box)) for e, box in zip(plain, truth[1:], strict=True)]
    assert min(overlaps) > 0.5 and np.mean(overlaps) > 0.75
    for a, b in zip(plain, compiled, strict=True):
        torch.testing.assert_close(a.box, b.box, atol=1e-3, rtol=0)
        assert 0.0 <= float(a.score) <= 1.0


def test_what_is_left_out_of_most_frames_is_made_up_for():
    frames, truth = clip(51)
    both = load("dcf"), load("dcf", {"update_interval": 6, "scale_update_interval": 3})
    with torch.inference_mode():
        states = [tracker.initialize(frames[0], truth[0]) for tracker in both]
        for count in range(1, 7):
            before = states[1]
            # The target stands still, so all frames teach the same.
            states = [{**state, "box": truth[0]} for state in states]
            found = [t.localize(frames[1], s) for t, s in zip(both, states, strict=True)]
            states = [t.update(frames[1], s, e) for t, s, e in zip(both, states, found, strict=True)]
            assert ("scales" in found[1].aux) == (count in (1, 4))
            assert torch.equal(before["filter"], states[1]["filter"]) == (count < 6)
            assert torch.equal(before["scale_energy"], states[1]["scale_energy"]) == (count not in (1, 4))
    learned, made_up = (state["sample"] - before["sample"] for state in states)
    torch.testing.assert_close(made_up, learned, atol=0.05 * float(learned.abs().max()), rtol=0)


@pytest.mark.parametrize(("rate", "interval"), [(0.1, 1), (0.1, 4)])
def test_a_learned_frame_has_its_share_and_those_of_the_frames_left_out(rate, interval):
    frames, truth = clip(51)
    all_new = load("dcf", {"learning_rate": 1.0})
    tracker = load("dcf", {"learning_rate": rate, "update_interval": interval})
    with torch.inference_mode():
        first = state = tracker.initialize(frames[0], truth[0])
        newest = all_new.update(frames[1], first, all_new.localize(frames[1], first))["sample"]
        for _ in range(interval):
            state = tracker.update(frames[1], state, tracker.localize(frames[1], {**state, "box": truth[0]}))
    share = 1 - (1 - rate) ** interval
    expected = (1 - share) * first["sample"] + share * newest
    torch.testing.assert_close(state["sample"], expected, atol=1e-3 * float(newest.abs().max()), rtol=0)


def test_the_first_filter_is_the_solution_for_spectra_of_unit_transforms():
    """What `admm_penalty` weighs does not depend on the number of cells: with transforms that keep energy."""
    frames, truth = clip(51)
    tracker = load("dcf", {"search_size": 96, "admm_penalty": 0.1, "admm_growth": 3.0, "admm_iterations": 4})
    with torch.inference_mode():
        state = tracker.initialize(frames[0], truth[0])
        support = tracker._support(truth[0])
        unit = [spectrum / tracker.cells for spectrum in (state["sample"], tracker.label)]
        expected = background_aware_filter(*unit, support, 0.1, 3.0, 4)
    torch.testing.assert_close(state["filter"], expected, atol=1e-4 * float(expected.abs().max()), rtol=0)


@pytest.mark.parametrize(("asked", "made"), [(0, 30), (24, 24), (29, 29), (30, 30), (40, 30)])
def test_as_many_channels_are_made_as_asked_for_where_there_are_more(asked, made):
    """Of 30 channels, on a map of 20 x 20 cells."""
    frames, truth = clip(51)
    with torch.inference_mode():
        state = load("dcf", {"search_size": 80, "compressed_channels": asked}).initialize(frames[0], truth[0])
    assert state["sample"].shape == (made, 20, 11)
    assert state["basis"].numel() == (made * 30 if made < 30 else 0)


def test_made_channels_hold_as_much_of_the_windowed_features_as_any_could():
    frames, truth = clip(51)
    tracker = load("dcf", {"search_size": 80, "compressed_channels": 6})
    with torch.inference_mode():
        basis = tracker.initialize(frames[0], truth[0])["basis"].double().numpy()
        features = tracker._features(frames[0], tracker._region(truth[0])).double().numpy()
    row = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1, 21) / 21)
    cells = (features * np.outer(row, row)).reshape(30, -1)
    np.testing.assert_allclose(basis @ basis.T, np.eye(6), atol=1e-5)
    most = (np.linalg.svd(cells, compute_uv=False)[:6] ** 2).sum()
    assert ((basis @ cells) ** 2).sum() == pytest.approx(most, rel=1e-4)


@pytest.mark.parametrize(("side", "expected"), [(1000.0, 160.0), (1.0, 4.0), (30.0, 30.0)])
def test_a_size_stays_where_a_target_can_be_found_again(side, expected):
    """From a fifth, or 4 px, to eight times the first one, or the image."""
    first, image = torch.tensor([20.0, 10.0]), torch.tensor([4000.0, 3000.0])
    size = load("dcf")._bounded(torch.tensor([side, side / 2]), first, image)
    assert size.tolist() == pytest.approx([expected, expected / 2] if side > 1 else [8.0, 4.0])


def test_methods_leave_their_inputs_as_they_were():
    frames, truth = clip(51)
    tracker = load("dcf")
    state = tracker.initialize(frames[0], truth[0])
    before = {name: tensor.clone() for name, tensor in state.items()}
    estimate = tracker.localize(frames[1], state)
    tracker.update(frames[1], state, estimate)
    for name, tensor in state.items():
        assert torch.equal(tensor, before[name]), name
    again = tracker.localize(frames[1], state)
    assert torch.equal(again.box, estimate.box)


def test_a_featureless_target_is_not_found():
    frame = torch.full((3, 120, 160), 90, dtype=torch.uint8)
    box = torch.tensor([80.0, 60.0, 20.0, 20.0])
    for estimate in run(load("dcf"), [frame] * 3, box):
        assert torch.isfinite(estimate.box).all()
        assert float(estimate.score) < 0.1


def test_dcfnet_runs_its_published_parameters(shared_data, tmp_path):
    path = tmp_path / "dcfnet.pth"
    torch.save(import_dcfnet(shared_data / "weights" / "dcfnet" / "param.pth"), path)
    frames, truth = clip(51)
    frames = frames[:12]
    with torch.inference_mode():
        estimates = run(load("dcfnet", weights=str(path)), frames, truth[0])
    assert float(iou(estimates[-1].box, truth[11])) > 0.6
