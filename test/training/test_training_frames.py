# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The cache of decoded frames: what it keeps, when it decodes anew, what a failure leaves behind."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tracker_ros.data.sequence import DataError
from tracker_ros.training.clips import Clip, Decoded, VideoFile
from tracker_ros.training.contract import PairSpec
from tracker_ros.training.frames import cache_folder, kept_frames, thinned
from tracker_ros.training.sources import open_sources

#: Grey level of frame i; video codecs keep flat pictures to within a few levels.
GREY = [20 + 30 * i for i in range(8)]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def video(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (64, 48))
    for level in GREY:
        writer.write(np.full((48, 64, 3), level, np.uint8))
    writer.release()
    return path


def test_every_third_frame_is_kept_with_its_box(tmp_path: Path) -> None:
    boxes = np.tile(np.array([20.0, 15, 20, 10]), (len(GREY), 1))
    boxes[:, 0] += np.arange(len(GREY))
    lost = np.full((len(GREY), 4), np.nan)
    lost[1] = boxes[1]
    still = Clip("still", Decoded((np.zeros((48, 64, 3), np.uint8),)), boxes[:1])
    pictures = VideoFile(video(tmp_path / "clip.mp4"), len(GREY))
    found, same = thinned([Clip("a", pictures, boxes, "kind"), Clip("b", pictures, lost), still], 3)
    assert same is still and found.group == "kind"
    np.testing.assert_allclose(found.boxes, boxes[::3])
    assert len(found.frames) == 3
    np.testing.assert_allclose([found.frames.read(i).mean() for i in range(3)], GREY[::3], atol=6)


def test_frames_are_decoded_once_and_anew_for_another_video(tmp_path: Path) -> None:
    path = video(tmp_path / "clip.mp4")
    files = kept_frames(path, 3).paths
    written = [file.stat().st_mtime_ns for file in files]
    assert kept_frames(path, 3).paths == files
    assert [file.stat().st_mtime_ns for file in files] == written
    video(path)
    assert kept_frames(path, 3).paths[0].parent != files[0].parent
    assert not list(cache_folder().glob("part-*"))


def test_a_video_that_cannot_be_decoded_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"no video")
    with pytest.raises(DataError, match="clip.mp4"):
        kept_frames(path, 3)
    assert not list(cache_folder().iterdir())
    with pytest.raises(DataError, match="missing"):
        kept_frames(tmp_path / "none.mp4", 3)


def test_a_recipe_asks_for_it(tmp_path: Path) -> None:
    video(tmp_path / "data/one/video.mp4")
    lines = [f"{i},a,10,10,20,10" for i in range(len(GREY))]
    (tmp_path / "data/one/tracks.csv").write_text("\n".join(["frame,id,x,y,w,h", *lines]))
    entry = {"kind": "tracks", "gap": 2, "every": 3}
    (source,) = open_sources([entry], {"tracks": [tmp_path / "data"]}, PairSpec(32, 64))
    assert source.source.draw(np.random.default_rng(0)).search.shape == (1, 64, 64, 3)
    assert len(list(cache_folder().glob("*/*.jpg"))) == 3
