# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The absence protocol: its flights, what is inserted into sequences, and what is counted."""

from __future__ import annotations

import argparse
import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from eval_helpers import NoisyDriver, NumberedFrames, made_sequence, number_of

from tracker_ros.data import absences as absence_data
from tracker_ros.data.absences import CHOSEN, REPORTED, cases, with_absences
from tracker_ros.data.inserted import KINDS, SHIFT, SWING, TURN, beside, covered, inserted, painted_over
from tracker_ros.data.sequence import DataError, Sequence
from tracker_ros.data.synthetic_traffic import START, Spell, TrafficScene
from tracker_ros.evaluation import options, trust
from tracker_ros.evaluation.cli import add_parsers
from tracker_ros.evaluation.metrics import is_box
from tracker_ros.evaluation.protocol_names import make_protocol
from tracker_ros.evaluation.report import write_report
from tracker_ros.evaluation.results import read_result, write_run
from tracker_ros.evaluation.scores import score_folder
from tracker_ros.evaluation.tables import trust_rows
from tracker_ros.session import State

NAN = [np.nan] * 4
BOX, AWAY = [10.0, 10.0, 20.0, 20.0], [60.0, 40.0, 20.0, 20.0]
T, C, L = int(State.TRACKING), int(State.COASTING), int(State.LOST)


def test_counts_by_hand() -> None:
    truth = [BOX] * 4 + [NAN] * 8 + [BOX] * 6
    boxes = [BOX] * 4 + [BOX] * 2 + [AWAY] * 6 + [AWAY, NAN, BOX, BOX, BOX, BOX]
    states = [T, T, C, T] + [C, C] + [T] * 6 + [T, L, C, T, T, T]
    says = np.array([[state, 1 if k < 15 else 2] for k, state in enumerate(states)])
    scores = [1.0] * 18
    found = trust.judge(boxes, scores, says, truth, rate=10.0)
    (lock,) = trust.wrong_locks(boxes, says, np.array(truth))
    assert lock == (6, 13, True)
    assert (found.wrong, found.wrong_same, found.wrong_new) == (1, 1, 0)
    assert found.returns == (0.3,)  # TRACKING and right in the fourth frame
    assert (found.absent, found.boxed, found.claimed) == (8, 8, 6)
    assert (found.visible, found.false) == (9, 1)
    assert (found.good, found.missed) == (3 + 4, 2)  # the box of a COASTING frame is good and not claimed
    assert found.failure == pytest.approx(1.8) and found.share == 1.0
    twice = trust.together([found, found])
    assert twice.runs == 2 and twice.returns == (0.3, 0.3) and len(twice.risk) == 34
    shown = trust.columns(twice)
    assert shown["found<1s"] == 1.0 and shown["wrong"] == 1.0 and shown["false"] == pytest.approx(1 / 9)


def test_a_lock_shorter_than_five_frames_is_none_and_ids_are_told_apart() -> None:
    truth = np.array([BOX] * 12)
    boxes = np.array([BOX] + [AWAY] * 4 + [BOX] + [AWAY] * 6)
    says = np.array([[T, 1 + (k > 5)] for k in range(12)])
    assert trust.wrong_locks(boxes, says, truth) == [(6, 12, False)]


def test_time_to_failure_is_the_first_second_without_overlap() -> None:
    truth = [BOX] * 10 + [NAN] * 5 + [BOX] * 20
    boxes = [BOX] * 6 + [AWAY] * 2 + [BOX] * 4 + [AWAY] * 23
    says = np.full((35, 2), 1)
    found = trust.judge(boxes, np.ones(35), says, truth, rate=8.0)
    # The target is away meanwhile: its absence is no failure.
    assert found.failure == pytest.approx(15 / 8) and found.share == pytest.approx(15 / 35)


def test_risk_coverage_is_the_mean_risk_of_all_frames_at_least_as_sure() -> None:
    rng = np.random.default_rng(0)
    score, risk = rng.integers(0, 6, 80) / 5, rng.integers(0, 2, 80).astype(float)
    coverage, curve = trust.risk_coverage(risk, score)
    order = np.sort(score)[::-1]
    slow = [np.mean([r for r, s in zip(risk, score, strict=True) if s >= limit]) for limit in order]
    np.testing.assert_allclose(curve, slow)
    assert coverage[0] == 1 / 80 and coverage[-1] == 1 and curve[-1] == pytest.approx(risk.mean())
    perfect = trust.risk_coverage(np.array([0.0, 0.0, 1.0, 1.0]), np.array([4.0, 3.0, 2.0, 1.0]))[1]
    assert perfect.tolist() == [0, 0, 1 / 3, 1 / 2]


# -- flights -----------------------------------------------------------------------------------------


