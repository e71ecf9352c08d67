# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Folders of checkpoints: no training loses another one's, or takes it for its own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from training_helpers import fitted, two_epochs, write_labelled, write_labelled_recipe

from tracker_ros.cli import main
from tracker_ros.training import keeping
from tracker_ros.training.checkpoints import CheckpointError, read_checkpoint
from tracker_ros.training.recipes import Validation
from tracker_ros.training.validation import Validator, Verdict


def judged(**changes: object) -> Any:
    return two_epochs(**{"validation": Validation(), **changes})


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The AUCs that validations find, one after the other."""
    found: list[float] = []
    monkeypatch.setattr(Validator, "__call__", lambda self, module, device: Verdict(1.0, found.pop(0)))
    return found


def best_of(folder: Path) -> tuple[int, float]:
    """The step of the best checkpoint, and its AUC."""
    checkpoint = read_checkpoint(folder / keeping.BEST)
    (state,) = [s for s in checkpoint["callbacks"].values() if "best" in s]
    return checkpoint["global_step"], state["best"]


@pytest.mark.parametrize("name", [keeping.LAST, keeping.BEST])
def test_another_training_s_checkpoint_is_not_replaced(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"hours of work")
    (tmp_path / "elsewhere.ckpt").write_bytes(b"")
    for resume in (None, tmp_path / "of another folder" / "last.ckpt"):
        with pytest.raises(CheckpointError, match=f"{name} is another training's: go on with --resume"):
            fitted(judged(), tmp_path, resume=resume)
    assert (tmp_path / name).read_bytes() == b"hours of work"


def test_the_best_checkpoint_goes_along_to_another_folder(judge: list[float], tmp_path: Path) -> None:
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    judge += [0.7, 0.3, 0.2]
    fitted(judged(epochs=1), one)
    fitted(judged(), two, resume=one / keeping.LAST)
    assert best_of(two) == (3, 0.7) and best_of(one) == (3, 0.7)
    # Where it is not beside the checkpoint to go on from, the next one is the best that there is.
    (one / keeping.BEST).unlink()
    fitted(judged(), three, resume=one / keeping.LAST)
    assert best_of(three) == (6, 0.2)


def test_a_best_checkpoint_of_a_later_step_does_not(judge: list[float], tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    judge += [0.7, 0.9, 0.1]
    fitted(judged(epochs=1), one)
    early = shutil.copy(one / keeping.LAST, one / "early.ckpt")
    fitted(judged(), one, resume=one / keeping.LAST)
    assert best_of(one) == (6, 0.9)
    fitted(judged(), two, resume=Path(early))
    assert best_of(two) == (6, 0.1)


@pytest.mark.parametrize(("epochs", "steps"), [(1, [3]), (4, [6, 12]), (5, [6, 12, 15])])
def test_what_validates_now_and_then_validates_at_its_end(
    epochs: int, steps: list[int], judge: list[float], tmp_path: Path
) -> None:
    judge += [0.1, 0.2, 0.3]
    fitted(judged(epochs=epochs, validation=Validation(every=2)), tmp_path)
    lines = [line for line in (tmp_path / "curves.csv").read_text().splitlines() if "auc" in line]
    assert [int(line.split(",")[0]) for line in lines] == steps


def test_the_way_to_go_on_can_be_pasted() -> None:
    assert keeping.go_on(Path("runs/my run/last.ckpt")) == "go on with --resume 'runs/my run/last.ckpt'"


def test_the_command_exports_its_own_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_labelled(tmp_path)
    write_labelled_recipe(Path("short.yaml"), 4)
    words = [
        "train",
        "--recipe",
        "short.yaml",
        "--data",
        "labelled=.",
        "--accelerator",
        "cpu",
        "--out",
        "run",
    ]
    assert main([*words, "--export", "a.safetensors"]) == 0
    assert (
        "nothing was held out to validate by: the last step's weights are exported" in capfd.readouterr().err
    )
    assert Path("a.md").read_text().startswith("# a\n\n- file: SHA-256"), "a card begins without a gap"
    assert main([*words, "--export", "b.safetensors"]) == 2
    said = capfd.readouterr().err
    assert (
        "run/last.ckpt is another training's: go on with --resume run/last.ckpt, or give another --out"
        in said
    )
    assert "targets" not in said, "the data was read first"
    assert not Path("b.safetensors").exists()
