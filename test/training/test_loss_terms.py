# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Every training step's loss, term by term, against NumPy on what the networks answer.

Networks run once; labels, losses, weights and sums are written out from the papers' equations.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cf_helpers import pairs
from torch import Tensor, nn

from tracker_ros.ops.boxes import iou
from tracker_ros.ops.ridge import ridge_primal
from tracker_ros.trackers.base import create
from tracker_ros.training.cfnet import CFNetTraining
from tracker_ros.training.dcfst import DcfstTraining, jittered, location_loss
from tracker_ros.training.edcf import CACFNetTraining, EDCFTraining, EDSiamTraining
from tracker_ros.training.rtmdnet import Branches, RtMdNetTraining
from tracker_ros.training.siamfc import SiamFCTraining
from tracker_ros.training.siamfc_sl import SiamFCShrinkageTraining

WIDTH = 0.0625


def numbers(module: nn.Module, batch: dict[str, Tensor]) -> tuple[dict[str, float], np.ndarray]:
    """The named terms of a batch, and its response."""
    module.eval()
    with torch.no_grad():
        found = module(batch)
    response = found.pop("response", torch.zeros(1))
    return {name: float(value) for name, value in found.items()}, response.double().numpy()


def cells_from_target(batch: dict[str, Tensor], cells: int, stride: float, side: int) -> np.ndarray:
    """Distance in pixels [N, cells, cells] of each cell from the target's centre."""
    axis = (np.arange(cells) - (cells - 1) / 2) * stride + side / 2
    boxes = batch["search_box"].double().numpy()
    return np.stack([np.hypot(axis[None] - box[0], axis[:, None] - box[1]) for box in boxes])


def two_way(batch: dict[str, Tensor], cells: int, stride: float, side: int, radius: float) -> np.ndarray:
    """+1 within `radius` of the target, else -1; -1 all over for a negative pair."""
    near = cells_from_target(batch, cells, stride, side) <= radius
    return np.where(near & (batch["positive"].numpy()[:, None, None] > 0), 1.0, -1.0)


def halves(losses: np.ndarray, labels: np.ndarray) -> float:
    """Mean over maps of half the positives' mean and half the negatives' mean."""
    means = []
    for loss, label in zip(losses, labels, strict=True):
        parts = [loss[label == sign].mean() if (label == sign).any() else 0.0 for sign in (1, -1)]
        means.append(sum(parts) / 2)
    return float(np.mean(means))


def with_one_negative(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**batch, "positive": torch.tensor([1.0, 0.0])}


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("focal", [True, False])
def test_cfnet(focal: bool, balanced: bool) -> None:
    """AdaCFNet, eq. 4 to 6: plain mean or, as CFNet's code does, both classes alike."""
    torch.manual_seed(0)
    module = CFNetTraining(
        attention=True, focal=focal, width_multiplier=0.1, balanced=balanced, size=127, margin=8
    )
    batch = with_one_negative(pairs(127, 127, 40))
    found, v = numbers(module, batch)
    y = two_way(batch, v.shape[1], 4, 127, 8.0)
    loss = np.log1p(np.exp(-y * v))
    if focal:
        loss = loss * 2 / (1 + np.exp(y * v))
    expected = halves(loss, y) if balanced else loss.mean()
    assert found["loss"] == pytest.approx(expected, rel=1e-4)
    assert halves(loss, y) != pytest.approx(loss.mean(), rel=0.05), "the two means could not be told apart"


def test_siamfc() -> None:
    torch.manual_seed(0)
    batch = with_one_negative(pairs(103, 159, 40))
    found, v = numbers(SiamFCTraining(8, width_multiplier=WIDTH), batch)
    y = two_way(batch, v.shape[1], 8, 159, 16.0)
    assert found["loss"] == pytest.approx(halves(np.log1p(np.exp(-y * v)), y), rel=1e-4)