def test_a_removed_target_leaves_no_trace_and_comes_back() -> None:
    scene = TrafficScene(5, 160, 120, Spell("removed", 1.0, 2.0))
    before, during, after = (scene.render(START + t) for t in (0.9, 1.5, 2.1))
    assert before.target.visible > 0.9 and after.target.visible > 0.9 and during.target.visible == 0
    without = TrafficScene(5, 160, 120, Spell("removed", 1.0, 2.0))
    without.objects = (without.objects[0]._replace(sprites=()), *without.objects[1:])
    np.testing.assert_array_equal(without.render(START + 1.5).image, during.image)
    assert sum(truth.visible > 0.5 for truth in during.objects) > 5, "the traffic goes on"


@pytest.mark.parametrize("kind", ["occluded", "away"])
def test_the_truth_without_the_picture_is_that_of_the_picture(kind: str) -> None:
    scene = TrafficScene(3, 160, 120, Spell(kind, 1.0, 3.0))
    moments = [START + t for t in (0.5, 1.05, 2.0, 2.9, 4.0)]
    seen = [scene.locate(t) for t in moments]
    assert seen == [scene.render(t).target for t in moments]
    shares = [truth.visible for truth in seen]
    assert min(shares[0], shares[-1]) > 0.9 and shares[2] == 0


def test_a_target_that_was_away_comes_back_at_another_place() -> None:
    away, still = (TrafficScene(4, 160, 120, spell) for spell in (Spell("away", 1.0, 3.0), None))
    before, after = START + 0.3, START + 4.0
    assert away.locate(before).box == still.locate(before).box
    moved = np.subtract(away.locate(after).box[:2], still.locate(after).box[:2])
    assert np.hypot(*moved) > away.locate(after).box.w / 2


def test_seeds_for_choosing_and_for_reporting_never_meet() -> None:
    reported, chosen = cases(3), cases(200, choosing=True)
    seeds = [case.seed for case in reported + chosen]
    assert len(set(seeds)) == len(seeds) == (3 + 200) * 15
    # Another scene is that of the next seed, so only every second one is a flight.
    assert all(seed % 2 == 0 for seed in seeds) and REPORTED < CHOSEN
    assert reported[:15] == cases(1), "more flights are the same ones and others"


