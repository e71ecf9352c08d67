# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Miniature data sets in their published layouts, with a few small pictures each."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np


def picture(path: Path, width: int = 64, height: int = 48) -> None:
    """Write noise, another for every name: pixels of one value would hide what a network does with them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(list(str(path.name).encode()))
    cv2.imwrite(str(path), rng.integers(0, 255, (height, width, 3), np.uint8))


def annotation(path: Path, objects: list[tuple[str, tuple[int, int, int, int]]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    names = ("xmin", "ymin", "xmax", "ymax")
    parts = [
        f"<object><trackid>{track}</trackid><bndbox>"
        + "".join(f"<{n}>{v}</{n}>" for n, v in zip(names, box, strict=True))
        + "</bndbox></object>"
        for track, box in objects
    ]
    path.write_text(f"<annotation>{''.join(parts)}</annotation>")


def vid(root: Path) -> None:
    snippet = Path("ILSVRC2015_VID_train_0000/ILSVRC2015_train_00000000")
    for index in range(3):
        objects = [("0", (10, 10, 30, 20))] + ([("1", (5, 5, 25, 45))] if index != 1 else [])
        annotation(root / "Annotations/VID/train" / snippet / f"{index:06d}.xml", objects)
        picture(root / "Data/VID/train" / snippet / f"{index:06d}.JPEG")


def vid_val(root: Path) -> None:
    """The validation set of VID, whose snippets have no folder between."""
    snippet = Path("ILSVRC2015_val_00000000")
    for index in range(3):
        annotation(root / "Annotations/VID/val" / snippet / f"{index:06d}.xml", [("0", (10, 10, 30, 20))])
        picture(root / "Data/VID/val" / snippet / f"{index:06d}.JPEG")


def det(root: Path) -> None:
    annotation(
        root / "Annotations/DET/train/ILSVRC2013_train/n01/a.xml",
        [("", (10, 10, 30, 20)), ("", (0, 0, 2, 2))],
    )
    picture(root / "Data/DET/train/ILSVRC2013_train/n01/a.JPEG")


def coco(root: Path) -> None:
    picture(root / "train2017/000000000009.jpg")
    (root / "annotations").mkdir()
    (root / "annotations/instances_train2017.json").write_text(
        json.dumps(
            {
                "images": [{"id": 9, "file_name": "000000000009.jpg"}],
                "annotations": [
                    {"image_id": 9, "bbox": [10, 10, 20, 10], "iscrowd": 0},
                    {"image_id": 9, "bbox": [0, 0, 60, 40], "iscrowd": 1},
                ],
            }
        )
    )


def got10k(root: Path) -> None:
    folder = root / "train/GOT-10k_Train_000001"
    for index in range(1, 4):
        picture(folder / f"{index:08d}.jpg")
    (folder / "groundtruth.txt").write_text("10,10,20,10\n11,10,20,10\n12,10,20,10\n")
    (folder / "absence.label").write_text("0\n1\n0\n")
    (root / "train/list.txt").write_text("GOT-10k_Train_000001\n")


def lasot(root: Path) -> None:
    for name in ("airplane-1", "airplane-2"):
        folder = root / "airplane" / name
        for index in range(1, 4):
            picture(folder / "img" / f"{index:08d}.jpg")
        (folder / "groundtruth.txt").write_text("10,10,20,10\n11,10,20,10\n12,10,20,10\n")
        (folder / "full_occlusion.txt").write_text("0,1,0\n")
        (folder / "out_of_view.txt").write_text("0,0,0\n")
    (root / "training_set.txt").write_text("airplane-2\n")


def trackingnet(root: Path) -> None:
    for index in range(11):
        picture(root / "TRAIN_0/frames/abc" / f"{index}.jpg", width=64 + index)
    (root / "TRAIN_0/anno").mkdir()
    (root / "TRAIN_0/anno/abc.txt").write_text("10,10,20,10\n" * 11)


def youtube_bb(root: Path) -> None:
    for frame in (0, 30):
        picture(root / "crop511/video/" / f"{frame:06d}.00.x.jpg", 511, 511)
    (root / "train.json").write_text(
        json.dumps({"video": {"00": {"000000": [100, 100, 150, 150], "000030": [100, 100, 150, 150]}}})
    )


def labelled(root: Path) -> None:
    picture(root / "a.jpg", 100, 50)
    (root / "a.txt").write_text("2 0.5 0.5 0.2 0.4\n7 0.1 0.2 0.3 0.2 0.3 0.6 0.1 0.6\n")
    picture(root / "without.jpg")


def videos(root: Path) -> None:
    for index in range(3):
        picture(root / "one/img" / f"{index:04d}.png")
    (root / "one/groundtruth.txt").write_text("10,10,20,10\nnan,nan,nan,nan\n12,10,20,10\n")


def tracks(root: Path) -> None:
    for index in range(60):
        picture(root / "BIRDS_1/img" / f"{index:04d}.png")
    lines = ["frame,id,x,y,w,h"]
    lines += [f"{frame},7,{10 + frame / 100},10,20,10" for frame in (0, 1, 5, 26, 59)]
    (root / "BIRDS_1/tracks.csv").write_text("\n".join([*lines, "3,8,5,5,30,20", "4,9,5,5,2,2"]))


def boxes(root: Path) -> None:
    picture(root / "DOGS/a.jpg")
    (root / "DOGS/boxes.csv").write_text("file,x,y,w,h,label\na.jpg,10,10,20,10,dog\na.jpg,0,0,40,40,dog\n")


TREES = {
    "tracks": tracks,
    "boxes": boxes,
    "vid": vid,
    "det": det,
    "coco": coco,
    "got10k": got10k,
    "lasot": lasot,
    "trackingnet": trackingnet,
    "youtube_bb": youtube_bb,
    "labelled": labelled,
    "videos": videos,
}
