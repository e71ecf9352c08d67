# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""EDCF and its parts: sizes, the context-aware layer and its gradients, tracking and training."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cf_helpers import clip, greatest_difference, overfit, pairs, peaks_of, track, untrained
from torch import Tensor

from tracker_ros.losses.reconstruction import Terms
from tracker_ros.networks.edcf import ContextFilter, Decoder, EDCFModel, FineModel, middle, on_fine_grid
from tracker_ros.networks.edcf_mobile import MOBILE, MobileEDCFModel
from tracker_ros.networks.siamfc import SiamFCFeatures
from tracker_ros.ops.fourier import context_aware_filter
from tracker_ros.ops.labels import circular_gaussian
from tracker_ros.trackers.base import create
from tracker_ros.training.edcf import (
    CACFNetPlusTraining,
    CACFNetTraining,
    EDCFTraining,
    EDSiamTraining,
    decay_of,
    fine_loss,
)

WIDTH = 0.0625


def test_sizes_are_the_published_ones() -> None:
    model = EDCFModel(WIDTH, 1e-4, 0.1).eval()
    with torch.no_grad():
        wide = model.features.shallow(torch.rand(1, 3, 423, 423) * 255)
        shallow = model.features.shallow(torch.rand(1, 3, 255, 255) * 255)
        f, semantic = model(shallow, model.template(wide))
        assert semantic.shape == (1, 256, 22, 22) and model.template(wide).shape == (1, 256, 6, 6)
        assert model.fine(shallow).shape == (1, 8, 125, 125)
        assert model.learn(wide).shape == (1, 8, 125, 63)
        assert f.shape == (1, 17, 17) and on_fine_grid(f).shape == (1, 65, 65)
    deconvolutions = [m for m in Decoder().layers if isinstance(m, torch.nn.ConvTranspose2d)]
    assert len(deconvolutions) == 7
    decoder = Decoder(width=WIDTH).eval()
    with torch.no_grad():
        assert decoder(semantic).shape == (1, 3, 255, 255)
        assert decoder(semantic[:, :, :6, :6]).shape == (1, 3, 127, 127)


def test_semantic_branch_is_siamfc_in_spite_of_the_padding() -> None:
    torch.manual_seed(0)
    model, plain = EDCFModel(WIDTH, 1e-4, 0.1).eval(), SiamFCFeatures(width=WIDTH).eval()
    plain.load_state_dict(model.features.state_dict())
    crop = torch.rand(1, 3, 423, 423) * 255
    with torch.no_grad():
        shallow = model.features.shallow(crop)
        _, semantic = model(shallow, model.template(shallow))
        torch.testing.assert_close(model.template(shallow), plain(middle(crop, 127)))
        torch.testing.assert_close(semantic, plain(middle(crop, 255)))


def test_context_windows_are_the_patches_one_target_away() -> None:
    # The patches that a crop of their own would give, apart from the border that the window fades out.
    torch.manual_seed(0)
    model, crop = FineModel(WIDTH, 1e-4, 0.1).eval(), torch.rand(1, 3, 423, 423) * 255
    with torch.no_grad():
        wide = model.fine(model.features.shallow(crop))[0]
        for top, left in ((42, 42), (0, 42), (84, 42), (42, 0), (42, 84)):
            patch = crop[:, :, 2 * top : 2 * top + 255, 2 * left : 2 * left + 255]
            own = model.fine(model.features.shallow(patch))[0]
            window = wide[:, top : top + 125, left : left + 125]
            torch.testing.assert_close(window[:, 6:-6, 6:-6], own[:, 6:-6, 6:-6])