def test_names_choose_among_what_is_rendered_too(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[str] = []
    monkeypatch.setattr(options, "flight", lambda case: rendered.append(case.name))
    monkeypatch.setattr(options, "rendered", lambda seed: rendered.append(f"scene_{seed}"))

    def chosen(*words: object) -> list[str]:
        rendered.clear()
        parser = argparse.ArgumentParser()
        options.add_data_options(parser)
        options.add_protocol_option(parser)
        assert len(options.read_data(parser.parse_args([str(word) for word in words]))) == len(rendered)
        return sorted(rendered)

    removed = [f"removed_{seconds}s_{2 * place + turn * 30}" for turn in (0, 1) for place, seconds in
               enumerate((1, 3, 10))]  # fmt: skip
    assert chosen("--protocol", "absence", "--sequences", "removed_*") == sorted(removed)
    assert chosen("--absences", 1, "--sequences", "black_1s_*,away_3s_*") == ["away_3s_14", "black_1s_18"]
    assert len(chosen("--absences", 1)) == 15
    assert chosen("--scenes", 12, "--sequences", "scene_1?") == ["scene_10", "scene_11"]
    with pytest.raises(DataError, match="no sequence is named 'car_\\*'; there are: removed_1s_0, "):
        chosen("--absences", 1, "--sequences", "removed_*,car_*")


# -- inserted into sequences -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_time_goes_on_while_the_target_is_out_of_sight(kind: str) -> None:
    sequence = made_sequence("a", 90, 0)
    made = inserted(sequence, kind, 2, 60, NumberedFrames(7))
    assert len(made) == len(list(made.frames)) == 150 and made.name == f"a_{kind}_2s"
    order = made.frames.order()
    assert order[:30] == list(range(30)) and order[90:] == list(range(30, 90))
    swing = order[30:90]
    assert swing[0] == 30 and min(swing) == 0 and max(np.abs(np.diff(order))) <= 2
    gone = ~is_box(made.truth)
    turn = TURN // 2 if kind == "away" else 0
    assert gone[30 + turn : 90 - turn].all() and not gone[:30].any()
    if kind not in ("away", "black", "scene"):
        shown = [number_of(frame) for frame in made.frames]
        assert shown == order, "frames are the sequence's own"


def test_another_scene_a_turn_and_black_frames_by_their_pixels() -> None:
    sequence = made_sequence("a", 60, 1)
    scene = list(inserted(sequence, "scene", 1, 30, NumberedFrames(7)).frames)
    assert [number_of(f) for f in scene[20:50]] == [k % 7 for k in range(30)]
    black = list(inserted(sequence, "black", 1, 30, NumberedFrames(7)).frames)
    assert not np.any(black[20:50]) and number_of(black[50]) == 20
    away = inserted(sequence, "away", 2, 60, NumberedFrames(7))
    width, shifts = 96, away.frames.shifts()
    assert abs(shifts[20 + TURN]) == width and abs(shifts[-1]) == round(SHIFT * width)
    np.testing.assert_allclose(away.truth[-1] - sequence.truth[-1], [shifts[-1], 0, 0, 0])
    left, right = np.zeros((2, 4, 3), np.uint8), np.ones((2, 4, 3), np.uint8)
    assert beside(left, right, 1)[0, :, 0].tolist() == [1, 0, 0, 0]
    assert beside(left, right, -3)[0, :, 0].tolist() == [0, 1, 1, 1]


def test_what_is_removed_or_covered_is_not_to_be_seen() -> None:
    frame = np.full((72, 96, 3), 90, np.uint8)
    frame[:, :48] = 60
    frame[20:30, 60:75] = (250, 20, 20)
    box = np.array([60.0, 20.0, 15.0, 10.0])
    for hidden in (painted_over(frame, box), covered(frame, box)):
        assert np.abs(hidden[..., 0].astype(int) - hidden[..., 1]).max() == 0, "nothing red is left"
        changed = (hidden != frame).any(axis=2)
        rows, columns = np.nonzero(changed)
        assert rows.min() >= 15 and rows.max() < 35 and columns.min() >= 53 and columns.max() < 82
    assert (painted_over(frame, box)[25, 67] == 90).all(), "the surroundings grow inwards"


def test_every_kind_and_duration_has_its_turn_and_needs_a_truth() -> None:
    sequences = [made_sequence(name, 70, k) for k, name in enumerate("abcde")]
    made = with_absences(sequences)
    assert len(made) == 15 and {kind for s in made for kind in s.attributes} == set(KINDS)
    first_only = Sequence("f", NumberedFrames(30), sequences[0].truth[:1])
    with pytest.raises(DataError, match="first frame only"):
        with_absences([first_only])
    assert SWING < 90


# -- the command -------------------------------------------------------------------------------------


def run_command(*words: object) -> int:
    parser = argparse.ArgumentParser()
    add_parsers(parser.add_subparsers(required=True))
    args = parser.parse_args([str(word) for word in words])
    return int(args.run(args))


def test_the_command_counts_per_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(absence_data, "SCENE_SIZE", (96, 72))
    monkeypatch.setattr(absence_data, "SECONDS", (1,))
    monkeypatch.setattr(absence_data, "LEAD", 0.3)
    monkeypatch.setattr(absence_data, "TAIL", 0.4)
    monkeypatch.setenv("COLUMNS", "200")
    words = ("--absences", 1, "--out", tmp_path / "results")
    assert run_command("eval", "--protocol", "absence", "--trackers", "dcf", "--jobs", 1, *words) == 0
    shown = capsys.readouterr().out
    assert "absence on 5 sequences" in shown and "of 5" in shown
    assert all(kind in shown for kind in KINDS)
    says = (tmp_path / "results" / "absence" / "dcf+session" / "black_1s_6_says.txt").read_text()
    assert len(says.splitlines()) == 51 and says.splitlines()[0] == f"{int(State.ACQUIRING)} 1"


def test_the_report_shows_wrong_locks(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra 'eval' (matplotlib) is not installed")
    protocol = make_protocol("absence")
    sequence = dataclasses.replace(made_sequence("a", 60, 0), attributes=frozenset({"removed"}))
    driver = NoisyDriver(sequence.truth, 3)
    driver.boxes[30:50] += [40, 40, 0, 0]
    (plan,) = protocol.plans(sequence)
    run = protocol.drive(driver, list(sequence.frames), plan, sequence)
    write_run(tmp_path / "results" / "absence" / "noisy", "a", run)
    again = read_result(tmp_path / "results" / "absence" / "noisy", "a", 60)
    assert again is not None and again.says is not None and (again.says == [T, 1]).all()
    score = score_folder(tmp_path / "results" / "absence" / "noisy", [sequence], protocol)
    (row,) = trust_rows([score], {"all": ["a"]})
    assert row["wrong"] == "1 of 1" and row["same id"] == "1" and math.isfinite(float(row["NT2F"]))
    page = write_report(tmp_path / "results", [sequence], {"all": ["a"]}, tmp_path / "out").read_text()
    assert "Wrong locks" in page and "a: noisy claims something else from frame" in page
    assert (tmp_path / "out" / "plots" / "absence_risk.png").is_file()
