# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The ground of the synthetic aerial scene: terrain, roads, houses, trees and a bridge, as one picture.

What stands above the road (bridge, tree crowns) is part of the picture and also of the `cover` map,
which hides moving objects below it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from tracker_ros.data import synthetic_sprites as sprites
from tracker_ros.data.synthetic_layout import (
    LANE_WIDTH,
    PERIOD,
    ROAD_HALF,
    STREET_HALF,
    SUN,
    WALK_HALF,
    Boulevard,
    House,
    Tree,
    place_houses,
    place_trees,
)

_RING = np.stack([np.cos(np.arange(18) * math.pi / 9), np.sin(np.arange(18) * math.pi / 9)], axis=1)
_CROPS = ((132.0, 118.0, 66.0), (98.0, 120.0, 52.0), (122.0, 96.0, 72.0))
_ROOFS = ((148.0, 84.0, 62.0), (118.0, 92.0, 82.0), (104.0, 108.0, 116.0))


class Ground(NamedTuple):
    """The painted world.

    Attributes:
        picture: [n, n, 3] uint8 RGB, wrapped by `margin` metres on every side.
        maps: [n, n, 2] uint8: cover (255 hides an object on the ground) and light (255 is full sun).
        resolution: pixels per metre.
        margin: metres of wrapped border.
        boulevard: where the traffic runs.
    """

    picture: npt.NDArray[np.uint8]
    maps: npt.NDArray[np.uint8]
    resolution: float
    margin: float
    boulevard: Boulevard


def paint(
    rng: np.random.Generator, resolution: float, margin: float, roofs: tuple[tuple[float, float], ...] = ()
) -> Ground:
    """Paint a world from the generator's numbers; the same generator state gives the same picture.

    `resolution` (pixels per metre) and `margin` (metres) are rounded to whole pixels a period and a side.
    `roofs` hide the lanes on the road's right, each from one place to another, in metres after the street.
    """
    resolution = round(PERIOD * resolution) / PERIOD
    road = Boulevard(PERIOD / 2, rng.uniform(6.0, 10.0), rng.uniform(0.3, 0.7) * PERIOD)
    painter = _Painter(rng, resolution)
    painter.terrain()
    painter.fields(road)
    painter.roads(road)
    houses = place_houses(rng, road)
    trees = place_trees(rng, road, houses)
    sunny = painter.picture.copy()
    painter.shadows(road, houses, trees)
    for house in houses:
        painter.house(*house)
    painter.bridge(road, sunny)
    for tree in trees:
        painter.tree(*tree)
    painter.leaves()
    for first, last in roofs:
        painter.roof(road, road.street_x + first, road.street_x + last)
    border = round(margin * resolution)
    pad = ((border, border), (border, border), (0, 0))
    maps = np.dstack([painter.cover, painter.light])
    picture = np.pad(painter.picture, pad, "wrap")
    return Ground(picture, np.pad(maps, pad, "wrap"), resolution, border / resolution, road)


def _copies(low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]) -> list[tuple[float, float]]:
    """List the shifts, in periods, that move a thing with these bounds into the square."""
    steps = (-PERIOD, 0.0, PERIOD)
    dx, dy = ([d for d in steps if a + d <= PERIOD and b + d >= 0] for a, b in zip(low, high, strict=True))
    return [(x, y) for x in dx for y in dy]


