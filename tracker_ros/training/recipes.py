# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Recipes: one YAML file a training, in config/recipes.

```yaml
paper: Bertinetto et al., 2016    # these three for `train --list`: whose method,
network: AlexNet                  # on which network,
time: 35 min of one core          # how long it took; with (estimate) by scripts/recipe_times.py
module: siamfc.SiamFCTraining     # a class in tracker_ros.training
arguments: {}                     # of its constructor
initial: {model: FILE}            # weights of parts of the module: a file or a manifest name
data: [{kind: vid, weight: 1}]    # see `datasets.READERS`; other keys are the kind's options
pairs_per_epoch: 53200
epochs: 50
batch_size: 8                     # on each device
optimizer: {name: sgd, lr: 1.0e-2, momentum: 0.9, weight_decay: 5.0e-4}
schedule: {name: geometric, final_lr: 1.0e-5}
lr_multipliers: {backbone: 0.1}   # learning rate of parts relative to the rest
freeze_epochs: {backbone: 10}     # parts that do not learn before this epoch
gradient_clip: 10.0               # greatest norm of the gradient; 0 for none
precision: 32-true                # Lightning's names
augment: {flip: 0.5}
seed: 0
cache: true                       # one set of pairs, what frozen parts make of it computed once
smoke: {width_multiplier: 0.25}   # arguments that make a smoke test quick
```
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from tracker_ros.config_files import retired, yaml_file, yaml_files
from tracker_ros.training.augment import Augmentation
from tracker_ros.training.contract import PairTraining
from tracker_ros.training.schedules import Optimizer, Schedule
from tracker_ros.weights.loader import load_weights
from tracker_ros.yaml_files import read_yaml, require_names, require_types

RENAMED = {
    "pairs": "pairs_per_epoch",
    "batch": "batch_size",
    "rates": "lr_multipliers",
    "frozen": "freeze_epochs",
    "clip": "gradient_clip",
    "optimizer.rate": "optimizer.lr",
    "optimizer.decay": "optimizer.weight_decay",
    "schedule.last": "schedule.final_lr",
    "schedule.at": "schedule.milestones",
    "schedule.factor": "schedule.decay_factor",
    "schedule.warmup": "schedule.warmup_epochs",
}
"""Keys of version 0.1 and what each is called now."""


class RecipeError(ValueError):
    """A recipe that is unknown or says something that a recipe cannot say."""


@dataclass(frozen=True)
class Validation:
    """Settings of the validation during training; see `training.validation`.

    Attributes:
        share: of the recordings that are held out; 0 for no validation.
        preset: what tracks with the weights; '' for the preset of the recipe's name, where there is one.
        runs: short runs of the tracker.
        frames: of each run.
        pairs: for the loss.
        every: epochs between two validations.
        stop_after: validations without progress that end the training; 0 for never.
    """

    share: float = 0.05
    preset: str = ""
    runs: int = 16
    frames: int = 40
    pairs: int = 128
    every: int = 1
    stop_after: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1 or self.every < 1 or self.pairs < 1 or min(self.runs, self.stop_after) < 0:
            raise ValueError(
                "validation needs a share from 0 to below 1, at least 1 pair, every at least 1, and neither"
                f" runs nor stop_after below 0; got {self}"
            )


@dataclass(frozen=True)
class Recipe:
    """A training in full; the fields are described in this module's text."""

    name: str
    module: str
    data: list[dict[str, Any]]
    optimizer: Optimizer
    schedule: Schedule
    pairs_per_epoch: int
    epochs: int
    batch_size: int
    arguments: dict[str, Any] = field(default_factory=dict)
    initial: dict[str, str] = field(default_factory=dict)
    lr_multipliers: dict[str, float] = field(default_factory=dict)
    freeze_epochs: dict[str, int] = field(default_factory=dict)
    gradient_clip: float = 0.0
    precision: str = "32-true"
    augment: Augmentation = field(default_factory=Augmentation)
    seed: int = 0
    validation: Validation = field(default_factory=Validation)
    cache: bool = False
    paper: str = ""
    network: str = ""
    time: str = ""
    smoke: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("pairs_per_epoch", "epochs", "batch_size"):
            if type(getattr(self, name)) is not int or getattr(self, name) < 1:
                raise RecipeError(f"recipe {self.name}: {name} must be a whole number of at least 1")
        if not self.data:
            raise RecipeError(f"recipe {self.name}: data names nothing to learn from")


