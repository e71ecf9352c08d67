# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""VOT's scores against brute force, a slow reference and what vot-toolkit 0.9.0 computed on the same runs."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from eval_helpers import SIZE, NoisyDriver, made_sequence, wandering_boxes

from tracker_ros.data.sequence import Sequence
from tracker_ros.evaluation import vot
from tracker_ros.evaluation.pace import LatencyAwareDriver, RealTimeDriver
from tracker_ros.evaluation.results import write_run
from tracker_ros.evaluation.scores import TrackerScores, score_folder
from tracker_ros.evaluation.specs import TrackerSpec
from tracker_ros.evaluation.vot_protocols import AnchorBased, ResetBased
from tracker_ros.evaluation.vot_workspace import write_workspace

LENGTHS = (150, 131, 240)
# `vot analysis` of vot-toolkit 0.9.0 on the runs of `run_all`, in a workspace of `write_workspace`.
TOOLKIT_RESET = {
    "A": 0.7050675779514834,
    "failures": 11.418426103646834,
    "R": 0.1391124278397259,
    "EAO": 0.06400768494894428,
}
TOOLKIT_ANCHOR = {"A": 0.6298649116794086, "R": 0.36604429831518887, "EAO": 0.07854097806226715}


def run_all(protocol: ResetBased | AnchorBased, folder: Path) -> list[Sequence]:
    """Runs of an unreliable made-up tracker on three made-up sequences, written to `folder`."""
    sequences = [made_sequence(f"s{i}", length, i) for i, length in enumerate(LENGTHS)]
    for sequence in sequences:
        driver, frames = NoisyDriver(sequence.truth, len(sequence)), list(sequence.frames)
        for plan in protocol.plans(sequence):
            run = protocol.drive(driver, [frames[i] for i in plan.order], plan, sequence)
            write_run(folder, plan.name, run)
    return sequences


def scored(protocol: ResetBased | AnchorBased, folder: Path) -> tuple[dict[str, float], TrackerScores]:
    sequences = run_all(protocol, folder)
    scores = score_folder(folder, sequences, protocol)
    return scores.columns([s.name for s in sequences]), scores


def test_reset_based_scores_equal_the_toolkits(tmp_path: Path) -> None:
    assert scored(ResetBased(2018, 1), tmp_path)[0] == pytest.approx(TOOLKIT_RESET, abs=1e-6)


def test_anchor_based_scores_equal_the_toolkits(tmp_path: Path) -> None:
    assert scored(AnchorBased(2022), tmp_path)[0] == pytest.approx(TOOLKIT_ANCHOR, abs=1e-6)


@pytest.mark.parametrize("protocol", [ResetBased(2018, 1), AnchorBased(2022)], ids=lambda p: p.name)
def test_the_toolkit_itself_agrees(protocol: ResetBased | AnchorBased, tmp_path: Path) -> None:
    """The official toolkit opens our workspace, reads our result files and prints our scores."""
    python = os.environ.get("TRACKER_ROS_VOT_PYTHON")
    if not python:
        pytest.skip("TRACKER_ROS_VOT_PYTHON names no Python with vot-toolkit 0.9.0 and attributee 0.1.9")
    ours, _ = scored(protocol, tmp_path / "results" / "kcf")
    sequences = [made_sequence(f"s{i}", length, i) for i, length in enumerate(LENGTHS)]
    write_workspace(tmp_path, [TrackerSpec("kcf")], protocol, sequences)
    command = [python, "-m", "vot", "analysis", "kcf", "--workspace", str(tmp_path), "--name", "out"]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    results = json.loads((tmp_path / "analysis" / "out.json").read_text())["results"]["baseline"]["results"]
    accuracy_robustness, eao = results[0][0], results[1][0][0]
    assert (ours["A"], ours["R"]) == pytest.approx(accuracy_robustness[2][::-1], abs=1e-6)
    assert ours["EAO"] == pytest.approx(eao, abs=1e-6)


def test_pixel_overlaps_equal_counted_pixels() -> None:
    a, b = wandering_boxes(200, 1), wandering_boxes(200, 1) + np.random.default_rng(2).normal(0, 6, (200, 4))

    def mask(box: np.ndarray) -> np.ndarray:
        x, y, w, h = np.round(box).astype(int)
        picture = np.zeros((300, 300), bool)
        picture[y + 100 : max(y + h, y) + 100, x + 100 : max(x + w, x) + 100] = True
        return picture[100 : 100 + SIZE[1], 100 : 100 + SIZE[0]]

    masks = [(mask(p), mask(q)) for p, q in zip(a, b, strict=True)]
    counted = [(p & q).sum() / max((p | q).sum(), 1) for p, q in masks]
    np.testing.assert_allclose(vot.pixel_overlaps(a, b, SIZE), counted, atol=1e-12)


