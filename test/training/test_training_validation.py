# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What is held out, the short runs, and their figures against a plain loop."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from dataset_trees import vid

from tracker_ros.cli import main
from tracker_ros.ops.boxes import iou
from tracker_ros.trackers import load
from tracker_ros.training.clips import Clip, Decoded, VideoFile, stretch
from tracker_ros.training.contract import PairSpec
from tracker_ros.training.dry_run import dry_run
from tracker_ros.training.recipes import RecipeError, Validation, build, read_recipe
from tracker_ros.training.sampling import ClipPairs
from tracker_ros.training.smoke import clouds, smoke_sources
from tracker_ros.training.sources import Named
from tracker_ros.training.validation import (
    Run,
    Validator,
    choose_runs,
    follow,
    hold_out,
    recording,
    success_auc,
)


def moving(name: str, count: int = 30) -> Clip:
    """A vivid square that moves by (2, 1) pixels a frame over clouds."""
    rng = np.random.default_rng(0)
    ground, target = clouds(rng, 120, 160) // 2, clouds(rng, 24, 24) // 2 + 120
    images, boxes = [], []
    for index in range(count):
        image, x, y = ground.copy(), 20 + 2 * index, 30 + index
        image[y : y + 24, x : x + 24] = target
        images.append(image)
        boxes.append([x + 12.0, y + 12.0, 24.0, 24.0])
    return Clip(name, Decoded(tuple(images)), np.array(boxes))


def source(*clips: Clip) -> Named:
    return Named(ClipPairs(clips, PairSpec(exemplar=32, search=32)), 1.0, "tracks", "")


def names(sources: list[Named]) -> set[str]:
    return {recording(clip) for named in sources for clip in named.source.clips}


def test_recordings_are_held_out_whole_and_always_the_same() -> None:
    clip = moving("", 3)
    clips = [dataclasses.replace(clip, name=f"video{i}:{t}") for i in range(10) for t in range(3)]
    learned, held = hold_out([source(*clips)], 0.25)
    assert len(names(held)) == 3 and len(names(learned)) == 7 and not names(held) & names(learned)
    assert sum(len(named.source.clips) for named in (*learned, *held)) == 30
    assert names(hold_out([source(*reversed(clips))], 0.25)[1]) == names(held)


def test_what_cannot_be_split_is_learned_from() -> None:
    only = source(moving("one:1", 3), moving("one:2", 3))
    rendered = smoke_sources(PairSpec(exemplar=32, search=32))
    learned, held = hold_out([only, *rendered], 0.5)
    assert len(learned[0].source.clips) == 2 and [named.kind for named in held] == ["smoke"]
    assert hold_out([source(moving("a", 3), moving("b", 3))], 0.0)[1] == []


def test_runs_are_spread_over_clips_and_their_lengths() -> None:
    long, still = moving("long", 30), moving("still", 1)
    runs = choose_runs([source(long, dataclasses.replace(long, name="other"), still)], 4, 10)
    assert {run.clip.name for run in runs} == {"long", "other"}
    assert sorted(run.first for run in runs) == [0, 0, 10, 10] and {run.count for run in runs} == {10}
    assert choose_runs([source(still)], 4, 10) == []
    assert choose_runs(smoke_sources(PairSpec(32, 32)), 4, 10) == []


def test_a_perfect_run_has_the_auc_of_the_toolkit() -> None:
    assert success_auc(torch.ones(5)) == pytest.approx(20 / 21)
    assert success_auc(torch.zeros(5)) == 0.0
    assert success_auc(torch.tensor([0.5, 0.5])) == pytest.approx(10 / 21)


def test_a_run_is_what_a_plain_loop_gives() -> None:
    clip = moving("a")
    clip.boxes[4] = np.nan
    tracker = load("dcf")
    found = follow(tracker, Run(clip, 2, 8), torch.device("cpu"))
    frames = [torch.from_numpy(clip.frames.read(i)).permute(2, 0, 1) for i in range(2, 10)]
    state = tracker.initialize(frames[0], torch.tensor(clip.boxes[2]).float())
    expected = []
    for index, frame in enumerate(frames[1:], start=3):
        estimate = tracker.localize(frame, state)
        state = tracker.update(frame, state, estimate)
        if index != 4:
            expected.append(iou(estimate.box, torch.tensor(clip.boxes[index]).float()))
    torch.testing.assert_close(found, torch.stack(expected))
    assert found.min() > 0.5


