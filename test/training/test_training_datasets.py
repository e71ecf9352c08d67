# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Readers of training sets on miniature trees in their published layouts."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from damage_helpers import DAMAGES, FORMS, annotations
from video_helpers import write_video

from tracker_ros.data.sequence import DataError
from tracker_ros.training.clips import BadImage, Clip, Decoded
from tracker_ros.training.datasets import READERS, read_coco, read_vid


def picture(path: Path, width: int = 64, height: int = 48) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), 90, np.uint8))


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
# Clips, and the usable frames of the first.
EXPECTED = {
    # Away for 20 frames is the same target, away for 32 may be another.
    "tracks": (3, [0, 1, 5, 26]),
    "boxes": (2, [0]),
    "vid": (2, [0, 1, 2]),
    "det": (1, [0]),
    "coco": (1, [0]),
    "got10k": (1, [0, 2]),
    "lasot": (1, [0, 2]),
    "trackingnet": (1, list(range(11))),
    "youtube_bb": (1, [0, 1]),
    "labelled": (2, [0]),
    "videos": (1, [0, 2]),
}


def test_every_reader_has_a_tree() -> None:
    assert set(TREES) == set(READERS)


@pytest.mark.parametrize("kind", sorted(TREES))
def test_reader(kind: str, tmp_path: Path) -> None:
    TREES[kind](tmp_path)
    clips = READERS[kind](tmp_path)
    count, usable = EXPECTED[kind]
    assert len(clips) == count
    assert clips[0].usable.tolist() == usable
    assert len(clips[0].frames) == len(clips[0].boxes)
    if kind == "youtube_bb":
        # 50 px with a margin of 50 px a side fill 127 px: 63.5 px, in the middle of 511.
        np.testing.assert_allclose(clips[0].boxes[0], [255.5, 255.5, 63.5, 63.5])
    elif kind == "labelled":
        np.testing.assert_allclose([c.boxes[0] for c in clips], [[50, 25, 20, 20], [20, 20, 20, 20]])
    else:
        np.testing.assert_allclose(clips[0].boxes[0], [20, 15, 20, 10])
    assert clips[0].frames.read(int(clips[0].usable[-1])).shape[2] == 3


def test_trackingnet_frames_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    trackingnet(tmp_path)
    frames = READERS["trackingnet"](tmp_path)[0].frames
    assert [frames.read(i).shape[1] for i in (1, 2, 10)] == [65, 66, 74]


def test_vid_track_that_is_gone_for_a_frame(tmp_path: Path) -> None:
    vid(tmp_path)
    assert read_vid(tmp_path)[1].usable.tolist() == [0, 2]


@pytest.mark.parametrize("kind", sorted(READERS))
def test_empty_folder_is_a_clear_error(kind: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=str(tmp_path)):
        READERS[kind](tmp_path)


def test_damaged_annotations_name_the_file(tmp_path: Path) -> None:
    coco(tmp_path)
    (tmp_path / "annotations/instances_train2017.json").write_text("{}")
    with pytest.raises(DataError, match="instances_train2017"):
        read_coco(tmp_path)


def told(clips: list[Clip]) -> str:
    return repr([(clip.name, clip.boxes) for clip in clips])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", sorted(TREES))
def test_annotations_of_other_systems_say_the_same(kind: str, form: str, tmp_path: Path) -> None:
    TREES[kind](tmp_path)
    plain = told(READERS[kind](tmp_path))
    # What an XML file is written in, it says itself.
    for path in (p for p in annotations(tmp_path) if p.suffix != ".xml"):
        path.write_bytes(FORMS[form](path.read_text()))
    assert told(READERS[kind](tmp_path)) == plain


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", sorted(TREES))
def test_damaged_annotations_are_read_or_named(kind: str, damage: str, tmp_path: Path) -> None:
    TREES[kind](tmp_path)
    for path in annotations(tmp_path):
        whole = path.read_text()
        path.write_bytes(DAMAGES[damage](whole))
        try:
            assert all(len(clip.frames) == len(clip.boxes) for clip in READERS[kind](tmp_path))
        except DataError as error:
            assert "\n" not in str(error) and len(str(error)) < 400
        path.write_text(whole)


def test_labelled_photographs_that_are_broken_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    labelled(tmp_path)
    for name in ("b", "c"):
        (tmp_path / f"{name}.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:-50])
        (tmp_path / f"{name}.txt").write_text("2 0.5 0.5 0.2 0.4\n")
    assert len(READERS["labelled"](tmp_path)) == 2
    assert "2 files left out, the first" in caplog.text and "b.jpg: JPEG is cut off" in caplog.text


@pytest.mark.parametrize("suffix", ["avi", "webm"])
def test_frames_of_a_video_are_the_ones_that_were_asked_for(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / "one" / f"v.{suffix}"
    path.parent.mkdir()
    write_video(path, [20 * index for index in range(10)])
    (tmp_path / "one/groundtruth.txt").write_text("10,10,20,10\n" * 10)
    (clip,) = READERS["videos"](tmp_path)
    for index in (7, 0, 9, 3):
        assert abs(float(clip.frames.read(index).mean()) - 20 * index) < 5
    with pytest.raises(BadImage, match="frame 10 of 10"):
        clip.frames.read(10)


def test_broken_image_is_named(tmp_path: Path) -> None:
    got10k(tmp_path)
    broken = tmp_path / "train/GOT-10k_Train_000001/00000001.jpg"
    broken.write_bytes(b"no image")
    with pytest.raises(BadImage, match="00000001.jpg"):
        READERS["got10k"](tmp_path)[0].frames.read(0)


def test_tiny_and_absent_boxes_are_not_usable() -> None:
    image = np.zeros((10, 10, 3), np.uint8)
    boxes = np.array([[5, 5, 4, 4], [5, 5, 3, 9], [np.nan] * 4])
    assert Clip("clip", Decoded((image,) * 3), boxes).usable.tolist() == [0]


@pytest.mark.parametrize(
    "text, said",
    [
        ("frame,id,x,y,w\n", "no column h"),
        ("frame,id,x,y,w,h\n0,1,a,2,3,4\n", "line 2: '0,1,a,2,3,4' is no box"),
        ("frame,id,x,y,w,h\n0,1,1,2,3\n", "line 2: .* is no box"),
        ("frame,id,x,y,w,h\n70,1,1,2,30,40\n", "frame 70 of a video of 60 frames"),
    ],
)
def test_a_damaged_table_of_tracks_names_the_line(text: str, said: str, tmp_path: Path) -> None:
    tracks(tmp_path)
    (tmp_path / "BIRDS_1/tracks.csv").write_text(text)
    with pytest.raises(DataError, match=said):
        READERS["tracks"](tmp_path)


def test_tracks_of_one_name_are_one_group(tmp_path: Path) -> None:
    tracks(tmp_path)
    assert {clip.group for clip in READERS["tracks"](tmp_path)} == {"BIRDS"}
