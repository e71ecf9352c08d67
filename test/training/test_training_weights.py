# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The weights that ship: their manifest, their size, and that training them was worth it."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import pytest
import torch

from tracker_ros.data.boxes import read_boxes
from tracker_ros.geometry import xywh_to_boxes
from tracker_ros.networks.micro_resnet_features import GradientMicroResNetFeatures, MicroResNetFeatures
from tracker_ros.ops.boxes import iou
from tracker_ros.ops.frames import to_tensor
from tracker_ros.trackers import load, preset_files, read_preset
from tracker_ros.training.recipes import build, read_recipe
from tracker_ros.weights.loader import read_state_dict
from tracker_ros.weights.manifest import entries, sha256

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "weights"


def test_shipped_files_are_described_small_and_undamaged() -> None:
    files = sorted(SHIPPED.glob("*.safetensors"))
    described = {entry.file: entry for entry in entries().values()}
    assert sum(path.stat().st_size for path in files) < 25e6
    for path in files:
        assert sha256(path) == described[path.name].sha256
        assert path.with_suffix(".md").is_file(), f"{path.name} has no model card"
        assert all(torch.isfinite(tensor).all() for tensor in read_state_dict(path).values())


CARDS = sorted(SHIPPED.glob("*_*.md"))


@pytest.mark.parametrize("card", CARDS, ids=lambda path: path.stem)
def test_the_recipe_of_a_card_can_be_trained_again(card: Path, tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", card.read_text(), re.DOTALL)
    (tmp_path / "again.yaml").write_text(block)
    recipe = read_recipe(str(tmp_path / "again.yaml"))
    assert recipe.name == "again"
    build(recipe, smoke=True, with_initial=False)


@pytest.mark.parametrize("card", CARDS, ids=lambda path: path.stem)
def test_a_card_has_the_figures_of_the_readme(card: Path) -> None:
    readme = (SHIPPED.parents[1] / "README.md").read_text()
    presets = [name for name in preset_files() if read_preset(name).weights == card.stem]
    rows = [
        re.search(rf"\| \*{{0,2}}`{name}`\*{{0,2}} \| (\.\d+) / \.\d+ \| (\.\d+) / \.\d+ \|", readme)
        for name in presets
    ]
    assert any(rows), presets
    for row in filter(None, rows):
        assert all(figure in card.read_text().split("## Figures")[1] for figure in row.groups()), row[0]


def test_learned_features_and_gradients_weigh_alike() -> None:
    crops = 255 * torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    learned, both = MicroResNetFeatures().eval(), GradientMicroResNetFeatures().eval()
    both.load_state_dict(learned.state_dict())
    with torch.inference_mode():
        found = both(crops)
        torch.testing.assert_close(found[:, :48], learned(crops))
    for part in (found[:, :48], found[:, 48:]):
        torch.testing.assert_close(part.square().mean((1, 2, 3)), torch.ones(2))
    torch.testing.assert_close(found[:, :48].mean((2, 3)), torch.zeros(2, 48), atol=1e-5, rtol=0)
    assert found.shape == (2, 78, 8, 12)


def overlap(preset: str, folder: Path, frames: int) -> float:
    """Mean IoU over the first frames of a sequence."""
    tracker = load(preset)
    truth = torch.from_numpy(xywh_to_boxes(read_boxes(folder / "groundtruth.txt"))).float()
    video, state, found = cv2.VideoCapture(str(folder / "video.mp4")), {}, []
    with torch.inference_mode():
        for index in range(frames):
            image = cv2.cvtColor(video.read()[1], cv2.COLOR_BGR2RGB)
            frame = to_tensor(image)
            if index == 0:
                state = tracker.initialize(frame, truth[0])
                continue
            estimate = tracker.localize(frame, state)
            state = tracker.update(frame, state, estimate)
            found.append(iou(estimate.box, truth[index]))
    return float(torch.stack(found).nanmean())


@pytest.mark.parametrize(
    ("preset", "name"),
    [
        ("dcf_tiny", "UAV123_truck2"),
        ("dcf_tiny", "VOT2015_ball1"),
        ("siamfc_mobile", "OTB100_Human7"),
        ("siamrpn_mobile", "VOT2015_ball1"),
        ("edcf_mobile", "OTB100_Human7"),
        ("rtmdnet_mobile", "OTB100_Human7"),
        # The car grows: without a trained refinement its boxes overlap by .45.
        ("dcfst_mobile", "UAV123_car16_2"),
    ],
)
def test_trained_features_hold_real_targets(preset: str, name: str, shared_data: Path) -> None:
    assert overlap(preset, shared_data / "sequences" / name, 60) > 0.6