def test_filter_minimises_equation_6() -> None:
    # Eq. 7 solves eq. 6 exactly for one channel: all circular shifts written out as matrices.
    rng = np.random.default_rng(0)
    target, y, *context = rng.standard_normal((5, 4, 5))

    def shifts(z: np.ndarray) -> np.ndarray:
        # (Z w)[u] = sum_t z[u - t] w[t], the convention of eq. 9.
        return np.array(
            [
                [z[(a - i) % 4, (b - j) % 5] for i in range(4) for j in range(5)]
                for a in range(4)
                for b in range(5)
            ]
        )

    z0 = shifts(target)
    system = z0.T @ z0 + 0.3 * np.eye(20) + 0.2 * sum(shifts(z).T @ shifts(z) for z in context)
    expected = np.linalg.solve(system, z0.T @ y.ravel()).reshape(4, 5)
    around = torch.from_numpy(np.stack(context))[:, None]
    spectrum = context_aware_filter(
        torch.from_numpy(target)[None], around, torch.fft.rfft2(torch.from_numpy(y)), 0.3, 0.2
    )
    np.testing.assert_allclose(torch.fft.irfft2(spectrum[0], [4, 5]).numpy(), expected, rtol=1e-9)


def low_loss_gradients(x: Tensor, z0: Tensor, zi: Tensor, y: Tensor) -> tuple[Tensor, ...]:
    """Autograd's gradients of L_low (eq. 8) for one channel; lambda_1 = 0.3, lambda_2 = 0.2."""
    for tensor in (x, z0, zi):
        tensor.requires_grad_()
    spectrum = context_aware_filter(z0[None], zi[:, None], torch.fft.rfft2(y), 0.3, 0.2)
    g = torch.fft.irfft2(torch.fft.rfft2(x)[None] * spectrum, list(y.shape))[0]
    return torch.autograd.grad((g - y).square().sum(), (x, z0, zi))


def equations_10_to_14(
    x: np.ndarray, z0: np.ndarray, zi: np.ndarray, y: np.ndarray, printed: bool
) -> tuple[np.ndarray, ...]:
    """The paper's gradients of x, z0 and zi.

    The printed eq. 13 and 14 take Re(z* w) G for Re(G* w) z, G for G* before y*, and leave lambda_2
    out; that is right only where all spectra are real (patches that are symmetric about their origin),
    up to lambda_2.
    """
    xf, zf, cf, yf = (np.fft.fft2(a) for a in (x, z0, zi, y))
    d = np.abs(zf) ** 2 + 0.3 + 0.2 * (np.abs(cf) ** 2).sum(0)
    w = zf.conj() * yf / d
    dg = 2 * (xf * w - yf)  # 10
    dx = np.fft.ifft2(dg * w.conj()).real  # 11
    dw = dg * xf.conj()  # 12
    if printed:
        dz = dw * (yf.conj() - 2 * (zf.conj() * w).real) / d  # 13
        dc = dw * -2 * (cf.conj() * w).real / d  # 14
    else:
        dz = (dw.conj() * yf - 2 * (dw.conj() * w).real * zf) / d
        dc = -2 * (dw.conj() * w).real * cf / d
    return dx, np.fft.ifft2(dz).real, 0.2 * np.fft.ifft2(dc).real


@pytest.mark.parametrize("symmetric", [False, True])
def test_autograd_gives_equations_10_to_14(symmetric: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    x, z0, *zi = torch.randn(4, 5, 6, dtype=torch.float64, generator=generator)
    if symmetric:
        x, z0, *zi = ((t + t.flip(0, 1).roll((1, 1), (0, 1))) / 2 for t in (x, z0, *zi))
    zi, y = torch.stack(zi), circular_gaussian(5, 6, 1.0, 1.0).double()
    ours = low_loss_gradients(x, z0, zi, y)
    arrays = [t.detach().numpy() for t in (x, z0, zi, y)]
    for printed in [True, False] if symmetric else [False]:
        for mine, theirs in zip(ours, equations_10_to_14(*arrays, printed), strict=True):
            np.testing.assert_allclose(mine.numpy(), theirs, rtol=1e-9, atol=1e-12)


def test_autograd_of_the_layer_equals_finite_differences() -> None:
    layer = ContextFilter(1e-2, 0.1, side=5, shift=2, sigma=1.0).double()
    generator = torch.Generator().manual_seed(0)
    wide = torch.randn(1, 2, 9, 9, dtype=torch.float64, generator=generator).requires_grad_()
    fine = torch.randn(1, 2, 5, 5, dtype=torch.float64, generator=generator).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: layer(b, layer.solve(a)), (wide, fine))


