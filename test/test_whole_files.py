# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Files that commands write are whole or are not there, and bags are read that a recorder did not finish."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from tracker_ros.arguments import new_file
from tracker_ros.drawing.film import Film
from tracker_ros.files import WriteError, write_together
from tracker_ros.replay.bag import BagError, topics
from tracker_ros.replay.messages import make_types
from tracker_ros.replay.scenes import Scene, record


def test_a_film_that_cannot_be_read_again_is_an_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "film.mp4"
    with Film(path, 10.0) as film:
        for grey in range(5):
            film.write(np.full((48, 64, 3), 40 * grey, np.uint8))
    assert int(cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FRAME_COUNT)) == 5
    before = path.read_bytes()
    release = cv2.VideoWriter.release

    def cut_off(part: Path) -> None:
        data = part.read_bytes()
        part.write_bytes(data[: len(data) // 2])

    class Full:
        """A disk that is full: OpenCV's writer says nothing of it."""

        def __init__(self, name: str, *rest: object) -> None:
            self.path, self.writer = Path(name), real(name, *rest)

        def __getattr__(self, name: str) -> object:
            return getattr(self.writer, name)

        def release(self) -> None:
            release(self.writer)
            cut_off(self.path)

    real = cv2.VideoWriter
    monkeypatch.setattr(
        "tracker_ros.drawing.film.cv2.VideoWriter", type("Writer", (Full,), {"fourcc": real.fourcc})
    )
    with pytest.raises(OSError, match="film.mp4 cannot be written: .* of 5 frames"), Film(path, 10.0) as film:
        for _ in range(5):
            film.write(np.zeros((48, 64, 3), np.uint8))
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_films_of_one_stem_have_parts_of_their_own(tmp_path: Path) -> None:
    """Two runs at once mixed their frames; what a killed one left stayed for ever."""
    old, young = tmp_path / ".a.mp4.7.part.mp4", tmp_path / ".a.mp4.8.part.mp4"
    for left in (old, young):
        left.write_bytes(b"half")
    os.utime(old, (time.time() - 3610,) * 2)
    with Film(tmp_path / "a.mp4", 10.0) as one, Film(tmp_path / "a.avi", 10.0) as other:
        for grey in range(5):
            one.write(np.full((48, 64, 3), 40 * grey, np.uint8))
            other.write(np.zeros((32, 32, 3), np.uint8))
        assert sum(str(os.getpid()) in part.name for part in tmp_path.iterdir()) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == [young.name, "a.avi", "a.mp4"]


def test_files_that_belong_together_are_replaced_together(tmp_path: Path) -> None:
    one, two = tmp_path / "a.ts", tmp_path / "file" / "a.json"
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(WriteError, match="^cannot write .*a.json: File exists"):
        write_together({one: b"1", two: b"2"})
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    write_together({one: b"1", tmp_path / "a.json": b"2"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.ts", "file"]


def test_a_device_is_never_replaced_by_a_file(tmp_path: Path) -> None:
    """Root may do so in /dev, and then no program finds /dev/null; a pipe stands for it here."""
    pipe = tmp_path / "null.mp4"
    os.mkfifo(pipe)
    (tmp_path / "link.mp4").symlink_to(pipe)
    for path in (pipe, tmp_path / "link.mp4"):
        with pytest.raises(WriteError, match=f"^cannot write {path}: it is a device, no file$"):
            write_together({tmp_path / "other": b"1", path: b"2"})
        with pytest.raises(WriteError, match="it is a device, no file"), Film(path, 10.0) as film:
            film.write(np.zeros((32, 32, 3), np.uint8))
        with pytest.raises(argparse.ArgumentTypeError, match="is there and is no file"):
            new_file(str(path))
    assert pipe.is_fifo() and sorted(p.name for p in tmp_path.iterdir()) == ["link.mp4", "null.mp4"]


def test_what_killed_processes_left_goes_with_the_next_writing(tmp_path: Path) -> None:
    path = tmp_path / "a[1].ts"
    old, young, other = (tmp_path / f".{name}.part" for name in ("a[1].ts.7", "a[1].ts.8", "a1.ts.7"))
    for left in (old, young, other):
        left.write_bytes(b"half")
    an_hour_ago = time.time() - 3610
    os.utime(old, (an_hour_ago, an_hour_ago))
    os.utime(other, (an_hour_ago, an_hour_ago))
    write_together({path: b"whole"})
    # A young one may belong to a process that is writing.
    assert sorted(tmp_path.iterdir()) == sorted((path, young, other)) and path.read_bytes() == b"whole"


def test_what_a_file_holds_is_on_the_disk_before_its_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a power cut leaves the new name with nothing in it."""
    path, seen = tmp_path / "weights", []
    path.write_text("before")
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        fsync(descriptor)
        seen.append((path.read_text(), os.fstat(descriptor).st_size))

    monkeypatch.setattr(os, "fsync", watched)
    write_together({path: "after!"})
    assert seen == [("before", 6)] and path.read_text() == "after!"


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_a_bag_without_metadata_is_read(storage: str, tmp_path: Path) -> None:
    record(tmp_path / "flight", Scene(0, 3, storage, False, False), make_types())
    whole = topics(tmp_path / "flight")
    (tmp_path / "flight" / "metadata.yaml").unlink()
    assert topics(tmp_path / "flight") == whole
    (tmp_path / "flight" / "more.mcap").write_bytes(b"")
    with pytest.raises(BagError, match="no metadata.yaml and 2 files: give one of them.*ros2 bag reindex"):
        topics(tmp_path / "flight")
    (tmp_path / "none").mkdir()
    with pytest.raises(BagError, match="none has neither metadata.yaml nor"):
        topics(tmp_path / "none")
    (tmp_path / "none" / "a.mcap.zstd").write_bytes(b"")
    with pytest.raises(BagError, match="file: unpack a.mcap.zstd first, with `unzstd`"):
        topics(tmp_path / "none")
