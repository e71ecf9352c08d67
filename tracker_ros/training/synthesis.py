# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Training pairs rendered from still photographs and cut-outs, with exact boxes.

A cut-out (a photographed object with its alpha) is laid over a photograph twice: once as the exemplar
shows it, once as a later frame does, with the object, the camera, the light and the lens changed in
between. Everything is rendered straight into the crops, so that a pair costs a few milliseconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tracker_ros.training.contract import PairSpec
from tracker_ros.training.cropping import Array, Image, exemplar_extent, warp
from tracker_ros.training.effects import Look, Shot


@dataclass(frozen=True)
class Cutout:
    """An object with its alpha.

    Attributes:
        rgba: [h, w, 4] uint8, colour not premultiplied.
        group: objects of one kind share it; they serve as each other's distractors.
        hull: [n, 2] float64, convex hull of the opaque pixels, corner convention.
    """

    rgba: Image
    group: str
    hull: Array

    @classmethod
    def from_rgba(cls, rgba: Image, group: str) -> Cutout:
        """Make a cut-out of an image [h, w, 4].

        Raises:
            ValueError: when fewer than 16 pixels are opaque.
        """
        rows, columns = np.nonzero(rgba[..., 3] > 127)
        if len(rows) < 16:
            raise ValueError(f"cut-out of group '{group}' has {len(rows)} opaque pixels; 16 are needed")
        corners = np.concatenate(
            [np.stack([columns + dx, rows + dy], axis=1) for dx in (0, 1) for dy in (0, 1)]
        )
        return cls(rgba, group, cv2.convexHull(corners.astype(np.float32))[:, 0].astype(np.float64))


@dataclass(frozen=True)
class Chances:
    """Probabilities and strengths of the events in a rendered pair.

    Attributes:
        distractor: chance that objects of the same kind are near.
        occlusion: chance that something covers a part of the target in the search crop.
        turn: greatest rotation of the target between the crops, in degrees.
        stretch: greatest change of its aspect ratio, as a logarithm.
        loose: greatest factor by which the annotated box is larger than the object, less 1. The same
            for both crops: annotators differ, but one annotator is consistent.
        fresh_background: chance that the search crop lies over another photograph.
    """

    distractor: float = 0.6
    occlusion: float = 0.2
    turn: float = 20.0
    stretch: float = 0.2
    loose: float = 0.15
    fresh_background: float = 0.05


