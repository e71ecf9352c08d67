# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Recipes that train within a second."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import yaml

from tracker_ros.training.recipes import Validation, build, read_recipe, recipe_files
from tracker_ros.training.schedules import Schedule
from tracker_ros.training.smoke import smoke_sources
from tracker_ros.training.trainer import Fit, train


def small(name: str = "micro_resnet", **changes: object) -> object:
    recipe = read_recipe(name, {"pairs_per_epoch": 4, "batch_size": 2, "epochs": 1, "precision": "32-true"})
    recipe = dataclasses.replace(recipe, arguments={"size": 32, "levels": ["stride4"]})
    return dataclasses.replace(recipe, **changes)


def recipe_of(epochs: int) -> Any:
    return small(epochs=epochs, schedule=Schedule("constant"))


def two_epochs(**changes: object) -> Any:
    """Three steps in each of two epochs, without validation."""
    fixed = {"pairs_per_epoch": 6, "epochs": 2, "schedule": Schedule("cosine", 1e-5)}
    return small(**{**fixed, "validation": Validation(share=0), **changes})


def fitted(recipe: Any, out: Path, **options: Any) -> Fit:
    """A training that starts from the same parameters whenever it does not resume."""
    torch.manual_seed(0)
    module = build(recipe, with_initial=False)  # a part that is frozen at first is random here
    return train(module, recipe, smoke_sources(module.spec), out, accelerator="cpu", **options)


def write_labelled(folder: Path) -> None:
    """Two labelled pictures."""
    for number in range(2):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((90, 120, 3), 60 * number, np.uint8))
        (folder / f"{number}.txt").write_text("0 0.5 0.5 0.3 0.3\n")


def write_labelled_recipe(path: Path, pairs: int) -> None:
    """A recipe of one epoch on labelled pictures, without validation."""
    recipe = yaml.safe_load(recipe_files()["micro_resnet"].read_text())
    recipe.update(
        data=[{"kind": "labelled"}],
        pairs_per_epoch=pairs,
        epochs=1,
        batch_size=2,
        precision="32-true",
        arguments={"size": 32, "levels": ["stride4"]},
        validation={"share": 0},
    )
    path.write_text(yaml.safe_dump(recipe))
