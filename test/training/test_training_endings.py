# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A training that ends early, by time, by a signal or without progress, and what it leaves to go on from."""

from __future__ import annotations

import csv
import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import lightning.pytorch as pl
import pytest
import torch
from training_helpers import fitted, two_epochs, write_labelled, write_labelled_recipe

from tracker_ros.training import keeping
from tracker_ros.training.checkpoints import read_checkpoint
from tracker_ros.training.lengths import seconds, spoken
from tracker_ros.training.recipes import Validation
from tracker_ros.training.stopping import NO_PROGRESS, SIGNAL, TIME, Stopper
from tracker_ros.training.validation import Validator, Verdict

ROOT = Path(__file__).resolve().parents[2]
#: Seconds that are over after any step.
NOTHING = 1e-9


@pytest.mark.parametrize("freeze_epochs", [{}, {"backbone.stem": 1}])
def test_a_run_stopped_after_every_step_ends_with_the_numbers_of_an_uninterrupted_one(
    freeze_epochs: dict, tmp_path: Path
) -> None:
    recipe = two_epochs(freeze_epochs=freeze_epochs)
    whole = fitted(recipe, tmp_path / "whole")
    assert whole.steps_done == 6 and whole.stopped == ""
    fit, resume, steps = None, None, []
    while fit is None or fit.stopped:
        fit = fitted(recipe, tmp_path / "parts", limit=NOTHING, resume=resume)
        resume = tmp_path / "parts" / keeping.LAST
        steps.append(fit.steps_done)
    # A run ends after each step that is not the last of all.
    assert steps == [1, 2, 3, 4, 5, 6]
    for name, tensor in whole.module.state_dict().items():
        torch.testing.assert_close(fit.module.state_dict()[name], tensor, rtol=0, atol=0, msg=name)


def test_time_runs_out_between_two_steps(tmp_path: Path) -> None:
    fit = fitted(two_epochs(), tmp_path, limit=NOTHING)
    assert (fit.steps_done, fit.stopped) == (1, TIME)
    assert read_checkpoint(tmp_path / keeping.LAST)["global_step"] == 1


def test_checkpoints_are_written_inside_an_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    save = keeping.Keeper.save
    monkeypatch.setattr(
        keeping.Keeper,
        "save",
        lambda self, trainer, name: (written.append((trainer.global_step, name)), save(self, trainer, name)),
    )
    fitted(two_epochs(epochs=1), tmp_path, interval=NOTHING)
    assert written == [(1, keeping.LAST), (2, keeping.LAST), (3, keeping.LAST)]


def test_the_best_checkpoint_is_kept_and_no_progress_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = iter([Verdict(2.0, 0.2), Verdict(3.0, 0.6), Verdict(1.0, 0.5), Verdict(0.5, 0.6)])
    monkeypatch.setattr(Validator, "__call__", lambda self, module, device: next(verdicts))
    fit = fitted(two_epochs(epochs=9, validation=Validation(stop_after=2)), tmp_path)
    # The AUC decides, not the loss; as good as the best is no progress.
    assert read_checkpoint(tmp_path / keeping.BEST)["global_step"] == 6
    assert (fit.steps_done, fit.stopped) == (12, NO_PROGRESS)
    with (tmp_path / "curves.csv").open() as stream:
        rows = [(int(r["step"]), float(r["value"])) for r in csv.DictReader(stream) if "auc" in r["name"]]
    assert rows == [(3, 0.2), (6, 0.6), (9, 0.5), (12, 0.6)]
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_resumed_run_remembers_the_best_and_the_curves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = iter([Verdict(1.0, 0.7), Verdict(1.0, 0.3)])
    monkeypatch.setattr(Validator, "__call__", lambda self, module, device: next(verdicts))
    judged = two_epochs(validation=Validation())
    fitted(dataclasses.replace(judged, epochs=1), tmp_path)
    fitted(judged, tmp_path, resume=tmp_path / keeping.LAST)
    assert read_checkpoint(tmp_path / keeping.BEST)["global_step"] == 3
    lines = (tmp_path / "curves.csv").read_text().splitlines()
    assert "3,validation auc,0.7" in lines and "6,validation auc,0.3" in lines


def test_validation_changes_nothing_of_the_training(tmp_path: Path) -> None:
    plain = fitted(two_epochs(), tmp_path / "plain")
    judged = fitted(two_epochs(validation=Validation(pairs=2)), tmp_path / "judged")
    for name, tensor in plain.module.state_dict().items():
        torch.testing.assert_close(judged.module.state_dict()[name], tensor, rtol=0, atol=0, msg=name)


def test_a_first_signal_is_noticed_and_a_second_one_is_not_held_back() -> None:
    def former(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, former)
    try:
        stopper = Stopper()
        trainer = pl.Trainer(logger=False, enable_checkpointing=False, accelerator="cpu")
        stopper.on_train_start(trainer, None)
        assert stopper.reason(trainer) == ""
        os.kill(os.getpid(), signal.SIGTERM)
        assert stopper.reason(trainer) == SIGNAL
        assert signal.getsignal(signal.SIGTERM) is former
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """A folder of two labelled pictures."""
    write_labelled(tmp_path)
    return tmp_path


@pytest.fixture
def command(labelled: Path) -> Iterator[list[str]]:
    """A training by the command that takes long unless it is stopped."""
    write_labelled_recipe(labelled / "long.yaml", 100_000)
    start = [sys.executable, "-m", "tracker_ros.cli", "train", "--recipe", "long.yaml", "--out", "out"]
    yield [*start, "--data", "labelled=.", "--accelerator", "cpu"]


@pytest.mark.timeout(300)
def test_sigterm_loses_no_step_and_the_run_goes_on(command: list[str], labelled: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    options = {"cwd": labelled, "env": environment, "text": True, "stderr": subprocess.STDOUT}
    saved = labelled / "out" / keeping.LAST
    with subprocess.Popen([*command, "--save-every", "1s"], stdout=subprocess.PIPE, **options) as process:
        limit = time.monotonic() + 200
        while not saved.is_file() and process.poll() is None and time.monotonic() < limit:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 143, output[-2000:]
    done = read_checkpoint(saved)["global_step"]
    assert f"ended after step {done} (signal); go on with --resume out/last.ckpt" in output
    more = [*command, "--resume", "out/last.ckpt", "--time-limit", "0.001s", "--export", "out/w.safetensors"]
    finished = subprocess.run(more, stdout=subprocess.PIPE, timeout=200, **options)
    assert finished.returncode == 0, finished.stdout[-2000:]
    assert f"ended after step {done + 1} (time)" in finished.stdout
    assert "labelled: 2 targets, 2 boxes" in finished.stdout
    assert (labelled / "out/w.safetensors").is_file()


@pytest.mark.parametrize("text, length", [("90", 90), ("90s", 90), ("30m", 1800), ("1.5h", 5400)])
def test_lengths_of_time(text: str, length: float) -> None:
    assert seconds(text) == length


@pytest.mark.parametrize("text", ["", "0", "-3", "2d", "ten", "1h30m"])
def test_no_length_of_time(text: str) -> None:
    with pytest.raises(ValueError, match="write 90s, 30m or 1.5h"):
        seconds(text)


def test_lengths_are_said_in_units_that_fit() -> None:
    said = [spoken(length) for length in (5, 70, 120, 5000, 9000, 400_000)]
    assert said == ["5 s", "70 s", "2 min", "83 min", "2.5 h", "4.6 days"]