class SyntheticPairs:
    """Renders pairs of a `PairSpec` (frames = 1) from photographs and cut-outs; random access by seed.

    Args:
        photos: RGB uint8 [h, w, 3], backgrounds.
        cutouts: objects.
        spec: sizes and jitter of the crops.
        chances: what happens between the frames.

    Raises:
        ValueError: without a photograph or without a cut-out.
    """

    def __init__(
        self, photos: list[Image], cutouts: list[Cutout], spec: PairSpec, chances: Chances | None = None
    ) -> None:
        if not photos or not cutouts:
            raise ValueError(f"synthesis needs photos and cut-outs; got {len(photos)} and {len(cutouts)}")
        self.photos, self.cutouts, self.spec = photos, cutouts, spec
        self.chances = chances or Chances()
        self.groups: dict[str, list[int]] = {}
        for index, cutout in enumerate(cutouts):
            self.groups.setdefault(cutout.group, []).append(index)

    def render(
        self, rng: np.random.Generator, target: int | None = None
    ) -> tuple[Image, Array, Image, Array]:
        """Render (exemplar [E, E, 3], its box, search [S, S, 3], its box).

        Boxes (cx, cy, w, h) in crop pixels.

        Args:
            target: index of the cut-out; None draws one.
        """
        spec, chances = self.spec, self.chances
        target = int(rng.integers(len(self.cutouts))) if target is None else target
        pose = _pose(rng)
        loose = 1 + rng.uniform(0, chances.loose, 2)
        later = _change(rng, chances) @ pose
        middle = np.full(2, spec.exemplar / 2)
        first = self._place(target, pose, middle, 1.0, loose)
        shift = rng.uniform(-spec.max_shift, spec.max_shift, 2)
        scale = math.exp(rng.uniform(-1, 1) * math.log(spec.max_scale))
        second = self._place(target, later, spec.search / 2 + shift, scale, loose)
        others = self._distractors(rng, target)
        photo = int(rng.integers(len(self.photos)))
        look = Look.draw(rng)
        view = _view(rng)
        exemplar = self._compose(rng, photo, view, spec.exemplar, 1.0, first, others, None)
        if rng.random() < chances.fresh_background:
            photo = int(rng.integers(len(self.photos)))
        view = _moved(rng, view, spec.search / spec.exemplar * scale)
        cover = int(rng.integers(len(self.cutouts))) if rng.random() < chances.occlusion else None
        search = self._compose(rng, photo, view, spec.search, scale, second, others, cover)
        mirror = rng.random() < 0.5
        shots = [(exemplar, first, Shot.draw(rng)), (search, second, Shot.draw(rng))]
        (a, box_a), (b, box_b) = (
            _finish(rng, picture, placed, look, shot, mirror) for picture, placed, shot in shots
        )
        return a, box_a, b, box_b

    def _place(self, index: int, pose: Array, center: Array, scale: float, loose: Array) -> _Placed:
        """Put the cut-out into a crop, its box centred at `center` with the side that the spec gives it."""
        hull = self.cutouts[index].hull @ pose.T
        low, high = hull.min(0), hull.max(0)
        extent = exemplar_extent(self.spec, *(high - low) * loose)
        zoom = scale * self.spec.exemplar / extent
        linear = pose * zoom[:, None]
        offset = center - (low + high) / 2 * zoom
        return _Placed(
            index, np.column_stack([linear, offset]), np.concatenate([center, (high - low) * zoom * loose])
        )

    def _distractors(self, rng: np.random.Generator, target: int) -> list[tuple[int, Array, Array, Array]]:
        """Draw (cut-out, pose, direction and distance in target sizes, tint) of up to three like objects."""
        if rng.random() >= self.chances.distractor:
            return []
        kin = self.groups[self.cutouts[target].group]
        found = []
        for _ in range(int(rng.integers(1, 4))):
            index = int(rng.choice(kin)) if rng.random() < 0.8 else int(rng.integers(len(self.cutouts)))
            tint = rng.uniform(0.6, 1.4, 3)
            angle, distance = rng.uniform(0, 2 * math.pi), rng.uniform(1.0, 2.5)
            found.append((index, _pose(rng), distance * np.array([math.cos(angle), math.sin(angle)]), tint))
        return found

    def _compose(
        self,
        rng: np.random.Generator,
        photo: int,
        view: Array,
        side: int,
        scale: float,
        placed: _Placed,
        others: list[tuple[int, Array, Array, Array]],
        cover: int | None,
    ) -> Image:
        """Compose background, distractors, target and what covers it, in this order."""
        picture = _background(self.photos[photo], view, side)
        box, ones = placed.box, np.ones(2)
        for index, pose, where, tint in others:
            center = box[:2] + (where + rng.normal(0, 0.15, 2)) * box[2:]
            other = self._place(index, pose, center, scale * math.exp(rng.uniform(-0.2, 0.2)), ones)
            _lay(picture, self.cutouts[index].rgba, other.matrix, tint)
        _lay(picture, self.cutouts[placed.cutout].rgba, placed.matrix)
        if cover is not None:
            angle = rng.uniform(0, 2 * math.pi)
            center = box[:2] + 0.6 * np.array([math.cos(angle), math.sin(angle)]) * box[2:]
            other = self._place(cover, _pose(rng), center, scale * rng.uniform(0.5, 1.0), ones)
            _lay(picture, self.cutouts[cover].rgba, other.matrix)
        return np.clip(picture, 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class _Placed:
    cutout: int
    matrix: Array  # [2, 3], cut-out to crop, corner convention
    box: Array


def _pose(rng: np.random.Generator) -> Array:
    """Return [2, 2] random rotation (any for a third, else upright), mirroring and stretch."""
    angle = rng.uniform(-math.pi, math.pi) if rng.random() < 0.33 else rng.normal(0, 0.15)
    stretch = math.exp(rng.normal(0, 0.2))
    mirror = 1.0 if rng.random() < 0.5 else -1.0
    return _rotation(angle) @ np.diag([mirror * stretch, 1 / stretch])


def _change(rng: np.random.Generator, chances: Chances) -> Array:
    """Return [2, 2] what happens to the target between the frames: turn, stretch, shear."""
    turn = math.radians(chances.turn) * rng.uniform(-1, 1) * rng.random()
    stretch = math.exp(0.5 * chances.stretch * rng.uniform(-1, 1))
    shear = np.array([[1.0, 0.1 * rng.uniform(-1, 1)], [0.0, 1.0]])
    return _rotation(turn) @ shear @ np.diag([stretch, 1 / stretch])


def _rotation(angle: float) -> Array:
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def _view(rng: np.random.Generator) -> Array:
    """Draw where the camera looks [4]: centre (x, y) and extent relative to the photograph, and its turn."""
    return np.array([*rng.uniform(0.3, 0.7, 2), rng.uniform(0.25, 0.9), rng.normal(0, 0.1)])


def _moved(rng: np.random.Generator, view: Array, extent: float) -> Array:
    """Return the view a moment later, with `extent` times as much in it."""
    x, y = view[:2] + rng.normal(0, 0.15, 2) * view[2]
    return np.array([x, y, view[2] * extent * math.exp(rng.normal(0, 0.08)), view[3] + rng.normal(0, 0.08)])


def _background(photo: Image, view: Array, side: int) -> npt.NDArray[np.float32]:
    """Return [side, side, 3] float32: the view of the photograph, reflected at its borders."""
    h, w = photo.shape[:2]
    linear = _rotation(view[3]) * (side / (min(h, w) * view[2]))
    matrix = np.column_stack([linear, side / 2 - linear @ (view[:2] * [w, h])])
    return warp(photo, matrix, (side, side), cv2.BORDER_REFLECT_101).astype(np.float32)


def _lay(picture: npt.NDArray[np.float32], rgba: Image, matrix: Array, tint: Array | None = None) -> None:
    """Draw a cut-out over the picture in place."""
    side = picture.shape[0]
    h, w = rgba.shape[:2]
    corners = np.array([[0, 0], [w, 0], [0, h], [w, h]]) @ matrix[:, :2].T + matrix[:, 2]
    x0, y0 = np.maximum(np.floor(corners.min(0)).astype(int) - 1, 0)
    x1, y1 = np.minimum(np.ceil(corners.max(0)).astype(int) + 1, side)
    if x0 >= x1 or y0 >= y1:
        return
    moved = matrix - np.array([[0, 0, x0], [0, 0, y0]])
    layer = warp(rgba, moved, (int(x1 - x0), int(y1 - y0))).astype(np.float32)
    alpha = layer[..., 3:] / 255
    colour = layer[..., :3] if tint is None else layer[..., :3] * tint.astype(np.float32)
    under = picture[y0:y1, x0:x1]
    picture[y0:y1, x0:x1] = under + alpha * (colour - under)


def _finish(
    rng: np.random.Generator, picture: Image, placed: _Placed, look: Look, shot: Shot, mirror: bool
) -> tuple[Image, Array]:
    picture, box = shot.apply(rng, look.apply(rng, picture)), placed.box.copy()
    if mirror:
        picture = np.ascontiguousarray(picture[:, ::-1])
        box[0] = picture.shape[1] - box[0]
    return picture, box
