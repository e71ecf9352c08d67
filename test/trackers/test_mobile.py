# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The systems on MobileNetV3: sizes, where their responses lie, export, and that their trainings fit them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from cf_helpers import clip, greatest_difference, overfit, pairs, peaks_of, track, untrained
from classification_helpers import learn
from safetensors.torch import save_file

from tracker_ros.networks.backbones.factory import build_backbone
from tracker_ros.networks.cfnet import mobile_model
from tracker_ros.networks.mobile_rpn import GRID, MobileRpnNet, MobileRpnPlusPlusNet
from tracker_ros.networks.siamban import SiamBanNet, cell_places
from tracker_ros.ops.boxes import iou
from tracker_ros.trackers import load
from tracker_ros.trackers.base import create
from tracker_ros.training.cfnet import CFNetTraining
from tracker_ros.training.contract import PairTraining
from tracker_ros.training.dcfst import DcfstTraining
from tracker_ros.training.edcf import EDCFTraining
from tracker_ros.training.recipes import read_recipe
from tracker_ros.training.rtmdnet import RtMdNetTraining
from tracker_ros.training.siamrpn import MobileTraining
from tracker_ros.weights import load_weights

LIGHT = {"backbone": "mobilenet_v3"}
#: Settings that make each tracker's first frame short.
SETTINGS: dict[str, dict[str, object]] = {
    "adacfnet": {"context_amount": 1.5},
    "dcfst": {"refinement_candidates": 3},
    "edcf": {},
    "rtmdnet": {
        "standardize": True,
        "box_regression": False,
        "candidate_count": 64,
        "initial_positives": 32,
        "initial_negatives": 96,
        "initial_iterations": 3,
        "hard_negative_pool": 96,
    },
    "siamrpn": {"search_size": 255},
    "siamrpnpp": {},
}


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_torchscript_gives_the_same_boxes(name: str) -> None:
    frames, boxes = clip(4)
    assert greatest_difference(untrained(name, **LIGHT, **SETTINGS[name]), frames, boxes[0]) < 1e-2


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("adacfnet", lambda: CFNetTraining(attention=True, focal=True, backbone="mobilenet_v3")),
        ("dcfst", lambda: DcfstTraining(backbone="mobilenet_v3")),
        ("edcf", lambda: EDCFTraining(backbone="mobilenet_v3")),
        ("rtmdnet", lambda: RtMdNetTraining(domains=2, backbone="mobilenet_v3")),
        ("siamrpn", MobileTraining),
        ("siamrpnpp", lambda: MobileTraining(levels=3)),
    ],
)
def test_trained_parameters_fit_the_tracker(name: str, module: type[PairTraining]) -> None:
    create(name, LIGHT).load_state_dict(module().tracker_state())


def test_anchors_lie_on_the_cells_of_the_light_siamban() -> None:
    anchors = GRID.anchors(255)
    assert anchors.shape == (5, 16, 16, 4) and GRID.cells(287) == 18
    torch.testing.assert_close(anchors[2, ..., :2], cell_places())
    torch.testing.assert_close(anchors[2, 8, 8], torch.tensor([0.0, 0.0, 64.0, 64.0]))


def test_responses_have_a_cell_for_each_anchor() -> None:
    for net in (MobileRpnNet(5).eval(), MobileRpnPlusPlusNet(5).eval()):
        with torch.no_grad():
            cls, loc = net(*net.template(torch.rand(1, 3, 127, 127)), torch.rand(1, 3, 255, 255))
        assert cls.shape == (1, 10, 16, 16) and loc.shape == (1, 20, 16, 16)


def test_levels_are_mixed_by_softmax() -> None:
    net = MobileRpnPlusPlusNet(5).eval()
    exemplar, search = torch.rand(1, 3, 127, 127) * 255, torch.rand(1, 3, 255, 255) * 255
    with torch.no_grad():
        net.cls_weight.copy_(torch.tensor([-1e3, 1.0, 1.0]))
        kernels = net.template(exemplar)
        found = net(*kernels, search)[0]
        levels = net.levels(search)
        second = net.rpn3(kernels[0][1], kernels[1][1], levels[1])[0]
        third = net.rpn4(kernels[0][2], kernels[1][2], levels[2])[0]
    torch.testing.assert_close(found, (second + third) / 2)


@pytest.mark.parametrize("levels", [1, 3])
def test_training_starts_from_another_network_and_leaves_its_statistics(levels: int, tmp_path: Path) -> None:
    # One level starts from `siamban` without its predictions, three from `siamrpn` with them.
    torch.manual_seed(0)
    known = (SiamBanNet() if levels == 1 else MobileRpnNet(5)).state_dict()
    file = tmp_path / "known.safetensors"
    save_file({f"net.{name}": tensor.contiguous() for name, tensor in known.items()}, str(file))
    module = MobileTraining(levels, str(file))
    own = module.net.state_dict()
    parts = {"backbone.": "backbone."}
    if levels == 1:
        parts |= {
            "classify.tower.": "rpn_head.cls.tower.",
            "locate.correlation.": "rpn_head.loc.correlation.",
        }
    else:
        parts |= {"rpn_head.": "rpn4."}
    for theirs, ours in parts.items():
        for name, tensor in known.items():
            if name.startswith(theirs):
                torch.testing.assert_close(own[ours + name.removeprefix(theirs)], tensor)
    recipe = read_recipe("siamrpn_mobile" if levels == 1 else "siamrpnpp_mobile")
    assert set(recipe.freeze_epochs) <= set(module.begun) and not MobileTraining(levels).begun
    before = {name: tensor.clone() for name, tensor in own.items()}
    learn(module, pairs(127, 255, 64), 2, 1e-3)
    after = module.net.state_dict()
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert not any(name.endswith(("running_mean", "running_var")) for name in changed)
    head = "rpn_head" if levels == 1 else "rpn4"
    assert f"{head}.cls.predict.weight" in changed and "backbone.features.0.0.weight" in changed