@pytest.mark.parametrize("kind", ["bce", "focal", "shrinkage"])
def test_siamfc_with_the_losses_of_lu_et_al(kind: str) -> None:
    """Eq. 10, 11 and 14: beta_1 and beta_2 are the other class's share of the batch."""
    torch.manual_seed(0)
    batch = with_one_negative(pairs(103, 159, 40))
    module = SiamFCShrinkageTraining(kind, 8, width_multiplier=WIDTH)
    with torch.no_grad():  # logits of the size of one: where all samples are hopeless, no factor shows
        module.model.adjust.gain.mul_(1.5 / numbers(module, batch)[1].std())
    found, v = numbers(module, batch)
    y = two_way(batch, v.shape[1], 8, 159, 16.0)
    p = 1 / (1 + np.exp(-y * v))
    factor = {"bce": p**0, "focal": (1 - p) ** 2, "shrinkage": np.exp(p) / (1 + np.exp(10 * (p - 0.6)))}[kind]
    share = (y > 0).mean()
    beta = np.where(y > 0, 1 - share, share)
    assert found["loss"] == pytest.approx((beta * factor * -np.log(p)).sum() / beta.sum(), rel=1e-4)
    assert kind == "bce" or factor.max() > 3 * factor.min()


def low_loss(batch: dict[str, Tensor], g: np.ndarray, printed: bool = False) -> float:
    """Eq. 8, as printed or over the label's norm: a Gaussian of a tenth of the 85 px target around it."""
    label = np.exp(-0.5 * (cells_from_target(batch, 125, 2, 255) / 8.5) ** 2)
    label *= batch["positive"].numpy()[:, None, None]
    error = ((g - label) ** 2).sum()
    return float(error / len(g) if printed else error / (label**2).sum())


def semantic_terms(logits: np.ndarray, batch: dict[str, Tensor], balanced: bool) -> float:
    """Eq. 4."""
    y = two_way(batch, 17, 8, 255, 16.0)
    losses = np.log1p(np.exp(-y * logits))
    return halves(losses, y) if balanced else float(losses.mean())


@pytest.mark.parametrize(("balanced", "printed"), [(False, False), (True, False), (False, True)])
def test_edcf(balanced: bool, printed: bool) -> None:
    """Eq. 15: every term with its weight, the reconstruction of both images, and R."""
    torch.manual_seed(0)
    weights = {"low": 0.5, "high": 3.0, "reconstruction": 2.0}
    module = EDCFTraining(WIDTH, 0.01, **weights, balanced=balanced, printed_norms=printed)
    batch = pairs(423, 255, 85)
    with torch.no_grad():
        for p in module.parameters():
            p.mul_(0.5)
    found, g = numbers(module, batch)
    assert found["low"] == pytest.approx(low_loss(batch, g, printed), rel=1e-3)
    with torch.no_grad():
        model, exemplar, search = module.model, batch["exemplar"], batch["search"]
        template = model.template(model.features.shallow(exemplar))
        f, semantic = model(model.features.shallow(search), template)
        logits = model.adjust(f).double().numpy()
        seen = [exemplar[:, :, 148:275, 148:275] / 255, search / 255]
        decoded = [module.decoder(template), module.decoder(semantic)]
        squares = [float((d - s).double().square().sum()) / 2 for d, s in zip(decoded, seen, strict=True)]
    if not printed:
        squares = [square / (3 * s.shape[-1] ** 2) for square, s in zip(squares, seen, strict=True)]
    assert found["high"] == pytest.approx(semantic_terms(logits, batch, balanced), rel=1e-4)
    assert min(squares) > 0.01
    assert found["reconstruction"] == pytest.approx(sum(squares), rel=1e-4)
    decayed = [p for p in (*module.model.parameters(), *module.decoder.parameters()) if p.dim() > 1]
    penalty = 0.01 * sum(float(w.detach().double().square().sum()) for w in decayed)
    assert penalty > 0.1
    total = sum(weight * found[term] for term, weight in weights.items()) + penalty
    assert found["loss"] == pytest.approx(total, rel=1e-4)


