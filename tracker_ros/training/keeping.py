# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Files that a training leaves while it runs: the last and the best checkpoint, and its curves."""

from __future__ import annotations

import math
import os
import shlex
import time
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch

from tracker_ros.files import WriteError, write_whole
from tracker_ros.training.checkpoints import CheckpointError, read_checkpoint
from tracker_ros.training.curves import Point, write_curves
from tracker_ros.training.recipes import Validation
from tracker_ros.training.stopping import NO_PROGRESS, SIGNAL, Stopped, Stopper, anywhere
from tracker_ros.training.validation import Validator, Verdict

LAST, BEST = "last.ckpt", "best.ckpt"
#: Steps between two points of the curves of training.
_POINT = 20


def go_on(checkpoint: Path) -> str:
    """Return the words that tell how to go on from a checkpoint."""
    return f"go on with --resume {shlex.quote(str(checkpoint))}"


def require_own(out: Path, resume: Path | None) -> None:
    """Refuse a folder with a checkpoint of another training: it would be lost, or exported as this one's.

    Args:
        out: where checkpoints will go.
        resume: the checkpoint to go on from; that of this folder is this training's.

    Raises:
        CheckpointError: naming it.
    """
    left = [out / name for name in (LAST, BEST) if (out / name).exists()]
    if left and not _is_in(resume, out) and _is_first():
        raise CheckpointError(f"{left[0]} is another training's: {go_on(left[0])}, or give another --out")


def bring_best(out: Path, resume: Path | None) -> None:
    """Copy the best checkpoint so far of a training that goes on in another folder."""
    if resume is None or _is_in(resume, out) or not _is_first():
        return
    best = resume.parent / BEST
    if best.is_file() and read_checkpoint(best)["global_step"] <= read_checkpoint(resume)["global_step"]:
        write_whole(out / BEST, best.read_bytes())


def _is_first() -> bool:
    """Return whether this is the first process of a training on several devices, and may write."""
    return all(os.environ.get(name, "0") == "0" for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"))


def _is_in(file: Path | None, folder: Path) -> bool:
    return file is not None and file.resolve().parent == folder.resolve()


class Keeper(pl.Callback):
    """Saves, validates, and ends the training early where the stopper or the recipe says so.

    Args:
        out: folder of the checkpoints.
        stopper: knows when to end.
        validator: None for no validation.
        settings: the recipe's.
        interval: seconds between two checkpoints inside an epoch.
    """

    def __init__(
        self, out: Path, stopper: Stopper, validator: Validator | None, settings: Validation, interval: float
    ) -> None:
        self.out, self.stopper, self.validator, self.settings = out, stopper, validator, settings
        self.interval = interval
        self.points: list[Point] = []
        self.best, self.since = -math.inf, 0
        self.reason = ""
        self._saved = 0.0

    def state_dict(self) -> dict[str, Any]:
        """Return the state that a resumed training needs."""
        return {"points": self.points, "best": self.best, "since": self.since}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state of the training that is resumed."""
        self.points = [tuple(point) for point in state_dict["points"]]
        self.best, self.since = state_dict["best"], state_dict["since"]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock of the checkpoints; without the best one so far, the next one is."""
        self._saved = time.monotonic()
        if self.best > -math.inf and not trainer.strategy.broadcast((self.out / BEST).is_file()):
            self.best, self.since = -math.inf, 0

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Note the losses now and then; save inside an epoch, and where the training ends here."""
        if trainer.global_step % _POINT == 0:
            self._note(trainer, {n: float(v) for n, v in trainer.logged_metrics.items() if n != "bad_images"})
            self._note(trainer, {"rate": float(trainer.optimizers[0].param_groups[0]["lr"])})
        last = batch_idx + 1 >= trainer.num_training_batches
        reason = self.stopper.reason(trainer)
        if last:
            return  # the end of the epoch saves, and its state is simpler to go on from
        if reason:
            self._end(trainer, pl_module, reason)
        if anywhere(trainer, time.monotonic() - self._saved >= self.interval):
            self.save(trainer, LAST)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Validate, also where the training ends here, save, and end where nothing got better for long."""
        done, reason = trainer.current_epoch + 1, self.stopper.reason(trainer)
        ends = done >= int(trainer.max_epochs or 0) or reason not in ("", SIGNAL)
        if ends or done % self.settings.every == 0:
            self.validate(trainer, pl_module)
        self.save(trainer, LAST)
        reason = self.stopper.reason(trainer)
        if not reason and 0 < self.settings.stop_after <= self.since:
            reason = NO_PROGRESS
        if reason and trainer.current_epoch + 1 < int(trainer.max_epochs or 0):
            raise self._stopped(trainer, reason)

    def validate(self, trainer: pl.Trainer, fit: Any) -> None:
        """Judge the module as it is; where it is the best so far, keep it as the best checkpoint."""
        if self.validator is None:
            return
        found = torch.full([2], math.nan, dtype=torch.float64)
        if trainer.is_global_zero:
            found = torch.tensor(self.validator(fit.module, fit.device), dtype=torch.float64)
            fit.train_parts()
        found = trainer.strategy.broadcast(found)
        verdict = Verdict(float(found[0]), float(found[1]))
        values = {"validation loss": verdict.loss, "validation auc": verdict.auc}
        self._note(trainer, {name: value for name, value in values.items() if math.isfinite(value)})
        better = verdict.worth > self.best
        self.since = 0 if better else self.since + 1
        said = ", ".join(f"{name} {value:.4g}" for name, value in values.items() if math.isfinite(value))
        fit.print(f"step {trainer.global_step}: {said}{' (best so far)' if better else ''}")
        if better:
            self.best = verdict.worth
            self.save(trainer, BEST)

    def save(self, trainer: pl.Trainer, name: str) -> None:
        """Write a checkpoint and the curves up to here.

        Raises:
            CheckpointError: when they cannot be written, saying how to go on.
        """
        try:
            trainer.save_checkpoint(self.out / name, weights_only=False)  # as by default, without a remark
            self._saved = time.monotonic()
            if trainer.is_global_zero and self.points:
                write_curves(self.points, self.out)
        except WriteError as error:
            last, way = self.out / LAST, "begin again: there is no checkpoint yet"
            if last.is_file():
                way = go_on(last)
            raise CheckpointError(f"{error}. Mend that and {way}") from error

    def _end(self, trainer: pl.Trainer, fit: pl.LightningModule, reason: str) -> None:
        # After a signal the process may have seconds to live: what counts is saved first.
        self.save(trainer, LAST)
        if reason != SIGNAL:
            self.validate(trainer, fit)
            self.save(trainer, LAST)
        raise self._stopped(trainer, reason)

    def _stopped(self, trainer: pl.Trainer, reason: str) -> Stopped:
        self.reason = reason
        return Stopped(f"ended after step {trainer.global_step} ({reason}); {go_on(self.out / LAST)}")

    def _note(self, trainer: pl.Trainer, values: dict[str, float]) -> None:
        self.points += [(trainer.global_step, name, value) for name, value in values.items()]
        for logger in trainer.loggers if "validation" in " ".join(values) else ():
            logger.log_metrics(values, trainer.global_step)
