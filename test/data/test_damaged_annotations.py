# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Every layout with every annotation file as other systems write it, or damaged: boxes, or one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from damage_helpers import DAMAGES, FORMS, annotations

from tracker_ros.data.benchmarks import LAYOUTS, read_sequences
from tracker_ros.data.boxes import read_boxes
from tracker_ros.data.sequence import DataError, Sequence

ROWS = "1,2,3,4\n2,2,3,4\n3,2,3,4\n"
FILES: dict[str, dict[str, str]] = {
    "folders": {"a/groundtruth.txt": ROWS, "a/attributes.txt": "SV, OCC\n"},
    "otb": {"Car/groundtruth_rect.txt": ROWS},
    "uav123": {
        "anno/UAV123/uav5.txt": "1,2,3,4\n" * 139,
        "anno/UAV123/att/uav5.txt": "1,0,0,0,1,0,0,0,0,0,0,0",
    },
    "tc128": {"Ball_ce/Ball_ce_gt.txt": ROWS, "Ball_ce/Ball_ce_frames.txt": "1,3\n"},
    "nfs30": {"car/30/car.txt": '0 1 2 11 22 1 0 0 0 "car"\n' * 17},
    "dtb70": {"Car2/groundtruth_rect.txt": ROWS},
    "lasot": {
        "bird/bird-1/groundtruth.txt": ROWS,
        "bird/bird-1/full_occlusion.txt": "0,1,0\n",
        "bird/bird-1/out_of_view.txt": "0,0,1\n",
    },
    "got10k": {"list.txt": "V_1\n", "V_1/groundtruth.txt": ROWS, "V_1/cover.label": "8\n0\n3\n"},
    "trackingnet": {"anno/abc.txt": ROWS},
    "vot": {
        "list.txt": "ball\n",
        "ball/groundtruth.txt": "2,1,6,3,5,7,1,5\n" * 3,
        "ball/occlusion.tag": "0\n1\n",
        "ball/anchor.value": "1\n0\n-1\n",
    },
}
IMAGES = {
    "folders": "a/img/{}.jpg",
    "otb": "Car/img/{:04d}.jpg",
    "uav123": "data_seq/UAV123/uav5/{:06d}.jpg",
    "tc128": "Ball_ce/img/{:04d}.jpg",
    "nfs30": "car/30/car/{:05d}.jpg",
    "dtb70": "Car2/img/{:05d}.jpg",
    "lasot": "bird/bird-1/img/{:08d}.jpg",
    "got10k": "V_1/{:08d}.jpg",
    "trackingnet": "frames/abc/{}.jpg",
    "vot": "ball/color/{:08d}.jpg",
}
SAME = {"uav123_10fps": "uav123", "uav20l": "uav123", "nfs240": "nfs30"}
"""Read by the same code."""


def build(root: Path, layout: str) -> None:
    for index in range(1, 4):
        path = root / IMAGES[layout].format(index)
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((12, 16, 3), 40 * index, np.uint8))
    for name, content in FILES[layout].items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)


def told(sequences: list[Sequence]) -> str:
    """Everything that the annotation files say."""
    return repr([(s.name, s.truth, s.absent, s.attributes, s.tags, s.anchors, s.corners) for s in sequences])


def test_every_layout_is_here() -> None:
    assert set(FILES) == set(IMAGES) == set(LAYOUTS) - set(SAME)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("layout", sorted(FILES))
def test_annotations_of_other_systems_say_the_same(layout: str, form: str, tmp_path: Path) -> None:
    build(tmp_path, layout)
    plain = told(read_sequences(tmp_path, layout))
    for path in annotations(tmp_path):
        path.write_bytes(FORMS[form](path.read_text()))
    assert told(read_sequences(tmp_path, layout)) == plain


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("layout", sorted(FILES))
def test_damaged_annotations_are_read_or_named(layout: str, damage: str, tmp_path: Path) -> None:
    build(tmp_path, layout)
    for path in annotations(tmp_path):
        whole = path.read_text()
        path.write_bytes(DAMAGES[damage](whole))
        try:
            for sequence in read_sequences(tmp_path, layout):
                assert len(sequence.truth) in (1, len(sequence))
        except DataError as error:
            assert "\n" not in str(error) and len(str(error)) < 400
        path.write_text(whole)


@pytest.mark.parametrize("write", [str, lambda v: str(v).replace(".", ",")], ids=["points", "commas"])
def test_decimal_commas_between_semicolons(write: Callable[[float], str], tmp_path: Path) -> None:
    boxes = np.array([[10.5, 20, 30.25, 40], [11.5, 20, 30.25, 40]])
    path = tmp_path / "boxes.csv"
    path.write_text("\n".join(";".join(map(write, row)) for row in boxes.tolist()))
    assert np.array_equal(read_boxes(path), boxes)
