# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Evaluation and training that are killed, or whose disk is full, lose nothing that was finished."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from disk_helpers import ENVIRONMENT, on_a_small_disk
from training_helpers import recipe_of

from tracker_ros.cli import main
from tracker_ros.training.checkpoints import CheckpointError, WholeFiles, read_checkpoint
from tracker_ros.training.keeping import BEST, LAST
from tracker_ros.training.recipes import build
from tracker_ros.training.smoke import smoke_sources
from tracker_ros.training.trainer import train

ROOT = Path(__file__).resolve().parents[2]
SEQUENCES, FRAMES = 8, 60


# -- evaluation --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sequences of a textured square over a textured ground."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    ground = cv2.resize(rng.integers(0, 255, (18, 24, 3), dtype=np.uint8), (120, 90))
    target = rng.integers(0, 255, (20, 20, 3), dtype=np.uint8)
    for number in range(SEQUENCES):
        images = folder / f"s{number}" / "img"
        images.mkdir(parents=True)
        for index in range(FRAMES):
            frame = ground.copy()
            frame[30:50, 10 + index : 30 + index] = target
            cv2.imwrite(str(images / f"{index:04d}.png"), frame)
        rows = [f"{10 + index},30,20,20" for index in range(FRAMES)]
        (images.parent / "groundtruth.txt").write_text("\n".join(rows))
    return folder


@pytest.fixture(scope="module")
def undisturbed(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The boxes' files of a run that nothing happened to."""
    out = tmp_path_factory.mktemp("undisturbed")
    assert main(evaluation(data, out)) == 0
    return boxes(out)


def evaluation(data: Path, out: Path | str) -> list[str]:
    return ["eval", "--root", str(data), "--trackers", "kcf", "--jobs", "1", "--out", str(out)]


def boxes(out: Path) -> dict[str, str]:
    """Finished runs by name."""
    return {path.stem: path.read_text() for path in (out / "ope" / "kcf").glob("s?.txt")}


def written(out: Path) -> dict[str, int]:
    """When each file of finished runs was written."""
    paths = [path for name in boxes(out) for path in (out / "ope" / "kcf").glob(f"{name}*.txt")]
    return {path.name: path.stat().st_mtime_ns for path in paths}


def finish(data: Path, out: Path, undisturbed: dict[str, str]) -> None:
    """Run the command again: it makes what is missing, and nothing else."""
    before, times = boxes(out), written(out)
    assert 0 < len(before) < SEQUENCES and all(undisturbed[name] == text for name, text in before.items())
    assert main(evaluation(data, out)) == 0
    assert boxes(out) == undisturbed
    assert {name: written(out)[name] for name in times} == times, "finished runs were made again"


def test_an_evaluation_that_is_killed_goes_on_where_it_was(
    data: Path, tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tracker_ros.cli", *evaluation(data, tmp_path)],
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
    )
    end = time.monotonic() + 60
    while not boxes(tmp_path):
        assert process.poll() is None and time.monotonic() < end, "no result"
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    finish(data, tmp_path, undisturbed)


def test_an_evaluation_on_a_full_disk_says_so_and_goes_on_with_more_room(
    data: Path, tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    done = on_a_small_disk(tmp_path, "64k", sys.executable, "-m", "tracker_ros.cli", *evaluation(data, "out"))
    assert done.returncode == 2, done.stdout + done.stderr
    told = " ".join(done.stderr.split())
    assert "cannot write out/ope/kcf/s" in told and "No space left on device" in told
    assert "Traceback" not in done.stdout + done.stderr
    assert not [path for path in (tmp_path / "kept").rglob(".*") if path.is_file()], "parts of files are left"
    finish(data, tmp_path / "kept", undisturbed)


# -- training ----------------------------------------------------------------------------------------

TRAINING = """
import os, signal, sys, torch
from pathlib import Path
from disk_helpers import ENVIRONMENT, on_a_small_disk
from training_helpers import recipe_of
from tracker_ros.training import checkpoints
from tracker_ros.training.keeping import BEST, LAST
from tracker_ros.training.recipes import build
from tracker_ros.training.smoke import smoke_sources
from tracker_ros.training.trainer import train

# A name: the process dies where the file of that name would be replaced for the second time.
count, replace = 0, os.replace
def dies(source, target):
    global count
    count += Path(target).name == sys.argv[1]
    if count == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)

os.replace = dies
torch.manual_seed(0)
recipe = recipe_of(9)
module = build(recipe)
try:
    train(module, recipe, smoke_sources(module.spec), Path("out"), accelerator="cpu")
except checkpoints.CheckpointError as error:
    sys.exit(str(error))
"""


def goes_on(last: Path, folder: Path) -> None:
    """From this checkpoint the weights become those of a run that nothing happened to."""
    epochs = read_checkpoint(last)["epoch"] + 2
    recipe = recipe_of(epochs)
    torch.manual_seed(0)
    whole = build(recipe)
    train(whole, recipe, smoke_sources(whole.spec), folder / "whole", accelerator="cpu")
    torch.manual_seed(1)
    resumed = build(recipe)
    fit = train(
        resumed, recipe, smoke_sources(resumed.spec), folder / "resumed", accelerator="cpu", resume=last
    )
    assert fit.steps_done == 2 * epochs
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], tensor, msg=name, rtol=0, atol=0)