class _Painter:
    """Draws on the period's square; whatever crosses its border comes back on the other side."""

    def __init__(self, rng: np.random.Generator, resolution: float) -> None:
        self.rng, self.res = rng, resolution
        self.size = round(PERIOD * resolution)
        self.picture = np.zeros((self.size, self.size, 3), np.uint8)
        self.cover = np.zeros((self.size, self.size), np.uint8)
        self.light = np.full((self.size, self.size), 255, np.uint8)

    def clouds(self, cells: int) -> npt.NDArray[np.float32]:
        """Return periodic smooth noise [size, size] in [0, 1] with `cells` lumps a side."""
        small = np.pad(self.rng.random((cells, cells), np.float32), 2, "wrap")
        scale = self.size / cells
        big = cv2.resize(small, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        start = round(2 * scale)
        return np.ascontiguousarray(big[start : start + self.size, start : start + self.size])

    def fill(self, image: npt.NDArray[np.uint8], points: npt.NDArray[np.float64], color: object) -> None:
        """Fill a polygon [n, 2] in metres, on every side of the border that it touches."""
        for shift in _copies(points.min(axis=0), points.max(axis=0)):
            at = np.round(((points + shift) * self.res - 0.5) * 16).astype(np.int32)
            cv2.fillPoly(image, [at], color, cv2.LINE_AA, shift=4)

    def strip(
        self, road: Boulevard, low: float, high: float, color: object, x0: float = 0.0, x1: float = PERIOD
    ) -> None:
        """Paint a band along the boulevard between two offsets from its centre line."""
        xs = np.linspace(x0, x1, max(2, round((x1 - x0) * 2)))
        self.fill(self.picture, np.concatenate([road.beside(xs, low), road.beside(xs, high)[::-1]]), color)

    def terrain(self) -> None:
        """Draw grass and bare soil from noise at four scales."""
        noise = sum(self.clouds(n) * a for n, a in ((5, 0.34), (19, 0.26), (97, 0.2), (self.size // 3, 0.2)))
        soil = np.clip((self.clouds(11) + 0.35 * noise - 0.78) * 5, 0, 1)
        for channel, (grass, swing, earth) in enumerate(((86, 74, 150), (102, 70, 128), (58, 44, 98))):
            green = grass + (noise - 0.5) * swing
            brown = earth + (noise - 0.5) * 60
            self.picture[..., channel] = np.clip(green + soil * (brown - green), 0, 255)

    def fields(self, road: Boulevard) -> None:
        """Draw ploughed and sown parcels with rows, away from the boulevard."""
        ys, xs = np.mgrid[0 : self.size, 0 : self.size].astype(np.float32) / self.res
        for offset, x in ((-52.0, 22.0), (-50.0, 88.0), (50.0, 40.0), (54.0, 118.0)):
            centre = road.beside(x, offset)
            angle, size = self.rng.uniform(-0.3, 0.3), self.rng.uniform(20.0, 34.0, 2)
            corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * size / 2
            mask = np.zeros((self.size, self.size), np.uint8)
            self.fill(mask, sprites.transform(sprites.affine(1.0, angle, *centre), corners), 255)
            rows, columns = np.nonzero(mask)
            across = xs[rows, columns] * math.sin(angle) - ys[rows, columns] * math.cos(angle)
            wave = 0.5 + 0.5 * np.sin(2 * math.pi * across / 1.3)
            base = np.array(_CROPS[self.rng.integers(len(_CROPS))])
            texture = self.picture[rows, columns].mean(axis=1, keepdims=True) - 80
            color = base + (wave[:, None] - 0.5) * 34 + 0.4 * texture
            self.picture[rows, columns] = np.clip(color, 0, 255).astype(np.uint8)

    def roads(self, road: Boulevard) -> None:
        """Draw pavements, asphalt with lane marks, and the street that crosses."""
        grey = (84, 85, 88)
        self.strip(road, -WALK_HALF, WALK_HALF, (158, 152, 142))
        self.strip(road, -ROAD_HALF - 0.25, ROAD_HALF + 0.25, (188, 184, 176))
        for x in np.arange(0.0, PERIOD, 2.0):
            for side in (-1, 1):
                edge = side * (ROAD_HALF + 0.25)
                joint = np.array(
                    [
                        road.beside(x + d, w)
                        for d, w in ((0, edge), (0.08, edge), (0.08, side * WALK_HALF), (0, side * WALK_HALF))
                    ]
                )
                self.fill(self.picture, joint, (136, 131, 122))
        self.strip(road, -ROAD_HALF, ROAD_HALF, grey)
        for offset in (-0.22, 0.22):
            self.strip(road, offset - 0.07, offset + 0.07, (212, 178, 74))
        for side in (-1, 1):
            self.strip(road, side * (ROAD_HALF - 0.35), side * (ROAD_HALF - 0.22), (214, 214, 208))
            low, high = side * LANE_WIDTH - 0.07, side * LANE_WIDTH + 0.07
            for x in np.arange(0.0, PERIOD, 8.0):
                self.strip(road, low, high, (216, 216, 210), x, x + 3.2)
        self._street(road, -PERIOD / 2, PERIOD / 2)
        self._grain()

    def _grain(self) -> None:
        """Add cracks, tyre marks and patches: low-contrast noise over everything drawn so far."""
        grain = (self.clouds(self.size // 2) - 0.5) * 16 + (self.clouds(60) - 0.5) * 16
        self.picture[:] = np.clip(self.picture + grain[..., None], 0, 255).astype(np.uint8)

    def _street(self, road: Boulevard, low: float, high: float) -> None:
        """Paint the street along y between two distances from the boulevard."""

        def band(x0: float, x1: float, y0: float, y1: float, color: object) -> None:
            points = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
            self.fill(self.picture, points + [road.street_x, float(road.y(road.street_x))], color)

        band(-STREET_HALF, STREET_HALF, low, high, (98, 98, 100))
        for side in (-1, 1):
            band(side * STREET_HALF, side * (STREET_HALF - 0.3), low, high, (176, 172, 164))
            band(side * 1.1, side * 0.5, low, high, (90, 90, 92))

    def bridge(self, road: Boulevard, sunny: npt.NDArray[np.uint8]) -> None:
        """Draw the deck over the boulevard, which hides what passes below; no shadow falls on it."""
        span, half = WALK_HALF + 2.5, STREET_HALF + 0.35
        middle = np.array([road.street_x, float(road.y(road.street_x))])
        deck = np.array([[-half, -span], [half, -span], [half, span], [-half, span]]) + middle
        self.fill(self.cover, deck, 255)
        np.copyto(self.picture, sunny, where=self.cover[..., None] > 127)
        for side in (-1, 1):
            rail = np.array([[-0.35, -span], [0.0, -span], [0.0, span], [-0.35, span]]) * [side, 1]
            self.fill(self.picture, rail + middle + [side * half, 0], (206, 203, 196))

    def shadows(self, road: Boulevard, houses: list[House], trees: list[Tree]) -> None:
        """Darken the ground, and remember where, for what moves over it."""
        for centre, length, width, angle, height in houses:
            corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [length / 2, width / 2]
            base = sprites.transform(sprites.affine(1.0, angle, *centre), corners)
            both = np.concatenate([base, base + SUN * height]).astype(np.float32)
            self.fill(self.light, cv2.convexHull(both)[:, 0], 120)
        for x, y, radius in trees:
            self.fill(self.light, _RING * radius * [1.0, 0.95] + [x, y] + SUN * (2.0 + radius), 128)
        span, half = WALK_HALF - 1.0, STREET_HALF + 0.35
        deck = np.array([[-half, -span], [half, -span], [half, span], [-half, span]])
        self.fill(self.light, deck + [road.street_x + SUN[0] * 5.5, float(road.y(road.street_x))], 110)
        soft = max(1, round(0.35 * self.res)) * 2 + 1
        cv2.blur(self.light, (soft, soft), dst=self.light, borderType=cv2.BORDER_REFLECT)
        self.picture[:] = cv2.multiply(self.picture, cv2.merge([self.light] * 3), scale=1 / 255)

    def house(
        self, centre: npt.NDArray[np.float64], length: float, width: float, angle: float, height: float
    ) -> None:
        """Draw a gabled roof with tiles and a chimney, or a flat one with machines."""
        place = sprites.affine(1.0, angle, *centre)
        tint = self.rng.uniform(-18, 18) + self.rng.uniform(-4, 4, 3)

        def part(x0: float, x1: float, y0: float, y1: float, color: tuple[float, float, float]) -> None:
            points = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
            self.fill(self.picture, sprites.transform(place, points), tuple(np.clip(color + tint, 0, 255)))

        a, b = length / 2, width / 2
        if self.rng.uniform() < 0.62:
            base = np.array(_ROOFS[self.rng.integers(len(_ROOFS))])
            for sign, gain in ((-1, 1.12), (1, 0.86)):
                part(-a, a, 0.0, sign * b, tuple(base * gain))
                for row in np.linspace(0.14, 0.92, max(3, round(b / 0.7))):
                    part(-a, a, sign * b * row, sign * b * row + 0.10, tuple(base * gain * 0.86))
            part(-a, a, -0.10, 0.10, tuple(base * 1.3))
            part(a * 0.4, a * 0.4 + 0.9, -b * 0.45, -b * 0.45 + 0.7, (96.0, 72.0, 64.0))
            return
        part(-a, a, -b, b, (204.0, 200.0, 192.0))
        part(-a + 0.4, a - 0.4, -b + 0.4, b - 0.4, (166.0, 164.0, 160.0))
        for _ in range(int(self.rng.integers(2, 5))):
            x, y = self.rng.uniform(-a + 1.5, a - 2.5), self.rng.uniform(-b + 1.2, b - 2.2)
            part(x + 0.3, x + 1.7, y + 0.25, y + 1.25, (104.0, 103.0, 102.0))
            part(x, x + 1.4, y, y + 1.0, (192.0, 194.0, 196.0))

    def tree(self, x: float, y: float, radius: float) -> None:
        """Draw a crown of many leaf clumps, lighter towards the sun."""
        base = np.array([66.0, 90.0, 42.0]) + self.rng.uniform(-10, 10) + self.rng.uniform(-7, 7, 3)
        count = round(30 + 26 * radius)
        reach = radius * np.sqrt(self.rng.uniform(0, 1, count)) * 0.9
        turn = self.rng.uniform(0, 2 * math.pi, count)
        clumps = np.stack([reach * np.cos(turn), reach * np.sin(turn)], axis=1)
        sizes = self.rng.uniform(0.13, 0.27, count) * radius
        lit = -(clumps @ (SUN / np.linalg.norm(SUN))) / radius
        jitter = self.rng.uniform(-0.16, 0.16, count)
        colors = np.clip(base * (0.90 + 0.42 * lit + jitter)[:, None], 0, 255).tolist()
        radii = np.round(sizes * self.res * 16).astype(int).tolist()
        for shift in _copies(np.array([x - radius, y - radius]), np.array([x + radius, y + radius])):
            at = np.round(((clumps + [x, y] + shift) * self.res - 0.5) * 16).astype(int).tolist()
            for i in np.argsort(lit + jitter):
                cv2.circle(self.picture, at[i], radii[i], colors[i], -1, cv2.LINE_AA, 4)
                cv2.circle(self.cover, at[i], radii[i], 255, -1, cv2.LINE_AA, 4)

    def roof(self, road: Boulevard, x0: float, x1: float) -> None:
        """Draw a gallery over the lanes on the right: it hides what drives below."""
        xs = np.linspace(x0, x1, max(2, round((x1 - x0) * 2)))
        low, high = 0.3, ROAD_HALF + 0.4
        self.fill(self.cover, np.concatenate([road.beside(xs, low), road.beside(xs, high)[::-1]]), 255)
        self.strip(road, low, high, (142, 138, 132), x0, x1)
        self.strip(road, low, low + 0.4, (178, 174, 168), x0, x1)
        for x in np.arange(x0, x1, 4.0):
            self.strip(road, low, high, (116, 112, 108), x, min(x + 0.35, x1))

    def leaves(self) -> None:
        """Add fine light and dark to the crowns, the only things that are drawn green and cover others."""
        rows, columns = np.nonzero(self.cover)
        grain = 0.72 + 0.56 * (0.6 * self.clouds(self.size // 3) + 0.4 * self.clouds(self.size // 7))
        leafy = self.picture[rows, columns]
        green = leafy[:, 1] > leafy[:, 2] + 12.0
        rows, columns = rows[green], columns[green]
        self.picture[rows, columns] = np.clip(leafy[green] * grain[rows, columns][:, None], 0, 255)