def recipe_files() -> dict[str, Path]:
    """Return every recipe by name; the source tree's own come before installed ones."""
    return yaml_files("recipes")


def read_recipe(name: str, changes: Mapping[str, Any] | None = None) -> Recipe:
    """Return the recipe of this name, or the one in this file if `name` ends in .yaml.

    Args:
        changes: fields that take the place of the file's.

    Raises:
        RecipeError: when it is unknown, unreadable or has a field that recipes do not have.
    """
    try:
        path = yaml_file("recipes", "recipe", name)
    except FileNotFoundError as error:
        raise RecipeError(retired("recipe", name, recipe_files()) or str(error)) from error
    try:
        content = {**read_yaml(path), **(changes or {})}
        refuse_former_keys(content)
        parts = {
            "optimizer": Optimizer,
            "schedule": Schedule,
            "augment": Augmentation,
            "validation": Validation,
        }
        for key, kind in parts.items():
            if key in content:
                part = require_names(content[key], key)
                require_types(kind, part)
                content[key] = kind(**part)
        require_types(Recipe, content)
        return Recipe(name=path.stem, **content)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"recipe {path}: {error}") from error


def refuse_former_keys(content: Mapping[str, Any]) -> None:
    """Raise ValueError for a key of version 0.1, naming the present one."""
    for former, present in RENAMED.items():
        part, _, key = former.rpartition(".")
        place = content.get(part) if part else content
        if isinstance(place, Mapping) and key in place:
            raise ValueError(f"the key '{former}' is called '{present}' now")


def build(recipe: Recipe, smoke: bool = False, with_initial: bool = True) -> PairTraining:
    """Return the recipe's training module.

    Args:
        smoke: with the arguments that make it quick, and without initial weights.
        with_initial: load the recipe's initial weights.

    Raises:
        RecipeError: when the class does not exist or does not take the arguments.
        tracker_ros.weights.WeightsError: when initial weights are missing or do not fit.
    """
    kind = training_class(recipe)
    arguments = {**recipe.arguments, **(recipe.smoke if smoke else {})}
    try:
        inspect.signature(kind).bind(**arguments)
    except TypeError as error:
        raise RecipeError(f"recipe {recipe.name}: {kind.__name__} {error}") from error
    module = kind(**arguments)
    if with_initial and not smoke:
        for part, weights in recipe.initial.items():
            load_weights(module.get_submodule(part), weights)
        _refuse_random_frozen_parts(recipe, module)
    return module


def _refuse_random_frozen_parts(recipe: Recipe, module: PairTraining) -> None:
    """Raise RecipeError for a kernel or matrix that does not learn (yet) and that nothing gave a value.

    Numbers and vectors that never learn are constants of the method, such as SiamFC's gain.
    """
    begun = tuple(f"{part}." for part in (*recipe.initial, *module.begun))
    held = tuple(f"{part}." for part in recipe.freeze_epochs)
    for name, parameter in module.named_parameters():
        still = not parameter.requires_grad or name.startswith(held)
        if still and parameter.dim() > 1 and not name.startswith(begun):
            raise RecipeError(
                f"recipe {recipe.name}: {name} does not learn{' at first' if parameter.requires_grad else ''}"
                " and would stay random: give its part weights under 'initial'"
            )


def training_class(recipe: Recipe) -> type[PairTraining]:
    """Return the class that the recipe's 'module' names.

    Raises:
        RecipeError: saying whether the file or the class is missing.
    """
    file, _, name = recipe.module.rpartition(".")
    try:
        kind = getattr(import_module(f"tracker_ros.training.{file}"), name, None)
    except ModuleNotFoundError as error:
        raise RecipeError(f"recipe {recipe.name}: no module tracker_ros.training.{file} ({error})") from error
    if not (isinstance(kind, type) and issubclass(kind, PairTraining)):
        raise RecipeError(f"recipe {recipe.name}: training/{file}.py has no training module '{name}'")
    return kind


def described(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe as plain values, for checkpoints and model cards."""
    return dataclasses.asdict(recipe)