def test_a_backbone_comes_out_of_a_tracker_s_file(tmp_path: Path) -> None:
    known = {f"net.{name}": tensor.contiguous() for name, tensor in SiamBanNet().state_dict().items()}
    save_file(known, str(tmp_path / "known.safetensors"))
    trunk = build_backbone("mobilenet_v3", ("stride8", "stride16"))
    load_weights(trunk, str(tmp_path / "known.safetensors"))
    for name, tensor in trunk.state_dict().items():
        torch.testing.assert_close(tensor, known[f"net.backbone.{name}"])


@pytest.mark.parametrize("levels", [1, 3])
def test_region_proposals_overfit_one_batch(levels: int) -> None:
    torch.manual_seed(0)
    losses = learn(MobileTraining(levels), pairs(127, 255, 64), 14, 2e-3)
    assert losses[-1] < 0.6 * losses[0]


def test_a_filter_answers_its_own_exemplar_in_the_middle() -> None:
    torch.manual_seed(0)
    model = mobile_model(1e-3).eval()
    image = torch.nn.functional.interpolate(torch.rand(1, 3, 24, 24), (255, 255)) * 255
    with torch.no_grad():
        template = model.template(image)
        response, weights = model(image, template)
    assert template.shape == (1, 32, 16, 16) and response.shape == (1, 17, 17)
    assert int(response.argmax()) == 8 * 17 + 8
    assert [tuple(w.shape) for w in weights] == [(1, 72), (1, 32)]


def test_weighted_filters_overfit_two_pairs() -> None:
    torch.manual_seed(0)
    module = CFNetTraining(attention=True, focal=True, backbone="mobilenet_v3", context=1.5)
    batch = pairs(255, 255, 64)
    before, after = overfit(module, batch)
    assert after["loss"] < 0.7 * before["loss"]
    assert (peaks_of(after["response"], 8, 255) - batch["search_box"][:, :2]).abs().max() <= 8


def test_a_box_is_seen_alike_among_near_and_among_far_candidates() -> None:
    # Excitation averages over the scene: were it cut to the candidates, the features would depend on them.
    tracker = untrained("rtmdnet", **LIGHT, **SETTINGS["rtmdnet"])
    frame = (torch.rand(3, 240, 320, generator=torch.Generator().manual_seed(1)) * 255).to(torch.uint8)
    box = torch.tensor([160.0, 120.0, 40.0, 30.0])
    read = []
    for reach in (0.1, 1.3):
        away = torch.tensor([[reach, reach, 0.0, 0.0], [-reach, -reach, 0.0, 0.0]]) * torch.cat(
            (box[2:], box[2:])
        )
        with torch.no_grad():
            read.append(tracker._read(frame, torch.cat((box.unsqueeze(0), box + away)), box[2:])[0])
    torch.testing.assert_close(read[0], read[1])


def test_features_of_the_first_frame_are_standardised() -> None:
    frames, boxes = clip(1)
    sizes = {"update_positives": 32, "update_negatives": 96}
    with torch.inference_mode():
        tracker = load("rtmdnet_mobile", {**SETTINGS["rtmdnet"], **sizes})
        state = tracker.initialize(frames[0], boxes[0])
    samples = torch.cat((state["positives0"], state["negatives0"]))
    assert samples.mean(0).abs().max() < 1e-4
    # Less than 1, because nearly constant features are not blown up.
    assert 0.5 < samples.std(0).median() < 1


def test_the_shipped_box_classifier_follows_a_target() -> None:
    frames, boxes = clip(8, motion=(3.0, 1.5))
    estimates = track(load("rtmdnet_mobile", {"update_interval": 3}), frames, boxes[0])
    assert iou(torch.stack([e.box for e in estimates]), boxes[1:]).min() > 0.6


def test_box_classifier_overfits_and_standardises_each_scene() -> None:
    torch.manual_seed(0)
    module = RtMdNetTraining("shrinkage", 3, positives=16, negatives=32, backbone="mobilenet_v3")
    batch = {**pairs(64, 256, 64), "domain": torch.tensor([0, 2])}
    with torch.no_grad():
        scene = module.net.features(batch["search"])[0]
        read = module._read(scene, module._boxes(batch["search_box"][0]))
    torch.testing.assert_close(read.mean(0), torch.zeros(648), atol=1e-4, rtol=0)
    assert 0.5 < read.std(0).median() < 1
    losses = learn(module, batch, 14, 2e-3)
    assert losses[-1] < 0.8 * losses[0]