def test_validation_tells_learned_weights_from_random_ones(tmp_path: Path) -> None:
    """With weights that fit the preset the tracker follows; what it loads is what is judged."""
    preset = tmp_path / "dslt_micro.yaml"
    preset.write_text(
        "tracker: dslt\nweights: 'random:0'\nsettings: {backbone: micro_resnet, search_size: 128,"
        " reduced_channels: 32, initial_iterations: 40}\n"
    )
    settings = Validation(preset=str(preset), runs=1, frames=12, pairs=4)
    recipe = dataclasses.replace(read_recipe("micro_resnet"), validation=settings, arguments={"size": 32})
    module = build(recipe)
    validator = Validator(recipe, module, [source(moving("a"))])
    verdict = validator(module, torch.device("cpu"))
    assert 0 < verdict.auc < 1 and verdict.worth == verdict.auc and verdict.loss > 0
    with torch.no_grad():
        for parameter in module.backbone.parameters():
            parameter.zero_()
    assert validator(module, torch.device("cpu")).auc < verdict.auc


def test_a_preset_that_the_weights_do_not_fit_is_told() -> None:
    recipe = dataclasses.replace(read_recipe("micro_resnet"), validation=Validation(preset="siamfc"))
    with pytest.raises(RecipeError, match="Name the preset that the weights are for"):
        Validator(recipe, build(recipe), [source(moving("a"))])


def test_frames_in_a_row_are_those_that_are_sought_singly(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    film = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 25, (160, 120))
    for image in moving("a", 12).frames.images:
        film.write(image)
    film.release()
    video = VideoFile(path, 12)
    for number, image in enumerate(stretch(video, 3, 6), start=3):
        assert np.array_equal(image, video.read(number))


def test_the_list_has_a_line_for_every_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    from tracker_ros.training.recipes import recipe_files

    assert main(["train", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(recipe_files())
    (line,) = (line for line in lines if line.startswith("siamfc "))
    assert "Bertinetto et al., 2016; AlexNet; data vid; 2.3 M parameters learn" in line
    assert "2.5 M pairs" in line
    without = [line.split()[0] for line in lines if not re.search(r"\d (min|h)\b|hour", line)]
    assert not without, "scripts/recipe_times.py says how long they take"


def test_a_dry_run_of_a_recipe_with_a_branch_a_target(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """RT-MDNet's last layer has as many branches as the data have targets, in a dry run too."""
    vid(tmp_path)
    recipe = read_recipe("rtmdnet", {"batch_size": 2, "data": [{"kind": "vid"}]})
    small = dataclasses.replace(recipe, arguments={**recipe.arguments, **recipe.smoke}, initial={})
    dry_run(small, {"vid": [tmp_path]})
    assert "2 targets" in capsys.readouterr().out


def test_a_dry_run_tells_data_steps_memory_and_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((90, 120, 3), 60, np.uint8))
        (tmp_path / f"{number}.txt").write_text("0 0.5 0.5 0.3 0.3\n")
    (tmp_path / "mine.yaml").write_text(
        "module: micro_resnet.MicroResNetTraining\narguments: {size: 32, levels: [stride4]}\n"
        "data: [{kind: labelled}]\npairs_per_epoch: 100\nepochs: 3\nbatch_size: 8\n"
        "optimizer: {name: adam, lr: 0.001}\nschedule: {name: constant}\nvalidation: {share: 0.25}\n"
    )
    arguments = ["train", "--recipe", str(tmp_path / "mine.yaml"), "--data", f"labelled={tmp_path}"]
    assert main([*arguments, "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "100% of the pairs, 3 recordings, 3 targets, 3 boxes; 1 recordings held out" in told
    assert "100 pairs an epoch, 3 epochs, batches of 8: 36 steps" in told
    for word in ("memory:", "a step:", "time:", "validation: 128 pairs and 0 short runs"):
        assert word in told
