# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""`tracker_ros train --adapt`: the held-out part, when new weights count as better, and what is written."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tracker_ros import cli
from tracker_ros.bootstrap import mean_interval
from tracker_ros.trackers import load
from tracker_ros.training import adapting
from tracker_ros.training.adapting import NAME, Outcome, compare, split
from tracker_ros.training.clips import Clip, Decoded
from tracker_ros.training.contract import PairSpec
from tracker_ros.training.recipes import build, read_recipe, recipe_files
from tracker_ros.training.sampling import ClipPairs
from tracker_ros.training.sources import Named
from tracker_ros.weights.loader import fill, read_state_dict
from tracker_ros.weights.manifest import WeightsError


def clips(video: str, starts: list[int], length: int = 10) -> list[Clip]:
    frame = np.zeros((8, 8, 3), np.uint8)
    boxes = np.tile([4.0, 4.0, 5.0, 5.0], (length, 1))
    return [Clip(f"{video}:{s}:{i}", Decoded((frame,) * length), boxes) for i, s in enumerate(starts)]


def parts(given: list[Clip], share: float) -> list[list[Clip]]:
    source = Named(ClipPairs(given, PairSpec(16, 32)), 1.0, "unlabelled", "")
    return [[clip for named in side for clip in named.source.clips] for side in split(source, share)]


def shown(given: list[Clip]) -> set[int]:
    """Frames of one video that clips have boxes in."""
    return {int(clip.name.rsplit(":", 2)[1]) + int(i) for clip in given for i in clip.usable}


@pytest.mark.parametrize("video", ["a.mp4", "a:1:b.mp4"])
def test_of_one_video_the_end_is_held_out_and_no_frame_is_on_both_sides(video: str) -> None:
    learned, held = parts(clips(video, list(range(0, 100, 5))), 0.3)
    assert max(shown(learned)) < min(shown(held))
    assert shown(learned) == set(range(66)) and shown(held) == set(range(70, 105))


def test_of_several_videos_whole_ones_are_held_out() -> None:
    given = [clip for name in ("a.mp4", "b.mp4", "c.mp4") for clip in clips(name, [0, 20])]
    learned, held = parts(given, 0.3)
    videos = [{clip.name.split(":")[0] for clip in side} for side in (learned, held)]
    assert len(videos[1]) == 1 and not videos[0] & videos[1] and len(learned + held) == 6


def test_a_difference_counts_only_beyond_chance() -> None:
    rng = np.random.default_rng(1)
    before = rng.uniform(0.3, 0.8, 40)
    sure = compare(before, before + 0.02 + rng.normal(0, 0.01, 40))
    unsure_after = before + 0.005 + rng.normal(0, 0.1, 40)
    unsure = compare(before, unsure_after)
    worse = compare(before, before - 0.02)
    assert sure.helped and not unsure.helped and not worse.helped
    assert sure._replace(rendered=-0.005).helped and not sure._replace(rendered=-0.02).helped
    # 90 %, of the gain: see test_bootstrap.
    assert (unsure.low, unsure.high) == mean_interval(unsure_after - before, 0.9)


def test_a_tracker_s_file_starts_its_whole_network() -> None:
    """The training begins with what ships, in the network that learns and in the one that is remembered."""
    module, tracker = build(read_recipe(adapting.RECIPE)), load()
    for part in (module.net, module.teacher):
        for (name, mine), shipped in zip(
            part.state_dict().items(), tracker.net.state_dict().values(), strict=True
        ):
            assert torch.equal(mine, shipped), name
    with pytest.raises(WeightsError, match="missing"):
        fill(module.net, {"net.other": torch.zeros(1)}, "another file")


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    """Tracks in a video of a camera that pans over a textured wall, found once: that takes seconds."""
    folder = tmp_path_factory.mktemp("footage")
    rng = np.random.default_rng(0)
    wall = cv2.resize(rng.integers(0, 255, (60, 90, 3), np.uint8), (540, 360), interpolation=cv2.INTER_CUBIC)
    video = cv2.VideoWriter(str(folder / "wall.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25, (320, 240))
    for i in range(24):
        video.write(np.ascontiguousarray(wall[i : i + 240, 2 * i : 2 * i + 320]))
    video.release()
    found = adapting._tracks(folder, lambda text: None)
    for clip in found:
        moved = clip.boxes[1:, :2] - clip.boxes[:-1, :2]
        assert np.abs(moved - [-2, -1]).max() < 0.1, "the wall moves by as much in every frame"
    return found


@pytest.mark.parametrize("helps", [True, False])
def test_weights_are_written_for_use_only_where_they_help(
    helps: bool,
    tracks: list[Clip],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    verdict = Outcome(0.6, 0.7 if helps else 0.61, 0.05 if helps else -0.01, 0.12, 20)
    monkeypatch.setattr(adapting, "compare", lambda before, after: verdict)
    monkeypatch.setattr(adapting, "FLIGHTS", 2)
    monkeypatch.setattr(adapting, "_tracks", lambda folder, tell: tracks)
    recipe = recipe_files()[adapting.RECIPE].read_text().replace("runs: 60, frames: 40", "runs: 8, frames: 8")
    (tmp_path / "quick.yaml").write_text(recipe)
    command = ["train", "--adapt", str(tmp_path), "--recipe", str(tmp_path / "quick.yaml"), "--epochs", "1"]
    assert cli.main([*command, "--out", str(tmp_path), "--pairs", "16", "--accelerator", "cpu"]) == 0
    said = capsys.readouterr().out
    assert ("use the preset" in said) is helps and ("shipped weights are kept" in said) is not helps
    assert (tmp_path / f"{NAME}.yaml").is_file() is helps
    if helps:
        moved = tmp_path / "robot"
        moved.mkdir()
        for ending in ("yaml", "safetensors"):
            shutil.copy(tmp_path / f"{NAME}.{ending}", moved)
        adapted, shipped = load(str(moved / f"{NAME}.yaml")), load()
        assert adapted.session_settings == shipped.session_settings
        changed = {
            name.split(".")[1]
            for name, tensor in adapted.net.state_dict().items()
            if not torch.equal(tensor, shipped.net.state_dict()[name])
        }
        assert changed and "backbone" not in changed
        assert read_state_dict(tmp_path / f"{NAME}.safetensors").keys() == shipped.state_dict().keys()
        assert "0.700" in (tmp_path / f"{NAME}.md").read_text()


def test_too_little_footage_is_said_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "--adapt", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "there is no video under" in capsys.readouterr().err
    assert cli.main(["train", "--adapt", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 2
    assert "no such folder" in capsys.readouterr().err
    assert cli.main(["train", "--adapt", str(tmp_path)]) == 2
    assert "--out FOLDER" in capsys.readouterr().err
    for more in (["--devices", "2"], ["--devices", "auto"], ["--num-nodes", "2"]):
        assert cli.main(["train", "--adapt", str(tmp_path), "--out", str(tmp_path / "out"), *more]) == 2
        assert "takes minutes on one device" in capsys.readouterr().err
    more = ["--out", str(tmp_path / "out"), "--data", f"vid={tmp_path}"]
    assert cli.main(["train", "--adapt", str(tmp_path), *more]) == 2
    assert "says where the videos are: leave out --data" in capsys.readouterr().err
