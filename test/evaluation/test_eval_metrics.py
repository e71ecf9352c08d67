# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""One-pass scores against slow references, the published conventions and the got10k package."""

from __future__ import annotations

import numpy as np
import pytest

from tracker_ros.evaluation.metrics import (
    NAN_MODES,
    clip_boxes,
    got10k_overlaps,
    got10k_scores,
    mean_curves,
    ope_curves,
    overlaps,
)


def boxes(count: int, seed: int, missing: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and truth [count, 4]; a share of the truth is nan, a smaller one has no size."""
    rng = np.random.default_rng(seed)
    truth = np.concatenate([rng.uniform(1, 200, (count, 2)), rng.uniform(5, 80, (count, 2))], axis=1)
    prediction = truth + rng.normal(0, 12, truth.shape)
    prediction[:, 2:] = np.maximum(prediction[:, 2:], 1)
    lost = rng.random(count) < missing
    lost[0] = False
    truth[lost] = np.nan
    return prediction, truth


def slow_overlap(a: np.ndarray, b: np.ndarray) -> float:
    if not (np.isfinite(a).all() and np.isfinite(b).all() and min(*a[2:], *b[2:]) > 0):
        return 0.0
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    inter = max(w, 0) * max(h, 0)
    return inter / (a[2] * a[3] + b[2] * b[3] - inter)


def slow_scores(
    prediction: np.ndarray, truth: np.ndarray, mode: str, absent: np.ndarray
) -> tuple[float, ...]:
    """AUC, precision at 20 px and normalised precision at 0.2, frame by frame as each toolkit documents."""
    prediction = prediction.copy()
    frames, success, precision, normalised = 0, 0.0, 0, 0
    for i, (p, t) in enumerate(zip(prediction, truth, strict=True)):
        named, sized = bool(np.isfinite(t).all()), bool(np.isfinite(t).all() and min(t[2:]) > 0)
        if mode in ("pytracking", "lasot") and named and not (p > [-np.inf, -np.inf, 0, 0]).all() and i > 0:
            p = prediction[i] = prediction[i - 1]
        p = p if i > 0 else t
        if mode == "got10k" and not named:
            continue
        frames += 1
        if mode == "lasot" and absent[i]:
            continue
        if mode == "lasot" and not all(number > 0 for number in t):
            precision, normalised = precision + 1, normalised + 1
            continue
        success += sum(slow_overlap(p, t) > k / 20 for k in range(21)) / 21
        if mode == "pysot" and not named:
            precision, normalised = precision + 1, normalised + 1
        elif mode == "pytracking" and not sized:
            precision, normalised = precision + (not named), normalised + 1
        elif named:
            offset = p[:2] + p[2:] / 2 - t[:2] - t[2:] / 2
            precision += bool(np.hypot(*offset) <= 20)
            normalised += bool(sized and np.hypot(*(offset / t[2:])) <= 0.2)
    return success / frames, precision / frames, normalised / frames


@pytest.mark.parametrize("mode", sorted(NAN_MODES))
@pytest.mark.parametrize("seed", range(3))
def test_curves_agree_with_a_frame_by_frame_count(mode: str, seed: int) -> None:
    prediction, truth = boxes(80, seed, missing=0.2)
    prediction[[7, 8, 30], 2:] = 0
    truth[40] = [0, 0, 0, 0] if mode in ("pytracking", "lasot") else truth[0]
    if mode == "lasot":
        truth[50:60, 0], truth[60:70, 1], prediction[[20, 21]] = 0, -3, np.nan
    absent = np.random.default_rng(seed).random(80) < 0.1
    curves = ope_curves(prediction, truth, mode, absent)
    expected = slow_scores(prediction, truth, mode, absent)
    assert (curves.auc, curves.dpr, curves.normalised_precision) == pytest.approx(expected, abs=1e-12)


def test_a_perfect_tracker_scores_20_of_21() -> None:
    """The 21st threshold is 1, and no overlap is above it (OTB)."""
    _, truth = boxes(30, 0)
    curves = ope_curves(truth, truth)
    assert curves.auc == pytest.approx(20 / 21)
    assert curves.dpr == curves.osr == curves.normalised_precision == 1.0


def test_success_is_strict_and_precision_is_not() -> None:
    truth = np.array([[0, 0, 10, 10], [0, 0, 10, 10.0]])
    half = np.array([[0, 0, 10, 10], [0, 0, 5, 10.0]])
    assert ope_curves(half, truth).success[10] == 0.5, "an overlap of exactly 0.5 is no success at 0.5"
    moved = np.array([[0, 0, 10, 10], [20, 0, 10, 10.0]])
    assert ope_curves(moved, truth).precision[20] == 1.0, "an error of exactly 20 px is a hit at 20"


def test_the_first_prediction_does_not_count() -> None:
    prediction, truth = boxes(10, 1)
    wrong = prediction.copy()
    wrong[0] = 0
    assert ope_curves(wrong, truth).auc == ope_curves(prediction, truth).auc


def test_three_toolkits_disagree_on_frames_without_truth_as_documented() -> None:
    """4 of 10 frames have nan truth; the tracker is perfect in 3 of the other 6 and lost in 3."""
    truth = np.tile([50.0, 50, 20, 20], (10, 1))
    prediction = truth.copy()
    prediction[7:] = [300, 300, 20, 20]
    truth[3:7] = np.nan
    scores = {mode: ope_curves(prediction, truth, mode) for mode in ("got10k", "pysot", "pytracking")}
    assert scores["got10k"].auc == pytest.approx(3 / 6 * 20 / 21), "dropped"
    assert scores["got10k"].dpr == pytest.approx(3 / 6)
    assert scores["pysot"].auc == pytest.approx(3 / 10 * 20 / 21), "in the denominator, a miss for success"
    assert scores["pysot"].dpr == pytest.approx(7 / 10), "and a hit for precision"
    # pytracking agrees with pysot here; they part where the tracker gave a box without a size.
    assert scores["pytracking"].auc == pytest.approx(scores["pysot"].auc)
    prediction[2] = 0
    assert ope_curves(prediction, truth, "pysot").auc == pytest.approx(2 / 10 * 20 / 21)
    assert ope_curves(prediction, truth, "pytracking").auc == pytest.approx(3 / 10 * 20 / 21), "held"


def test_absent_frames_stay_in_lasots_denominator() -> None:
    truth = np.tile([50.0, 50, 20, 20], (4, 1))
    curves = ope_curves(truth, truth, "lasot", [False, False, True, True])
    assert curves.auc == pytest.approx(0.5 * 20 / 21)
    assert curves.dpr == curves.normalised_precision == 0.5


def test_lasot_holds_the_last_box_and_takes_a_box_at_the_border_for_no_truth() -> None:
    """Ten frames of a perfect tracker that says nothing during the absence and two frames on."""
    truth = np.tile([50.0, 50, 20, 20], (10, 1))
    prediction = truth.copy()
    prediction[3:7] = np.nan
    absent = np.arange(10) // 2 == 2
    curves = ope_curves(prediction, truth, "lasot", absent)
    assert curves.auc == pytest.approx(0.8 * 20 / 21)
    assert curves.dpr == curves.normalised_precision == 0.8
    truth[8:, 0], prediction[8:, 0] = 0, 300
    curves = ope_curves(prediction, truth, "lasot", absent)
    assert curves.auc == pytest.approx(0.6 * 20 / 21), "a miss for success"
    assert curves.dpr == curves.normalised_precision == 0.8, "and a hit for precision"


def test_sequences_weigh_the_same_whatever_their_length() -> None:
    _, long = boxes(90, 0)
    _, short = boxes(10, 1)
    curves = [ope_curves(long, long), ope_curves(short + [500, 0, 0, 0], short)]
    assert mean_curves(curves).auc == pytest.approx((curves[0].auc + curves[1].auc) / 2)


def test_wrong_input_is_refused() -> None:
    prediction, truth = boxes(5, 0)
    with pytest.raises(ValueError, match="4 predictions for 5"):
        ope_curves(prediction[:4], truth)
    with pytest.raises(ValueError, match="unknown mode 'best'"):
        ope_curves(prediction, truth, "best")
    with pytest.raises(ValueError, match="no frame has a true box"):
        ope_curves(prediction, truth * np.nan)


def test_overlap_without_a_box_is_zero() -> None:
    assert overlaps([[0, 0, 0, 5], [np.nan] * 4], [[0, 0, 5, 5], [0, 0, 5, 5]]).tolist() == [0, 0]


def test_got10k_scores_by_hand() -> None:
    truth = np.tile([0.0, 0, 10, 10], (5, 1))
    prediction = truth.copy()
    prediction[1] = [0, 0, 10, 5]
    prediction[2] = [0, 0, 10, 8]
    absent = [False, False, False, True, False]
    counted = got10k_overlaps(prediction, truth, (100, 100), absent)
    assert counted.tolist() == [0.5, 0.8, 1.0], "neither the first frame nor an absent one counts"
    assert got10k_scores([counted]) == pytest.approx((2.3 / 3, 2 / 3, 2 / 3))


class TestAgainstGot10k:
    """The got10k package 0.1.3 on the same boxes, to 1e-6."""

    @pytest.mark.parametrize("seed", range(4))
    def test_success_and_precision_curves(self, seed: int) -> None:
        experiments = pytest.importorskip("got10k.experiments", reason="got10k is not installed")
        prediction, truth = boxes(120, seed, missing=0.15)
        prediction[0] = truth[0]
        oracle = experiments.ExperimentUAV123.__new__(experiments.ExperimentUAV123)
        oracle.nbins_iou, oracle.nbins_ce = 21, 51
        success, precision = oracle._calc_curves(*oracle._calc_metrics(prediction.copy(), truth.copy()))
        ours = ope_curves(prediction, truth, "got10k")
        np.testing.assert_allclose(ours.success, success, atol=1e-6)
        np.testing.assert_allclose(ours.precision, precision, atol=1e-6)

    @pytest.mark.parametrize("seed", range(4))
    def test_average_overlap(self, seed: int) -> None:
        metrics = pytest.importorskip("got10k.utils.metrics", reason="got10k is not installed")
        prediction, truth = boxes(120, seed)
        prediction[:, :2] -= 40
        cover = np.random.default_rng(seed).integers(0, 3, 120)
        oracle = metrics.rect_iou(prediction[1:].copy(), truth[1:].copy(), bound=(180, 160))[cover[1:] > 0]
        ours = got10k_overlaps(prediction, truth, (180, 160), cover == 0)
        np.testing.assert_allclose(ours, oracle, atol=1e-6)
        expected = (oracle.mean(), (oracle > 0.5).mean(), (oracle > 0.75).mean())
        assert got10k_scores([ours]) == pytest.approx(expected, abs=1e-6)


def test_clipping_moves_in_what_hangs_out_to_the_left() -> None:
    """GOT-10k's toolkit clamps the corner and not the far edge."""
    assert clip_boxes([[-10, 5, 30, 30]], 100, 20).tolist() == [[0, 5, 30, 15]]