@pytest.mark.parametrize("name", [BEST, LAST])
def test_training_that_is_killed_while_it_writes_a_checkpoint_goes_on_from_the_last(
    tmp_path: Path, name: str
) -> None:
    done = subprocess.run([sys.executable, "-c", TRAINING, name], cwd=tmp_path, env=ENVIRONMENT,
                          capture_output=True, text=True, timeout=100)  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    last = tmp_path / "out" / LAST
    assert read_checkpoint(last)["epoch"] == 0
    goes_on(last, tmp_path)


@pytest.mark.parametrize(
    ("sizes", "kept", "way"),
    [
        # Of the first epoch two checkpoints, its best and its last; a third one does not fit beside them.
        (2.5, [BEST, "curves.csv", "curves.png", LAST, "logs"], f"go on with --resume out/{LAST}"),
        (0.5, ["logs"], "begin again: there is no checkpoint yet"),
    ],
)
def test_training_on_a_full_disk_says_so_and_keeps_the_last_checkpoint(
    tmp_path: Path, sizes: float, kept: list[str], way: str
) -> None:
    recipe = recipe_of(1)
    module = build(recipe)
    train(module, recipe, smoke_sources(module.spec), tmp_path / "measured", accelerator="cpu")
    size = (tmp_path / "measured" / "last.ckpt").stat().st_size
    done = on_a_small_disk(tmp_path, str(int(size * sizes)), sys.executable, "-c", TRAINING, "live")
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr[-2000:]
    # Each epoch is better than the one before, so that its best checkpoint comes before its last.
    told = f"cannot write out/{BEST}: No space left on device. Mend that and {way}"
    assert told in done.stderr, done.stderr[-2000:]
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == kept
    if LAST in kept:
        assert read_checkpoint(tmp_path / "kept" / LAST)["epoch"] == 0


class Runs:
    """Executes a command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch ran",)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("missing", "does not exist"),
        ("cut", "no whole checkpoint"),
        ("code", "no whole checkpoint"),
        ("other", "no checkpoint of `tracker_ros train`"),
    ],
)
def test_a_checkpoint_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("last.ckpt")
    if fault != "missing":
        content = {"state_dict": Runs()} if fault == "code" else {"state_dict": torch.zeros(9)}
        WholeFiles().save_checkpoint({"other": 1} if fault == "other" else content, path)
    if fault == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(CheckpointError, match=words) as told:
        read_checkpoint(path)
    assert "weights_only" not in str(told.value) and not Path("ran").exists()