def test_overlaps_with_rectangles_and_polygons_equal_the_toolkits() -> None:
    """60 pairs, some at or beyond the border, computed once by vot-toolkit 0.9.0's calculate_overlap."""
    cases = json.loads((Path(__file__).parent / "vot_toolkit_overlaps.json").read_text())
    for case in cases:
        box, corners = np.array(case["box"]), np.array(case["corners"])
        bounding = np.concatenate([corners.min(axis=0), np.ptp(corners, axis=0)])
        assert vot.polygon_overlap(box, corners, SIZE) == pytest.approx(case["polygon"], abs=1e-9)
        assert vot.pixel_overlaps([box], [bounding], SIZE)[0] == pytest.approx(case["rectangle"], abs=1e-9)


def test_overlap_without_a_box_is_zero() -> None:
    assert vot.pixel_overlaps([[np.nan] * 4], [[1, 1, 9, 9]], SIZE)[0] == 0
    assert vot.polygon_overlap(np.full(4, np.nan), np.ones((4, 2)), SIZE) == 0


class LosesAt:
    """Follows the truth, except in the frames `lost`, where it is far away."""

    def __init__(self, truth: np.ndarray, lost: set[int]) -> None:
        self.inner, self.lost = NoisyDriver(truth, 0), lost
        self.started: list[int] = []

    def start(self, frame: np.ndarray, box: tuple[float, float, float, float]) -> None:
        self.inner.start(frame, box)
        self.started.append(self.inner.seen[-1])

    def track(self, frame: np.ndarray) -> tuple[tuple[float, float, float, float], float]:
        self.inner.track(frame)
        index = self.inner.seen[-1]
        return ((500, 500, 5, 5) if index in self.lost else (10, 10, 20, 20)), 1.0


def still_sequence(count: int, absent: tuple[int, ...] = ()) -> Sequence:
    sequence = made_sequence("still", count, 0)
    sequence.truth[:] = [10, 10, 20, 20]
    sequence.truth[list(absent)] = np.nan
    return sequence


def test_a_failure_is_followed_by_a_start_five_frames_later() -> None:
    sequence = still_sequence(40)
    driver, protocol = LosesAt(sequence.truth, {7, 30}), ResetBased(2018, 1)
    run = protocol.drive(driver, sequence.frames, protocol.plans(sequence)[0], sequence)
    assert driver.started == [0, 12, 35]
    assert run.codes is not None
    assert run.codes[[0, 6, 7, 8, 11, 12, 13]].tolist() == [
        vot.STARTED,
        vot.BOX,
        vot.FAILED,
        vot.UNKNOWN,
        vot.UNKNOWN,
        vot.STARTED,
        vot.BOX,
    ]
    reset = vot.ResetRun(run.codes, np.where(run.codes == vot.BOX, 1.0, 0.0))
    scores = vot.reset_scores({"still": [reset]}, 2018)
    assert scores.failures == 2
    assert scores.robustness == pytest.approx(np.exp(-30 * 2 / 40))


def test_frames_without_truth_neither_fail_nor_start_a_run() -> None:
    sequence = still_sequence(30, absent=(9, 10, 15))
    driver, protocol = LosesAt(sequence.truth, {4, 15}), ResetBased(2018, 1)
    run = protocol.drive(driver, sequence.frames, protocol.plans(sequence)[0], sequence)
    assert driver.started == [0, 11], "frame 9 is five after the failure, but has no box"
    assert run.codes is not None and run.codes[15] == vot.UNKNOWN


def test_accuracy_leaves_out_ten_frames_from_each_start() -> None:
    codes = np.full(40, vot.BOX, np.int8)
    codes[[0, 25]], codes[20], codes[21:25] = vot.STARTED, vot.FAILED, vot.UNKNOWN
    measured = np.zeros(40)
    measured[10:20], measured[35:] = 0.6, 0.9
    assert vot.reset_accuracy(vot.ResetRun(codes, measured)) == pytest.approx((10 * 0.6 + 5 * 0.9) / 15)


def test_reset_curve_by_its_definition() -> None:
    """Mean over fragments of the mean over frames 1 to n; failed fragments padded with zeros."""
    rng = np.random.default_rng(0)
    runs = []
    for length in (30, 50):
        codes = np.full(length, vot.BOX, np.int8)
        codes[[0, 20]], codes[12], codes[13:20] = vot.STARTED, vot.FAILED, vot.UNKNOWN
        runs.append(vot.ResetRun(codes, rng.random(length) * (codes == vot.BOX)))
    curve = vot.reset_curve(runs)
    fragments = [(run.overlaps[:12], True) for run in runs] + [(run.overlaps[20:], False) for run in runs]
    for n in range(1, len(curve)):
        values = []
        for overlaps, failed in fragments:
            if failed or n < len(overlaps):
                values.append(np.concatenate([overlaps, np.zeros(100)])[1 : n + 1].mean())
        assert curve[n] == pytest.approx(np.mean(values))