def test_context_lowers_the_response_to_the_surroundings() -> None:
    torch.manual_seed(0)
    wide = torch.randn(1, 8, 209, 209)
    surroundings = wide[:, :, :125, 42:167]
    plain, aware = (ContextFilter(1e-4, weight) for weight in (0.0, 0.5))
    assert aware(surroundings, aware.solve(wide)).std() < 0.5 * plain(surroundings, plain.solve(wide)).std()


def test_fused_grids_lie_on_each_other() -> None:
    # A target that moves by (24, -16) px of the crop: three cells of f and twelve of g.
    f = torch.zeros(1, 17, 17)
    f[0, 8 - 2, 8 + 3] = 1.0
    layer = ContextFilter(1e-4, 0.0)
    wide = torch.zeros(1, 1, 209, 209)
    wide[0, 0, 104, 104] = 1.0
    fine = torch.zeros(1, 1, 125, 125)
    fine[0, 0, 62 - 8, 62 + 12] = 1.0
    g = layer(fine, layer.solve(wide))[:, 30:95, 30:95]
    assert int(on_fine_grid(f).argmax()) == int(g.argmax()) == (32 - 8) * 65 + 32 + 12


@pytest.mark.parametrize("name", ["edcf", "cacfnet", "cacfnet_plus", "edsiam"])
def test_an_untrained_tracker_follows_a_clear_target(name: str) -> None:
    # By 25 px in all, six times what the box may be off.
    frames, boxes = clip(6, motion=(5.0, 3.0))
    estimates = track(untrained(name, width_multiplier=0.25), frames, boxes[0])
    for estimate, box in zip(estimates, boxes[1:], strict=True):
        assert (estimate.box[:2] - box[:2]).abs().max() < 4
        assert 0 <= estimate.score <= 1 and torch.isfinite(estimate.response).all()


def test_filter_rate_follows_the_semantic_response() -> None:
    frames, boxes = clip(2)
    tracker = untrained("edcf", width_multiplier=WIDTH, learning_rate=0.1)
    with torch.inference_mode():
        state = tracker.initialize(frames[0], boxes[0])
        estimate = tracker.localize(frames[1], state)
        after = tracker.update(frames[1], state, estimate)
        new = tracker.initialize(frames[1], estimate.box)["filter"]
    alpha = 0.1 * estimate.aux["f_peak"] / state["f_peak"]
    torch.testing.assert_close(after["filter"], alpha * new + (1 - alpha) * state["filter"])
    torch.testing.assert_close(after["template"], state["template"], rtol=0, atol=0)


def test_defaults_are_the_papers() -> None:
    tracker = create("edcf")
    assert tracker.scales == [1 / 1.02, 1.0, 1.02] and tracker.learning_rate == 0.017
    assert tracker.model.filter.penalty == 1e-4 and tracker.model.filter.context_penalty == 0.1


@pytest.mark.parametrize(("name", "count"), [("edcf", 50), ("cacfnet", 4), ("edsiam", 4)])
def test_torchscript_gives_the_same_boxes(name: str, count: int) -> None:
    frames, boxes = clip(count)
    assert greatest_difference(untrained(name, width_multiplier=WIDTH), frames, boxes[0]) < 1e-3


