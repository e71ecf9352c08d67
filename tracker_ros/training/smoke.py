# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Made-up pictures to train on for two steps: shows that a recipe runs, without any data."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from tracker_ros.training.contract import PairSpec
from tracker_ros.training.cropping import Image
from tracker_ros.training.recipes import Recipe
from tracker_ros.training.sampling import RenderedPairs
from tracker_ros.training.sources import Named
from tracker_ros.training.synthesis import Cutout, SyntheticPairs

STEPS = 2
BATCH = 2


def smoke_recipe(recipe: Recipe) -> Recipe:
    """Return the recipe cut down to `STEPS` steps of `BATCH` pairs in one epoch."""
    return dataclasses.replace(
        recipe, batch_size=BATCH, pairs_per_epoch=STEPS * BATCH, epochs=1, precision="32-true"
    )


def smoke_sources(spec: PairSpec, seed: int = 0) -> list[Named]:
    """Make pairs of noise: ellipses over photographs of noise."""
    rng = np.random.default_rng(seed)
    photos = [clouds(rng, 160, 200) for _ in range(2)]
    cutouts = []
    for width, height in ((48, 32), (30, 50), (40, 40)):
        alpha = np.zeros((height, width), np.uint8)
        cv2.ellipse(alpha, (width // 2, height // 2), (width // 2 - 1, height // 2 - 1), 0, 0, 360, 255, -1)
        cutouts.append(Cutout.from_rgba(np.dstack([clouds(rng, height, width), alpha]), "ellipse"))
    return [Named(RenderedPairs(SyntheticPairs(photos, cutouts, spec)), 1.0, "smoke", "")]


def clouds(rng: np.random.Generator, height: int, width: int) -> Image:
    """Return [height, width, 3] smooth coloured noise."""
    coarse = rng.uniform(0, 255, (height // 8 + 1, width // 8 + 1, 3)).astype(np.float32)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth, 0, 255).astype(np.uint8)
