# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Recipes that train within a second."""

from __future__ import annotations

import dataclasses
from typing import Any

from tracker_ros.training.recipes import read_recipe
from tracker_ros.training.schedules import Schedule


def small(name: str = "micro_resnet", **changes: object) -> object:
    recipe = read_recipe(name, {"pairs_per_epoch": 4, "batch_size": 2, "epochs": 1, "precision": "32-true"})
    recipe = dataclasses.replace(recipe, arguments={"size": 32, "levels": ["stride4"]})
    return dataclasses.replace(recipe, **changes)


def recipe_of(epochs: int) -> Any:
    return small(epochs=epochs, schedule=Schedule("constant"))
