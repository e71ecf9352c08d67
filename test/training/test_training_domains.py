# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Domains: every target of every source has its own number, and RT-MDNet a branch for each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tracker_ros.data.sequence import DataError
from tracker_ros.training.clips import Clip, Decoded
from tracker_ros.training.contract import PairSpec
from tracker_ros.training.datasets import read_vid
from tracker_ros.training.rtmdnet import Branches, RtMdNetTraining
from tracker_ros.training.sampling import ClipPairs, PairDataset
from tracker_ros.training.siamrpn import SiamRpnTraining
from tracker_ros.training.sources import open_sources

SPEC = PairSpec(32, 48, "area", 3.0, "replicate")


def source(count: int, spec: PairSpec = SPEC) -> ClipPairs:
    frame = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    boxes = np.array([[40.0, 30.0, 12.0, 12.0]] * 2)
    return ClipPairs([Clip(f"clip{i}", Decoded([frame, frame]), boxes) for i in range(count)], spec)


def test_no_two_sources_share_a_domain() -> None:
    sources = [source(3), source(2)]
    dataset = PairDataset([(s, 1.0) for s in sources], 200)
    assert [s.domains for s in sources] == [3, 2]
    assert sorted({int(dataset[i]["domain"]) for i in range(200)}) == [0, 1, 2, 3, 4]


def test_rtmdnet_has_a_branch_for_each_domain_of_the_data() -> None:
    module = RtMdNetTraining(width_multiplier=0.0625)
    module.prepare(5)
    assert module.branches.weight.shape[0] == module.branches.count == 5
    fixed = RtMdNetTraining(domains=3, width_multiplier=0.0625)
    fixed.prepare(5)
    assert fixed.branches.count == 3, "the recipe says how many"


def test_rtmdnet_freezes_a_backbone_that_is_apart_from_its_layers() -> None:
    module = RtMdNetTraining(domains=1, backbone="mobilenet_v3", freeze=True).train()
    assert module.net.fc4.training and not any(m.training for m in module.net.trunk.modules())
    learned = {name.split(".")[0] for name, p in module.net.named_parameters() if p.requires_grad}
    assert learned == {"fc4", "fc5"}
    with pytest.raises(ValueError, match="freeze needs backbone 'mobilenet_v3'; vggm has no part"):
        RtMdNetTraining(domains=1, freeze=True)


def test_a_branch_is_a_linear_layer() -> None:
    branches, hidden = Branches(4, 6), torch.randn(7, 6)
    scores = branches(hidden, torch.tensor([2, 0]))
    for column, index in enumerate((2, 0)):
        expected = torch.nn.functional.linear(hidden, branches.weight[index], branches.bias[index])
        torch.testing.assert_close(scores[:, column], expected)


def test_the_instance_loss_compares_with_so_many_others() -> None:
    module = RtMdNetTraining(domains=50, width_multiplier=0.0625, others=4)
    with torch.no_grad():
        module.branches.weight.zero_()
        module.branches.bias.zero_()
        own, hidden = torch.zeros(2, 3), torch.zeros(2, 3, module.net.hidden)
        values = {
            round(float(module._confusion(own, hidden, torch.tensor([7, 7])).exp()), 3) for _ in range(40)
        }
    # Equal scores: the loss is the logarithm of the number of branches, the own one among them or beside.
    assert values <= {5.0, 6.0} and 6.0 in values


@pytest.fixture
def vid(tmp_path: Path) -> Path:
    """VID in miniature: a snippet to learn from and one to validate."""
    xml = "<annotation><object><trackid>0</trackid><bndbox><xmin>10</xmin><ymin>10</ymin><xmax>30</xmax>"
    xml += "<ymax>30</ymax></bndbox></object></annotation>"
    for split, snippet in (("train", "part/a"), ("val", "b")):
        folder = tmp_path / "Annotations/VID" / split / snippet
        folder.mkdir(parents=True)
        for frame in range(2):
            (folder / f"{frame:06d}.xml").write_text(xml)
    return tmp_path


def test_splits_of_vid_are_a_choice(vid: Path) -> None:
    assert [clip.name for clip in read_vid(vid)] == ["part/a:0"]
    both = read_vid(vid, ["train", "val"])
    assert [clip.name for clip in both] == ["part/a:0", "b:0"]
    assert [path.relative_to(vid).parts[:3] for path in (clip.frames.paths[0] for clip in both)] == [
        ("Data", "VID", "train"),
        ("Data", "VID", "val"),
    ]
    entry = {"kind": "vid", "splits": ["val"]}
    [named] = open_sources([entry], {"vid": [vid]}, SPEC)
    assert named.source.domains == 1 and named.source.clips[0].name == "b:0"
    with pytest.raises(DataError, match="no split test; there are train, val"):
        read_vid(vid, ["test"])


def test_pysot_s_rules_shift_the_template_too() -> None:
    assert SiamRpnTraining(width_multiplier=0.05).spec.exemplar_shift == 0
    spec = SiamRpnTraining(width_multiplier=0.05, rules="pysot").spec
    draws = [source(1, spec).draw(np.random.default_rng(i)).exemplar_box[0, :2] for i in range(40)]
    offsets = np.abs(np.array(draws) - 63.5)
    assert offsets.max() <= 4 and offsets.max(0).min() > 2
    with pytest.raises(ValueError, match="unknown label rules 'mine'"):
        SiamRpnTraining(rules="mine")