def test_edsiam_reconstructs_both_images() -> None:
    """Eq. 1 and 2."""
    torch.manual_seed(0)
    module, batch = EDSiamTraining(8, WIDTH, balanced=False), pairs(127, 255, 40)
    found, v = numbers(module, batch)
    y = two_way(batch, v.shape[1], 8, 255, 16.0)
    assert found["high"] == pytest.approx(np.log1p(np.exp(-y * v)).mean(), rel=1e-4)
    with torch.no_grad():
        squares = 0.0
        for name in ("exemplar", "search"):
            decoded = module.decoder(module.model.features(batch[name]))
            squares += float((decoded - batch[name] / 255).double().square().mean())
    assert found["reconstruction"] == pytest.approx(squares, rel=1e-4)
    assert found["loss"] == pytest.approx(found["high"] + squares, rel=1e-4)


def test_cacfnet() -> None:
    torch.manual_seed(0)
    batch = pairs(423, 255, 85)
    found, g = numbers(CACFNetTraining(WIDTH), batch)
    assert found["loss"] == pytest.approx(low_loss(batch, g), rel=1e-3)


@pytest.mark.parametrize(("kind", "name"), [(CACFNetTraining, "cacfnet"), (EDCFTraining, "edcf")])
def test_edcf_is_trained_with_the_filter_that_tracks(kind: type, name: str) -> None:
    trained, tracks = kind(WIDTH).model.filter, create(name, {"width_multiplier": WIDTH}).model.filter
    assert trained.penalty == tracks.penalty == 1e-4
    assert trained.context_penalty == tracks.context_penalty == 0.1


@pytest.mark.parametrize("kind", ["shrinkage", "signed_shrinkage", "mse", "mse+shrinkage"])
def test_dcfst_s_losses(kind: str) -> None:
    """Eq. 4 and 5: the absolute error or, in the original, the signed one makes a sample easy."""
    predicted = torch.linspace(-1.0, 2.0, 31, dtype=torch.float64)
    label = torch.linspace(0.0, 1.0, 31, dtype=torch.float64)
    p, y = predicted.numpy(), label.numpy()
    if kind == "mse+shrinkage":
        p = np.clip(p, -0.5, 1.5)
    easy = p - y if kind == "signed_shrinkage" else np.abs(p - y)
    shrunk = (np.exp(y) * (p - y) ** 2 / (1 + np.exp(10 * (0.2 - easy)))).mean()
    mean = ((p - y) ** 2).mean()
    expected = {"mse": mean, "mse+shrinkage": mean + shrunk}.get(kind, shrunk)
    assert float(location_loss(kind, predicted, label)) == pytest.approx(expected, rel=1e-9)