def test_edcf_overfits_two_pairs_in_every_part_of_its_loss() -> None:
    torch.manual_seed(0)
    module, batch = EDCFTraining(WIDTH), pairs(423, 255, 85)
    before, after = overfit(module, batch, 0.003, 25)
    assert all(after[part] < 0.5 * before[part] for part in ("low", "high", "reconstruction"))
    assert (peaks_of(after["response"], 2, 255) - batch["search_box"][:, :2]).abs().max() <= 4
    create("edcf", {"width_multiplier": WIDTH}).load_state_dict(module.tracker_state())


def test_edsiam_overfits_two_pairs() -> None:
    torch.manual_seed(0)
    module, batch = EDSiamTraining(16, WIDTH), pairs(127, 255, 40)
    before, after = overfit(module, batch, 0.01)
    assert after["high"] < 0.2 * before["high"] and after["reconstruction"] < 0.2 * before["reconstruction"]
    create("edsiam", {"width_multiplier": WIDTH, "output_channels": 16}).load_state_dict(
        module.tracker_state()
    )


def test_cacfnet_overfits_two_pairs() -> None:
    torch.manual_seed(0)
    module, batch = CACFNetTraining(WIDTH), pairs(423, 255, 85)
    before, after = overfit(module, batch, 0.01, 25)
    assert after["loss"] < 0.5 * before["loss"]
    create("cacfnet", {"width_multiplier": WIDTH}).load_state_dict(module.tracker_state())
    create("cacfnet_plus", {"width_multiplier": WIDTH}).load_state_dict(
        CACFNetPlusTraining(WIDTH).tracker_state()
    )


def test_the_light_network_answers_where_the_target_is() -> None:
    # f and g have a cell for a target that did not move; one that moved is a whole number of cells away.
    torch.manual_seed(0)
    model = MobileEDCFModel(1e-4, 0.1).eval()
    picture = torch.rand(1, 3, 40, 40)
    scene = torch.nn.functional.interpolate(picture, scale_factor=12, mode="bicubic").clamp(0, 1) * 255
    reach = MOBILE.cells // 2
    with torch.no_grad():
        wide = model.features.shallow(scene[:, :, 80:400, 80:400])
        filters, template = model.learn(wide), model.template(wide)
        for down, right in ((0, 0), (16, -32)):
            top, left = 144 - down, 144 - right
            seen = model.features.shallow(scene[:, :, top : top + 192, left : left + 192])
            g, f = model.filter(model.fine(seen), filters)[0], model(seen, template)[0][0]
            assert divmod(int(g.argmax()), MOBILE.cells) == (reach + down // 4, reach + right // 4)
            assert f.shape == (17, 17) and divmod(int(f.argmax()), 17) == (8 + down // 8, 8 + right // 8)
    assert on_fine_grid(f.unsqueeze(0), 2 * MOBILE.reach + 1).shape == (1, 33, 33)


def test_the_light_network_learns_its_labels_where_it_tracks() -> None:
    module = EDCFTraining(backbone="mobilenet_v3").eval()
    box = torch.tensor([[96.0 + 16, 96.0 - 32, 64, 64]])
    ideal = torch.zeros(1, MOBILE.cells, MOBILE.cells)
    batch = {"search_box": box, "positive": torch.ones(1)}
    sigma = MOBILE.label_sigma()
    rows = torch.arange(MOBILE.cells, dtype=torch.float32) - MOBILE.cells // 2
    ideal[0] = torch.exp(-0.5 * (((rows + 8) / sigma) ** 2).unsqueeze(1) - 0.5 * ((rows - 4) / sigma) ** 2)
    assert fine_loss(ideal, batch, Terms(), module.geometry) < 1e-9
    exemplar, search = torch.rand(1, 3, 320, 320) * 255, torch.rand(1, 3, 192, 192) * 255
    losses = module({**batch, "exemplar": exemplar, "search": search, "exemplar_box": box})
    parts = losses["low"] + losses["high"] + losses["reconstruction"]
    weight = sum(p.square().sum() for p in decay_of([module.model, module.decoder]))
    torch.testing.assert_close(losses["loss"], parts + 2.5e-4 * weight)