def test_an_anchor_run_fails_at_the_first_of_ten_low_frames() -> None:
    measured = np.full(40, 0.5)
    measured[5:14], measured[20:32] = 0.1, 0.05
    assert vot.anchor_run(measured, np.ones(40, bool)).progress == 20, "nine in a row are forgiven"
    given = np.ones(40, bool)
    given[25] = False
    assert vot.anchor_run(measured, given).progress == 40, "a frame without truth interrupts the row"


def test_anchors_go_the_longer_way_and_start_where_there_is_truth() -> None:
    plans = AnchorBased(2022).plans(still_sequence(120, absent=(49, 50, 51)))
    assert [(p.order.start, p.order.step, len(p.order)) for p in plans] == [
        (0, 1, 120),
        (48, 1, 72),
        (100, -1, 101),
        (119, -1, 120),
    ]


@pytest.mark.parametrize(("year", "low", "high"), [(2016, 108, 371), (2018, 100, 356)])
def test_eao_averages_over_the_years_interval(year: int, low: int, high: int) -> None:
    curve = np.random.default_rng(0).random(500)
    assert vot.interval_mean(curve, year) == pytest.approx(curve[low : high + 1].mean())


class Timed:
    """Answers with the frame's number and takes the given seconds for each call, by its own clock."""

    def __init__(self, seconds: list[float]) -> None:
        self.seconds, self.now, self.seen = iter(seconds), 0.0, []

    def start(self, frame: int, box: tuple[float, float, float, float]) -> None:
        self.track(frame)

    def track(self, frame: int) -> tuple[tuple[float, float, float, float], float]:
        self.now += next(self.seconds)
        self.seen.append(frame)
        return (float(frame), 0.0, 1.0, 1.0), 1.0


# Seconds for each frame, and the frame that each answer is from, as vot-toolkit 0.9.0 ran them once.
TOOLKIT_TIMES = """
0.21 0.02 0.05 0.05 0.05 0.21 0.34 0.13 0.02 0.02 0.05 0.09 0.13 0.09 0.05 0.02 0.21
0.21 0.02 0.02 0.09 0.09 0.34 0.13 0.09 0.09 0.13 0.13 0.05 0.21 0.21 0.34 0.21 0.05
"""
TOOLKIT_ANSWERS = """
1 2 3 4 5 6 7 7 9 10 11 12 13 13 15 16 17 18 18 18 18 22 22 22 22 26
27 28 29 30 30 30 30 30 30 36 36 38 39 40 40 42 42 44 45 45 45 45 49 49 49 49
"""


def test_real_time_skips_the_frames_that_the_toolkit_skips() -> None:
    """Times and frames answered from, as vot-toolkit 0.9.0's real-time runtime ran them once."""
    times = [float(word) for word in TOOLKIT_TIMES.split()]
    answered = [int(word) for word in TOOLKIT_ANSWERS.split()]
    inner = Timed(times)
    driver = RealTimeDriver(inner, 20.0, clock=lambda: inner.now)
    driver.start(0, (0.0, 0.0, 1.0, 1.0))  # type: ignore[arg-type]
    answers = [driver.track(index) for index in range(1, 53)]  # type: ignore[arg-type]
    assert [int(box[0]) for box, _ in answers] == answered
    assert [int(box[0]) for box, score in answers if score == 1.0] == inner.seen[1:]


def slow_stream(seconds: list[float], frames: int, interval: float) -> list[int]:
    """For every frame, the frame of the answer that is ready when it comes; by listing all events."""
    done, free, times = [(0.0, 0)], 0.0, iter(seconds)
    newest_taken = 0
    while True:
        newest = min(int(np.floor(free / interval + 1e-9)), frames)
        begin = free
        if newest <= newest_taken:
            newest = newest_taken + 1
            begin = newest * interval
        if newest > frames:
            break
        free = begin + next(times)
        done.append((free, newest))
        newest_taken = newest
    return [max(n for at, n in done if at <= i * interval + 1e-9) for i in range(1, frames + 1)]


@pytest.mark.parametrize("seed", range(5))
def test_latency_aware_answers_are_those_ready_in_time(seed: int) -> None:
    times = np.random.default_rng(seed).choice([0.0113, 0.0307, 0.0719, 0.1327, 0.2633], 200).tolist()
    inner = Timed([0.5, *times])
    driver = LatencyAwareDriver(inner, 20.0, clock=lambda: inner.now)
    driver.start(0, (0.0, 0.0, 1.0, 1.0))  # type: ignore[arg-type]
    answers = [int(driver.track(index)[0][0]) for index in range(1, 101)]  # type: ignore[arg-type]
    assert answers == slow_stream(times, 100, 0.05)
