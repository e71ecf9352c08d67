# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Readers of training sets on miniature trees in their published layouts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from damage_helpers import DAMAGES, FORMS, annotations
from dataset_trees import TREES, coco, got10k, labelled, trackingnet, tracks, vid
from video_helpers import write_video

from tracker_ros.data.sequence import DataError
from tracker_ros.training.clips import BadImage, Clip, Decoded
from tracker_ros.training.datasets import READERS, read_coco, read_vid
from tracker_ros.training.materials import image_files
from tracker_ros.training.sources import mine_folder

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


def test_hidden_files_of_other_systems_are_not_trained_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    labelled(tmp_path)
    for name in ("._a.jpg", "._a.txt", "._a.mp4"):
        (tmp_path / name).write_bytes(b"\0\5\x16\7")
    assert len(READERS["labelled"](tmp_path)) == 2 and not caplog.text
    assert [path.name for path in image_files(tmp_path)] == ["a.jpg", "without.jpg"]
    with pytest.raises(DataError, match="no consistent track in the videos"):
        mine_folder(tmp_path)
    assert not caplog.text, "nothing was left out"


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