def test_dcfst() -> None:
    """Mean squared error plus eq. 4 on the search crop's grid and its true box; IoU mapped to [-1, 1]."""
    torch.manual_seed(0)
    module = DcfstTraining(candidates=6).eval()
    g = torch.Generator().manual_seed(0)
    crop = torch.nn.functional.avg_pool2d(torch.rand(1, 3, 160, 160, generator=g) * 255, 5, 1, 2)
    box = torch.tensor([[80.0, 80.0, 34.0, 30.0]])
    moved = box + torch.tensor([-16.0, 8.0, 0.0, 0.0])
    batch = {"exemplar": crop, "search": crop.roll((8, -16), (2, 3)), "exemplar_box": box,
             "search_box": moved, "positive": torch.ones(1)}  # fmt: skip
    torch.manual_seed(3)
    found, response = numbers(module, batch)

    net = module.network
    with torch.no_grad():
        both = net.backbone(torch.cat((crop, batch["search"])))
        located = net.locator(both)
        known = net.embed([level[0] for level in located], box[0, 2:]).double()
        w = ridge_primal(known, net.labels(box[0]).double(), 0.1)
        # The true box's vector is divided by the root mean square over the grid and itself.
        places = net.axis + net.search / 2
        levels = [level[1] for level in located]
        raw = torch.cat((net.locator.on_grid(levels, places, places, moved[0, 2:]),
                         net.locator.of_boxes(levels, moved))).double()  # fmt: skip
        answer = ((raw / raw.square().mean(0).sqrt()) @ w).numpy()
        label = np.append(net.labels(moved[0]).double().numpy(), 1.0)
        torch.manual_seed(3)
        boxes = jittered(moved[0], 6)
        modulation = net.iou.reference([level[:1] for level in both], box)[0]
        ready = [level[0] for level in net.iou([level[1:] for level in both])]
        predicted = net.iou.predict(ready, modulation, boxes)[0].double().numpy()
    error = np.clip(answer, -0.5, 1.5) - label
    shrunk = np.exp(label) * error**2 / (1 + np.exp(10 * (0.2 - np.abs(error))))
    assert shrunk.mean() > 0.01 * (error**2).mean()
    assert found["locate"] == pytest.approx((error**2).mean() + shrunk.mean(), rel=1e-2)
    np.testing.assert_allclose(response.ravel(), answer[:-1], atol=1e-2)
    target = 2 * iou(boxes, moved[0]).double().numpy() - 1
    assert np.abs(target).max() > 0.2
    assert found["iou"] == pytest.approx(((predicted - target) ** 2).mean(), rel=1e-3)
    assert found["loss"] == pytest.approx(found["locate"] + found["iou"], rel=1e-5)


@pytest.mark.parametrize("kind", ["bce", "focal", "shrinkage"])
def test_rtmdnet(kind: str) -> None:
    """Eq. 17 or 18 of Lu et al. in the video's own branch, and a tenth of the instance loss."""
    torch.manual_seed(0)
    module = RtMdNetTraining(kind, domains=3, width_multiplier=WIDTH, positives=8, negatives=12)
    scores = torch.randn(40, 3, 2, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():  # a branch's scores are the first six of the hidden features
        module.net.forward = lambda samples: scores.flatten(1)
        module.branches = Branches(3, 6)
        module.branches.weight.copy_(torch.eye(6).view(3, 2, 6))
        module.branches.bias.zero_()
    batch = {**pairs(107, 428, 107), "domain": torch.tensor([1, 2])}
    found, _ = numbers(module, batch)
    terms, confused = [], []
    for sample, domain in ((0, 1), (1, 2)):
        values = scores.double().numpy()[sample * 20 : sample * 20 + 20]
        margin = values[:, domain, 1] - values[:, domain, 0]
        sign = np.where(np.arange(20) < 8, 1.0, -1.0)
        p = 1 / (1 + np.exp(-sign * margin))
        factor = {"bce": p**0, "focal": (1 - p) ** 2, "shrinkage": np.exp(p) / (1 + np.exp(10 * (p - 0.6)))}
        terms += list(factor[kind] * -np.log(p))
        targets = values[:8, :, 1]
        confused += list(np.log(np.exp(targets).sum(1)) - targets[:, domain])
    assert found["classification"] == pytest.approx(np.mean(terms), rel=1e-4)
    assert found["instance"] == pytest.approx(np.mean(confused), rel=1e-4)
    assert found["loss"] == pytest.approx(np.mean(terms) + 0.1 * np.mean(confused), rel=1e-4)


@pytest.mark.parametrize("module", [CFNetTraining(attention=True), SiamFCTraining()])
def test_parameters_begin_as_the_matconvnet_trainings_did(module: nn.Module) -> None:
    """The improved Xavier method (He et al., 2015): variance 2 over the fan-out, biases 0."""
    layers = [layer for layer in module.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    assert not any(layer.bias.any() for layer in layers if layer.bias is not None)
    large = [layer.weight for layer in layers if layer.weight.numel() > 10_000]
    assert len(large) >= 2
    for weight in large:
        fan_out = weight.shape[0] * weight[0, 0].numel()
        assert float(weight.detach().var()) * fan_out == pytest.approx(2, rel=0.05)
