# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The plan of the synthetic aerial scene: where its roads, houses and trees are, in metres.

The world is periodic with `PERIOD` metres in x and y. A boulevard of four lanes runs along x in a
gentle wave; a narrow street along y crosses it on a bridge.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

PERIOD = 160.0
LANE_WIDTH = 3.3
ROAD_HALF = 2 * LANE_WIDTH + 0.5
WALK_HALF = ROAD_HALF + 2.4
STREET_HALF = 1.9
SUN = np.array([0.62, 0.48])  # metres of shadow per metre of height


class Boulevard(NamedTuple):
    """Centre line y = middle + amplitude * sin(2 pi x / PERIOD), and where the street crosses it."""

    middle: float
    amplitude: float
    street_x: float

    def y(self, x: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the centre line's y at x, metres."""
        return self.middle + self.amplitude * np.sin(2 * math.pi * np.asarray(x) / PERIOD)

    def slope(self, x: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return dy/dx of the centre line at x."""
        turn = 2 * math.pi / PERIOD
        return self.amplitude * turn * np.cos(turn * np.asarray(x))

    def beside(self, x: npt.ArrayLike, offset: float) -> npt.NDArray[np.float64]:
        """Return the points [..., 2] at `offset` metres to the right of the centre line (towards y)."""
        x, slope = np.asarray(x, float), self.slope(x)
        norm = np.sqrt(1 + slope**2)
        return np.stack([x - offset * slope / norm, self.y(x) + offset / norm], axis=-1)


class House(NamedTuple):
    """Centre [2], size along and across the ridge, angle of the ridge (radians) and height."""

    centre: npt.NDArray[np.float64]
    length: float
    width: float
    angle: float
    height: float


class Tree(NamedTuple):
    """Centre and radius of a crown."""

    x: float
    y: float
    radius: float


def place_houses(rng: np.random.Generator, road: Boulevard) -> list[House]:
    """Place houses in two rows on either side of the boulevard, none on the street or on another."""
    houses: list[House] = []
    for side in (-1, 1):
        for row, spacing in ((WALK_HALF + 9.5, 17.0), (WALK_HALF + 31.0, 22.0)):
            for x in np.arange(4.0, PERIOD - 4.0, spacing):
                x += rng.uniform(-2.0, 2.0)
                centre = road.beside(x, side * (row + rng.uniform(-1.0, 2.5)))
                angle = math.atan(float(road.slope(x))) + rng.choice([0.0, 0.0, math.pi / 2])
                size = rng.uniform(9.0, 13.0), rng.uniform(7.0, 9.0), rng.uniform(4.0, 8.0)
                free = abs(centre[0] - road.street_x) > STREET_HALF + 9.0 and all(
                    np.hypot(*(centre - other.centre)) > 14.5 for other in houses
                )
                if free and rng.uniform() < 0.85:
                    houses.append(House(centre, size[0], size[1], float(angle), size[2]))
    return houses


def place_trees(rng: np.random.Generator, road: Boulevard, houses: list[House]) -> list[Tree]:
    """Return a row of trees on either pavement, some over the lanes, and small woods between the houses."""
    trees: list[Tree] = []
    for side in (-1, 1):
        for x in np.arange(0.0, PERIOD, 9.0):
            offset = ROAD_HALF + rng.uniform(1.2, 3.4)
            at = road.beside(x + rng.uniform(-2.5, 2.5), side * offset)
            if abs(at[0] - road.street_x) > STREET_HALF + 4.5 and rng.uniform() < 0.72:
                trees.append(Tree(float(at[0]), float(at[1]), rng.uniform(1.8, 3.3)))
    for _ in range(190):
        x, offset = rng.uniform(0, PERIOD), rng.uniform(WALK_HALF + 3.0, 62.0) * rng.choice([-1, 1])
        at = road.beside(x, offset)
        clear = all(np.hypot(*(at - house.centre)) > 0.6 * house.length + 1.0 for house in houses)
        if clear and abs(at[0] - road.street_x) > STREET_HALF + 5.0:
            trees.append(Tree(float(at[0]), float(at[1]), rng.uniform(1.3, 3.2)))
    return trees
