# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""NanoTrack v3 as a peer: what becomes of its network's answers, and its files."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from tracker_ros.data.readers import read_folders
from tracker_ros.evaluation import nanotrack
from tracker_ros.evaluation.metrics import overlaps
from tracker_ros.evaluation.specs import TrackerSpec


class Answers:
    """A network that notes its inputs and answers what it was given."""

    def __init__(self, *answers: np.ndarray) -> None:
        self.answers, self.inputs = answers, []

    def setInput(self, blob: np.ndarray, name: str = "") -> None:  # noqa: N802
        self.inputs.append(blob)

    def forward(self, names: tuple[str, ...] = ()) -> np.ndarray | tuple[np.ndarray, ...]:
        return self.answers if names else self.answers[0]


def padded(w: float, h: float) -> float:
    return math.sqrt((w + (w + h) / 2) * (h + (w + h) / 2))


def test_the_box_is_that_of_a_plain_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 2, (1, 2, 15, 15)).astype(np.float32)
    sides = rng.uniform(20, 90, (1, 4, 15, 15)).astype(np.float32)
    backbone, head = Answers(np.zeros((1, 96, 8, 8), np.float32)), Answers(logits, sides)
    networks = iter((backbone, head))
    monkeypatch.setattr(cv2.dnn, "readNetFromONNX", lambda _: next(networks))
    driver = nanotrack.NanoTrackV3Driver(Path("a"), Path("b"))
    frame = rng.integers(0, 255, (480, 640, 3), dtype=np.uint8)
    x, y, w, h = 300.0, 200.0, 60.0, 40.0
    driver.start(frame, (x, y, w, h))
    found, score = driver.track(frame)
    zoom = 127 / padded(w, h)
    best = None
    for i in range(15):
        for j in range(15):
            p = math.exp(logits[0, 1, i, j]) / (math.exp(logits[0, 0, i, j]) + math.exp(logits[0, 1, i, j]))
            left, top, right, bottom = (float(v) for v in sides[0, :, i, j])
            bw, bh = left + right, top + bottom
            size, aspect = padded(bw, bh) / padded(w * zoom, h * zoom), bw / bh / (w / h)
            factor = math.exp(-(max(size, 1 / size) * max(aspect, 1 / aspect) - 1) * 0.138)
            hann = [0.5 - 0.5 * math.cos(2 * math.pi * k / 14) for k in (i, j)]
            rank = factor * p * (1 - 0.455) + hann[0] * hann[1] * 0.455
            if best is None or rank > best[0]:
                cx, cy = (j - 7) * 16 + (right - left) / 2, (i - 7) * 16 + (bottom - top) / 2
                best = rank, p, factor * p * 0.348, cx / zoom, cy / zoom, bw / zoom, bh / zoom
    _, p, rate, dx, dy, bw, bh = best
    w2, h2 = w + rate * (bw - w), h + rate * (bh - h)
    expected = x + w / 2 + dx - w2 / 2, y + h / 2 + dy - h2 / 2, w2, h2
    assert found == pytest.approx(expected, abs=1e-3) and score == pytest.approx(p, abs=1e-6)
    assert [blob.shape for blob in backbone.inputs] == [(1, 3, 127, 127), (1, 3, 255, 255)]


def test_the_exemplar_shows_the_box_in_its_middle_in_opencv_s_channel_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backbone = Answers(np.zeros(1, np.float32))
    monkeypatch.setattr(cv2.dnn, "readNetFromONNX", lambda _: backbone)
    frame = np.zeros((100, 100, 3), np.uint8)
    frame[40:60, 40:60] = (200, 100, 50)  # a square of 20: the exemplar shows 40 px, 3.175 times as large
    nanotrack.NanoTrackV3Driver(Path("a"), Path("b")).start(frame, (40.0, 40.0, 20.0, 20.0))
    (crop,) = backbone.inputs
    assert crop[0, :, 63, 63].tolist() == [50, 100, 200]
    rows = np.flatnonzero(crop[0, 2, :, 63] > 100)
    assert (rows.min(), rows.max()) == (pytest.approx(32, abs=2), pytest.approx(94, abs=2))


def test_published_files_follow_a_real_video(shared_data: Path) -> None:
    folders = f"{shared_data / 'weights' / 'nanotrack_v2'},{shared_data / 'weights' / 'nanotrack_v3'}"
    if not nanotrack.has_files("nanotrack_v3", folders):
        pytest.skip(f"no test data under {shared_data}: no NanoTrack v3")
    sequence = next(s for s in read_folders(shared_data / "sequences") if s.name == "OTB100_David")
    driver = TrackerSpec("nanotrack_v3", weights=folders).driver()
    frames = [frame for frame, _ in zip(sequence.frames, range(30), strict=False)]
    driver.start(frames[0], tuple(sequence.truth[0]))
    found = np.array([driver.track(frame)[0] for frame in frames[1:]])
    assert overlaps(found, sequence.truth[1:30]).mean() > 0.6
    assert nanotrack.find_files("nanotrack", folders)[0].parent.name == "nanotrack_v2"
