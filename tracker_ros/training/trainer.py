# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Training with Lightning: devices, machines, checkpoints and logs are its business, losses the module's."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import lightning.pytorch as pl
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor
from torch.utils.data import DataLoader

from tracker_ros.training.checkpoints import WholeFiles, read_checkpoint
from tracker_ros.training.contract import PairTraining
from tracker_ros.training.feature_cache import CachedPairs, fill_cache
from tracker_ros.training.keeping import Keeper, bring_best, require_own
from tracker_ros.training.recipes import Recipe, RecipeError, described
from tracker_ros.training.sampling import PairDataset, collate
from tracker_ros.training.sources import Named
from tracker_ros.training.stopping import Stopped, Stopper
from tracker_ros.training.validation import Validator, hold_out

#: Steps between two drawings of crops and response in the log.
PICTURE_STEPS = 500


class Fit(pl.LightningModule):
    """A training module with its recipe.

    Checkpoints hold, beside Lightning's state, the whole recipe under 'recipe' and the fingerprints of
    the data under 'data'.
    """

    def __init__(self, module: PairTraining, recipe: Recipe, sources: Sequence[Named]) -> None:
        super().__init__()
        self.module, self.recipe, self.sources = module, recipe, list(sources)
        self.bad: Counter[str] = Counter()
        self.steps_done, self.last_loss = 0, float("nan")
        self.stopped = ""

    def fingerprints(self) -> dict[str, str]:
        """Identify each kind of data by its SHA-256."""
        return {source.kind: source.fingerprint for source in self.sources}

    def configure_optimizers(self) -> Any:
        """Make parameter groups by the recipe's rates, and a schedule that follows the epochs smoothly."""
        recipe = self.recipe
        groups: dict[float, list[torch.nn.Parameter]] = {}
        for name, parameter in self.module.named_parameters():
            if parameter.requires_grad:
                groups.setdefault(self._relative_rate(name), []).append(parameter)
        listed = [{"params": params, "lr": rate * recipe.optimizer.lr} for rate, params in groups.items()]
        optimizer = recipe.optimizer.build(listed)
        # Lightning's own estimate would open the data before it knows where a resumed run stands.
        steps = max(self.steps_an_epoch() * recipe.epochs, 1)

        def share(step: int) -> float:
            return recipe.schedule.share(step / steps * recipe.epochs, recipe.epochs, recipe.optimizer.lr)

        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, share)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def steps_an_epoch(self) -> int:
        """Count the steps of an epoch; a last batch that is not full is dropped."""
        return -(-self.recipe.pairs_per_epoch // self.trainer.world_size) // self.recipe.batch_size

    def _relative_rate(self, name: str) -> float:
        found = [part for part in self.recipe.lr_multipliers if _within(name, part)]
        return self.recipe.lr_multipliers[max(found, key=len)] if found else 1.0

    def training_step(self, batch: dict[str, Any], index: int) -> Tensor:
        """Return the loss of a batch; broken images that were met on the way are counted and named once."""
        for name in batch.pop("bad"):
            if not self.bad[name]:
                self.print(f"broken image, another pair was drawn instead: {name}")
            self.bad[name] += 1
        # A step draws the same values whether or not the run was interrupted before it.
        torch.manual_seed((self.recipe.seed * 1_000_003 + self.global_step) * 1009 + self.global_rank)
        if "exemplar" in batch:  # else the features of frozen parts, out of a cache
            for name in ("exemplar", "search"):
                batch[name] = batch[name].float()
            batch = self.recipe.augment(batch)
        outputs = self.module(batch)
        scalars = {name: value.detach() for name, value in outputs.items() if name != "response"}
        count = batch["positive"].shape[0]
        self.log_dict(scalars, prog_bar=True, on_step=True, batch_size=count)
        self.log("bad_images", float(sum(self.bad.values())), reduce_fx="max", batch_size=count)
        if self.global_step % PICTURE_STEPS == 0 and "response" in outputs and "exemplar" in batch:
            self._draw(batch, outputs["response"])
        loss: Tensor = outputs["loss"]
        if not torch.isfinite(loss):
            raise FloatingPointError(
                f"the loss became {loss.item()} at step {self.global_step}:"
                " lower the recipe's rate or set its clip"
            )
        self.steps_done, self.last_loss = self.global_step + 1, float(loss.detach())
        return loss

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Drop gradients of parts that do not learn yet; their optimizer statistics then stay as they are."""
        for part, until in self.recipe.freeze_epochs.items():
            if self.current_epoch < until:
                for parameter in self.module.get_submodule(part).parameters():
                    parameter.grad = None

    def on_train_start(self) -> None:
        """Unfreeze more parts: a run that goes on inside an epoch has no start of the epoch."""
        self.train_parts()

    def on_train_epoch_start(self) -> None:
        """Unfreeze more parts than in the epoch before."""
        self.train_parts()

    def train_parts(self) -> None:
        """Set training mode, save for parts that do not learn yet: their batch statistics stay as they are.

        On one device they take no part in the backward pass either; several devices agree at the start
        on the gradients that they exchange.
        """
        self.module.train()
        for part, until in self.recipe.freeze_epochs.items():
            learns = self.current_epoch >= until
            self.module.get_submodule(part).train(learns)
            if self.trainer.world_size == 1:
                self.module.get_submodule(part).requires_grad_(learns)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Record in the checkpoint what it was trained with."""
        checkpoint["recipe"] = described(self.recipe)
        checkpoint["data"] = self.fingerprints()
        checkpoint["domains"] = sum(named.source.domains for named in self.sources)

    def _draw(self, batch: dict[str, Any], response: Tensor) -> None:
        """Draw exemplar, search crop and response of the batch's first sample, for TensorBoard."""
        for logger in self.loggers:
            if isinstance(logger, TensorBoardLogger):
                low, high = response[0].min(), response[0].max()
                scaled = (response[0] - low) / (high - low).clamp(min=1e-9)
                pictures = {"response": scaled.float().unsqueeze(0)}
                for name in ("exemplar", "search"):
                    crop = batch[name][0] if batch[name].dim() == 4 else batch[name][0, 0]
                    pictures[name] = crop / 255
                for name, picture in pictures.items():
                    logger.experiment.add_image(name, picture.cpu(), self.global_step)


def _within(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}.")


class Pairs(pl.LightningDataModule):
    """The recipe's pairs: new ones every epoch (or those of a cache), the same in every run of a seed."""

    def __init__(
        self, recipe: Recipe, sources: Sequence[Named], workers: int, cached: CachedPairs | None = None
    ) -> None:
        super().__init__()
        weighted = [(named.source, named.weight) for named in sources]
        self.dataset = cached or PairDataset(weighted, recipe.pairs_per_epoch, recipe.seed)
        self.batch, self.workers = recipe.batch_size, workers

    def train_dataloader(self) -> DataLoader[dict[str, Any]]:
        """Return a loader of this epoch's pairs (the trainer asks anew for each epoch).

        A run that goes on inside an epoch begins with the first pair that it has not seen. The loader's
        length stays that of an epoch: Lightning counts the steps before the interruption too.
        """
        trainer = self.trainer
        if trainer is not None:
            done = cast(Any, trainer.fit_loop.epoch_loop.batch_progress.current).processed
            whole = -(-len(self.dataset) // trainer.world_size) // self.batch
            self.dataset.epoch = trainer.current_epoch
            self.dataset.start = done * self.batch * trainer.world_size if done < whole else 0
        return DataLoader(
            self.dataset, self.batch, num_workers=self.workers, collate_fn=collate, drop_last=True
        )


def train(
    module: PairTraining,
    recipe: Recipe,
    sources: Sequence[Named],
    out: Path,
    *,
    devices: str = "1",
    nodes: int = 1,
    strategy: str = "auto",
    accelerator: str = "auto",
    workers: int = 0,
    resume: Path | None = None,
    quiet: bool = False,
    limit: float | None = None,
    interval: float = 600.0,
) -> Fit:
    """Train and leave checkpoints, curves and TensorBoard's logs under `out`.

    The last checkpoint is last.ckpt; best.ckpt is the best by the recipe's validation. A run that goes on
    from any checkpoint ends with the numbers of one that was never interrupted.

    Args:
        devices, nodes, strategy, accelerator: as Lightning's Trainer takes them.
        workers: processes that draw pairs, for each device.
        resume: a checkpoint to go on from.
        quiet: no progress bar, no logs, no validation, no checkpoints.
        limit: seconds after which to end, between two steps.
        interval: seconds between two checkpoints inside an epoch.

    Returns:
        The Lightning module; its `stopped` tells why training ended early, '' where it did not.

    Raises:
        CheckpointError: when a checkpoint cannot be written, the one to go on from cannot be read, or `out`
            holds one of another training.
        RecipeError: when Lightning refuses the devices or the strategy.
    """
    require_own(out, resume)
    if resume:
        read_checkpoint(resume)
    pl.seed_everything(recipe.seed, workers=True)
    # Lightning finds the loader not to be resumable; the data set behind it is.
    warnings.filterwarnings("ignore", ".*your dataloader is not resumable")
    learned, held = hold_out(sources, recipe.validation.share if not quiet else 0.0)
    validator = Validator(recipe, module, held) if recipe.validation.share > 0 and not quiet else None
    stopper = Stopper(limit)
    keeper = Keeper(out, stopper, validator or None, recipe.validation, interval)
    trainer = _lightning(
        recipe,
        out,
        None if quiet else [stopper, keeper],
        accelerator=accelerator,
        devices=devices if not devices.isdigit() else int(devices),
        num_nodes=nodes,
        strategy=strategy,
    )
    module.prepare(sum(named.source.domains for named in learned))
    fit = Fit(module, recipe, learned)
    cached = None
    if recipe.cache and not quiet:
        cached = fill_cache(module, recipe, learned, trainer.strategy.root_device, trainer.print)
    data = Pairs(recipe, learned, workers, cached)
    bring_best(out, resume)
    try:
        trainer.fit(fit, datamodule=data, ckpt_path=str(resume) if resume else None)
    except Stopped as end:
        fit.stopped = keeper.reason
        fit.print(f"training {end}")
    if fit.bad:
        fit.print(f"{sum(fit.bad.values())} draws met {len(fit.bad)} broken images")
    return fit


def _lightning(recipe: Recipe, out: Path, callbacks: list[pl.Callback] | None, **machine: Any) -> pl.Trainer:
    """Make Lightning's trainer for a recipe; without callbacks it shows and keeps nothing.

    Raises:
        RecipeError: when there is no such machine here.
    """
    quiet = callbacks is None
    logger = False if quiet else TensorBoardLogger(str(out), name="logs", version="")
    try:
        return pl.Trainer(
            **machine,
            precision=cast(Any, recipe.precision),
            max_epochs=recipe.epochs,
            gradient_clip_val=recipe.gradient_clip or None,
            logger=logger,
            callbacks=callbacks or [],
            log_every_n_steps=20,
            reload_dataloaders_every_n_epochs=1,
            default_root_dir=str(out),
            enable_model_summary=False,
            enable_checkpointing=False,
            enable_progress_bar=not quiet,
            plugins=[WholeFiles()],
        )
    except (MisconfigurationException, TypeError, ValueError) as error:
        given = ", ".join(f"{name} {value}" for name, value in machine.items())
        why = " ".join(str(error).split())
        raise RecipeError(f"cannot train with {given}, precision {recipe.precision}: {why}") from error
