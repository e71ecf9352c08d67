# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The index of a training set: what it gives, when it is made anew, and that many processes make one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tracker_ros.data.sequence import DataError
from tracker_ros.training import clip_index
from tracker_ros.training.clips import BadImage
from tracker_ros.training.datasets import read_lasot, read_trackingnet
from tracker_ros.training.sources import fingerprint

ROOT = Path(__file__).resolve().parents[2]
FRAMES = 12


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tracker_ros" / "index"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """TrackingNet with three clips, of which the second never shows its target, and names in any script."""
    for number, name in enumerate(("a b", "nothing", "ü日本")):
        images = tmp_path / "net" / "TRAIN_0" / "frames" / name
        images.mkdir(parents=True)
        for index in range(FRAMES):
            cv2.imwrite(str(images / f"{index}.jpg"), np.full((40 + index, 50, 3), 9, np.uint8))
        rows = [
            f"{index + number}.25,5,{'nan' if number == 1 or index == 3 else 20},10"
            for index in range(FRAMES)
        ]
        (tmp_path / "net" / "TRAIN_0" / "anno").mkdir(exist_ok=True)
        (tmp_path / "net" / "TRAIN_0" / "anno" / f"{name}.txt").write_text("\n".join(rows))
    return tmp_path / "net"


def test_clips_of_the_index_are_those_of_the_files(
    cache: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as homeless:
        homeless.setattr(clip_index, "user_cache", lambda: None)
        plain = read_trackingnet(root)
    for clips in (read_trackingnet(root), read_trackingnet(root)):  # the second time the index is there
        assert [c.name for c in clips] == [c.name for c in plain] == ["a b", "ü日本"]
        assert fingerprint(clips) == fingerprint(plain)
        for clip, other in zip(clips, plain, strict=True):
            np.testing.assert_array_equal(clip.usable, other.usable)
            np.testing.assert_array_equal(clip.usable, [i for i in range(FRAMES) if i != 3])
            assert len(clip.frames) == FRAMES
            assert [clip.frames.path(i) for i in range(FRAMES)] == list(other.frames.paths)
            assert [clip.frames.read(i).shape[0] for i in range(FRAMES)] == list(range(40, 40 + FRAMES))
    assert len([path for path in cache.iterdir() if path.is_dir()]) == 1


def test_the_index_is_read_and_the_files_are_not(
    cache: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint(read_trackingnet(root))
    monkeypatch.setattr("tracker_ros.training.datasets.read_boxes", lambda path: pytest.fail(f"reads {path}"))
    assert fingerprint(read_trackingnet(root)) == before


@pytest.mark.parametrize("change", ["annotation", "image", "clip", "cut off"])
def test_the_index_is_made_anew_where_it_is_not_that_of_the_files(
    cache: Path, root: Path, change: str
) -> None:
    first = fingerprint(read_trackingnet(root))
    folder = root / "TRAIN_0"
    if change == "annotation":
        (folder / "anno" / "a b.txt").write_text("\n".join(["1,1,9,9"] * FRAMES))
    elif change == "image":
        (folder / "frames" / "a b" / "0.jpg").rename(folder / "frames" / "a b" / "0.png")
    elif change == "clip":
        (folder / "anno" / "ü日本.txt").unlink()
    else:
        for path in cache.glob("*/boxes.f64"):
            path.write_bytes(path.read_bytes()[:-8])
    second = read_trackingnet(root)
    assert (first == fingerprint(second)) is (change in ("image", "cut off"))
    assert second[0].frames.path(0).suffix == (".png" if change == "image" else ".jpg")
    assert len(second) == (1 if change == "clip" else 2)


def test_a_cache_that_cannot_be_written_costs_only_time(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert len(read_trackingnet(root)) == 2
    assert "no index of" in caplog.text and "Not a directory" in caplog.text


def test_a_broken_annotation_leaves_no_index(cache: Path, root: Path) -> None:
    broken = root / "TRAIN_0" / "anno" / "ü日本.txt"
    broken.write_text("1,2,3\n")
    with pytest.raises(DataError, match=str(broken)):
        read_trackingnet(root)
    assert not [path for path in cache.iterdir() if path.is_dir()]


READ = """
import sys, time
from pathlib import Path
from tracker_ros.training import datasets
from tracker_ros.training.sources import fingerprint
read = datasets.read_boxes
def told(path):
    print("read", path.name, flush=True)
    time.sleep(0.3)
    return read(path)
datasets.read_boxes = told
print("ready", flush=True)
sys.stdin.readline()
print("clips", fingerprint(datasets.read_trackingnet(Path(sys.argv[1]))), flush=True)
"""


def test_many_processes_write_one_index(cache: Path, root: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    ranks = [
        subprocess.Popen(
            [sys.executable, "-c", READ, str(root)],
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        for _ in range(3)
    ]
    for rank in ranks:
        assert rank.stdout is not None and rank.stdout.readline() == "ready\n"
    for rank in ranks:
        assert rank.stdin is not None
        rank.stdin.write("\n")
        rank.stdin.flush()
    said = [rank.communicate(timeout=60)[0].splitlines() for rank in ranks]
    assert sum(line.startswith("read") for lines in said for line in lines) == 3, "files were read again"
    assert len({line for lines in said for line in lines if line.startswith("clips")}) == 1


def test_an_image_that_is_gone_is_a_bad_one(cache: Path, root: Path) -> None:
    clip = read_trackingnet(root)[0]
    clip.frames.path(2).unlink()
    with pytest.raises(BadImage, match="2.jpg"):
        clip.frames.read(2)


# -- LaSOT's test split ------------------------------------------------------------------------------


@pytest.fixture
def lasot(tmp_path: Path) -> Path:
    """One video of the published test split, airplane-1, and one of the others."""
    for name in ("airplane-1", "airplane-2"):
        folder = tmp_path / "lasot" / "airplane" / name
        (folder / "img").mkdir(parents=True)
        cv2.imwrite(str(folder / "img" / "00000001.jpg"), np.zeros((40, 50, 3), np.uint8))
        (folder / "groundtruth.txt").write_text("10,10,20,10\n")
    return tmp_path / "lasot"


def test_videos_of_the_test_split_are_not_trained_on(
    cache: Path, lasot: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert [clip.name for clip in read_lasot(lasot)] == ["airplane-2"]
    assert "has no training_set.txt: its 1 test videos are left out" in caplog.text
    (lasot / "training_set.txt").write_text("airplane-1\nairplane-2\n")
    assert [clip.name for clip in read_lasot(lasot)] == ["airplane-1", "airplane-2"]


def test_a_folder_of_test_videos_only_is_no_training_set(cache: Path, lasot: Path) -> None:
    (lasot / "airplane" / "airplane-2" / "groundtruth.txt").unlink()
    with pytest.raises(DataError, match="LaSOT outside its test split: no annotated target"):
        read_lasot(lasot)
