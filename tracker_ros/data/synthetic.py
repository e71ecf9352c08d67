# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A synthetic aerial scene: what a drone's camera sees while it follows a car, with exact truth.

Traffic and walkers move along a boulevard (`synthetic_ground`); a bridge and tree crowns hide them now
and then. The camera looks straight down, drifts, turns, climbs and shakes; shadows of clouds drift over
the ground. A frame is a pure function of (seed, image size, time), so any frame can be rendered alone,
at any rate, and comes out the same on every run.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from tracker_ros.data import synthetic_ground as ground_module
from tracker_ros.data.chase import Waves
from tracker_ros.data.synthetic_ground import Ground
from tracker_ros.data.synthetic_layout import LANE_WIDTH, PERIOD, ROAD_HALF, SUN
from tracker_ros.data.synthetic_sprites import (
    FloatArray,
    Patch,
    Sprite,
    affine,
    patch_around,
    person,
    polygon_mask,
    transform,
    vehicle,
    warp,
)
from tracker_ros.geometry import Box

VIEW_WIDTH = 46.0  # metres across the image at the mean altitude
_NEAREST = 1.16  # largest and smallest zoom around the mean altitude
_FINEST = 20.0  # pixels per metre of the painted ground: beyond, large images are magnified
_IN_SIGHT = 0.01  # the smallest visible share that is listed; smoothing spreads edges by a pixel
_CLOUD_CELL = 16  # the light of clouds is smooth: one value for so many pixels

PAINTS = (
    (196, 30, 34), (232, 232, 228), (38, 40, 44), (150, 154, 160), (36, 74, 148), (92, 100, 108),
    (214, 210, 196), (24, 92, 74), (226, 178, 44), (120, 34, 40),
)  # fmt: skip
_SHIRTS = ((206, 60, 50), (236, 236, 230), (48, 62, 120), (230, 196, 70), (64, 120, 82), (40, 40, 46))


class Truth(NamedTuple):
    """One object in one frame.

    Attributes:
        name: stable over time, such as ``car_0``.
        box: the smallest box around the whole object in image pixels, its hidden part included.
        visible: the share of the object that neither an occluder nor the image's border hides, [0, 1].
    """

    name: str
    box: Box
    visible: float


class View(NamedTuple):
    """One frame: `image` uint8 [H, W, 3] RGB, and the truth of `target` and of everything in sight."""

    image: npt.NDArray[np.uint8]
    target: Truth
    objects: tuple[Truth, ...]


class Mover(NamedTuple):
    """An object on its way along the boulevard.

    Attributes:
        name: unique in the scene.
        sprites: the pictures of its gait, in order; one for a vehicle.
        offset: metres to the right of the road's centre line.
        start: x at time 0, metres.
        speed: metres a second along x; negative drives towards smaller x.
        phase: of its small changes of speed and course, radians.
    """

    name: str
    sprites: tuple[Sprite, ...]
    offset: float
    start: float
    speed: float
    phase: float


class AerialScene:
    """The scene of one seed, rendered at any time. `objects[0]` is the target.

    Raises:
        ValueError: for an image smaller than 64 x 64.
    """

    def __init__(self, seed: int = 0, width: int = 640, height: int = 480) -> None:
        if min(width, height) < 64:
            raise ValueError(f"image of {width} x {height} px; at least 64 x 64 is needed")
        self.width, self.height, self._seed = width, height, seed
        rng = np.random.default_rng(seed)
        self._scale, self._reach, margin = self._extent()
        self._ground = ground_module.paint(rng, min(self._scale * 1.1, _FINEST), margin, self._roofs())
        self.objects = self._traffic(rng) + walkers(rng, self._scale)
        self._drift = Waves(rng, 7.0, 0.04, 0.2), Waves(rng, 5.0, 0.04, 0.2)
        self._shake = Waves(rng, 0.28, 0.8, 6.0), Waves(rng, 0.28, 0.8, 6.0)
        self._gust = Waves(rng, 1.0, 0.1, 0.5)
        self._yaw, self._roll = Waves(rng, 0.3, 0.02, 0.1), Waves(rng, 0.012, 0.9, 5.0)
        self._climb = Waves(rng, math.log(_NEAREST), 0.03, 0.12)
        self._exposure = Waves(rng, 0.10, 0.05, 0.9)
        self._clouds = _clouds(rng)
        self._vignette = _vignette(width, height)
        self._noise = rng.normal(0, 3.0, (height + 64, width + 64, 3)).astype(np.int16)

    def _extent(self) -> tuple[float, float, float]:
        """Return the pixels a metre and two distances.

        These are how far from the middle of the image something can be and still be seen, and the wrapped
        border of the ground, in metres: without one the ground is endless.
        """
        scale = self.width / VIEW_WIDTH
        reach = math.hypot(self.width, self.height) / 2 / scale * _NEAREST + 8.0
        return scale, reach, reach

    def _roofs(self) -> tuple[tuple[float, float], ...]:
        """Place roofs over the target's side of the road: begin and end of each, metres after the street."""
        return ()

    def _traffic(self, rng: np.random.Generator) -> tuple[Mover, ...]:
        """Return the target, then the other vehicles."""
        return _traffic(rng, self._ground, self._scale)

    def render(self, t: float) -> View:
        """Return the frame at `t` seconds after the start."""
        return self._look(self._camera(t), t)

    def locate(self, t: float) -> Truth:
        """Return the target's truth in the frame at `t`, without the time that the frame takes."""
        camera = self._camera(t)
        empty = np.zeros((self.height, self.width, 3), np.uint8)
        return self._put(empty, self.objects[0], camera, self._centre(camera), t)

    def _look(self, camera: FloatArray, t: float) -> View:
        """Return the frame at `t` through `camera` [3, 3], from metres on the ground to image pixels."""
        res, margin = self._ground.resolution, self._ground.margin
        from_ground = camera @ affine(1 / res, 0.0, -margin, -margin)
        image = warp(self._ground.picture, from_ground, self.width, self.height, margin == 0)
        centre = self._centre(camera)
        truths = [self._put(image, mover, camera, centre, t) for mover in self.objects]
        seen = tuple(truth for truth in truths if truth.visible > _IN_SIGHT)
        return View(self._expose(image, camera, t), truths[0], seen)

    def _centre(self, camera: FloatArray) -> FloatArray:
        """Return the place [2] on the ground in the middle of the image, metres."""
        x, y, w = np.linalg.solve(camera, [self.width / 2, self.height / 2, 1.0])
        return np.array([x, y]) / w

    def _put(
        self, image: npt.NDArray[np.uint8], mover: Mover, camera: FloatArray, centre: FloatArray, t: float
    ) -> Truth:
        """Draw an object where it is at `t`, if the image may show it."""
        at, heading = self._pose(mover, t)
        at[0] = centre[0] + (at[0] - centre[0] + PERIOD / 2) % PERIOD - PERIOD / 2
        if mover is not self.objects[0] and np.abs(at - centre).max() >= self._reach:
            return Truth(mover.name, Box(0.0, 0.0, 0.0, 0.0), 0.0)
        res, margin = self._ground.resolution, self._ground.margin
        from_ground = camera @ affine(1 / res, 0.0, -margin, -margin)
        return self._draw(image, mover, camera, affine(1.0, heading, *at), from_ground, t)

    def _camera(self, t: float) -> FloatArray:
        """Return [3, 3]: metres on the ground to image pixels."""
        x, y = self._aim(t)
        gust = 0.6 + 0.4 * self._gust(t)
        x += self._drift[0](t) + gust * self._shake[0](t)
        y = y + self._drift[1](t) + gust * self._shake[1](t)
        turn = affine(self._scale * math.exp(self._climb(t)), self._yaw(t) + gust * self._roll(t), 0.0, 0.0)
        middle = affine(1.0, 0.0, self.width / 2, self.height / 2)
        return middle @ turn @ affine(1.0, 0.0, -(x % PERIOD), -y)

    def _aim(self, t: float) -> tuple[float, float]:
        """Return the point that the drone aims at, the target's place a moment ago; x is not wrapped."""
        (x, y), _ = self._pose(self.objects[0], t - 0.4)
        return float(x), float(0.7 * y + 0.3 * self._ground.boulevard.middle)

    def _pose(self, mover: Mover, t: float) -> tuple[FloatArray, float]:
        """Return the position [2] in metres (x not wrapped) and heading in radians."""
        road = self._ground.boulevard
        x = mover.start + mover.speed * t + 1.6 * math.sin(0.6 * t + mover.phase)
        at = road.beside(x, mover.offset + 0.25 * math.sin(0.4 * t + 2 * mover.phase))
        heading = math.atan(float(road.slope(x)))
        return at, heading if mover.speed > 0 else heading + math.pi

    def _draw(
        self,
        image: npt.NDArray[np.uint8],
        mover: Mover,
        camera: FloatArray,
        place: FloatArray,
        from_ground: FloatArray,
        t: float,
    ) -> Truth:
        """Lay one object and its shadow over the image; `place` maps its own plane to the ground."""
        sprite = mover.sprites[int((1.8 * t + mover.phase) * len(mover.sprites)) % len(mover.sprites)]
        outline = transform(place, sprite.outline)
        polygon = transform(camera, outline)
        low, high = polygon.min(axis=0), polygon.max(axis=0)
        truth = Truth(mover.name, Box(*((low + high) / 2).tolist(), *(high - low).tolist()), 0.0)
        shadow = transform(camera, np.concatenate([outline, outline + SUN * sprite.height]))
        patch = patch_around([polygon, shadow], self.width, self.height)
        if patch is None:
            return truth
        seen = self._composite(image, patch, sprite, shadow, camera @ place, from_ground)
        # How much a homography H enlarges areas at a point: det H over the cube of its third coordinate.
        depth = float((camera @ place)[2, 2])
        magnified = abs(float(np.linalg.det(camera)) / depth**3) / sprite.resolution**2
        return truth._replace(visible=min(seen / (magnified * float(sprite.rgba[..., 3].sum())), 1.0))

    def _composite(
        self,
        image: npt.NDArray[np.uint8],
        patch: Patch,
        sprite: Sprite,
        shadow: FloatArray,
        place: FloatArray,
        from_ground: FloatArray,
    ) -> float:
        """Draw shadow, then sprite, then whatever covers both; return the visible area in pixels."""
        to_patch = affine(1.0, 0.0, -patch.x, -patch.y)
        h, w = sprite.rgba.shape[:2]
        res = sprite.resolution
        from_sprite = to_patch @ place @ affine(1 / res, 0.0, -w / 2 / res, -h / 2 / res)
        layer = warp(sprite.rgba, from_sprite, *patch.size)
        endless = self._ground.margin == 0
        maps = warp(self._ground.maps, to_patch @ from_ground, *patch.size, endless).astype(np.float32) / 255
        seen, light = 1 - maps[..., :1], maps[..., 1:]
        below = image[patch.rows, patch.columns].astype(np.float32)
        # Where the ground lies in shade already, a second shadow adds nothing.
        shade = 1 - polygon_mask(shadow, patch)[..., None] * np.clip(2 * light - 1, 0, 1) * 0.5
        alpha = layer[..., 3:]
        above = below * shade * (1 - alpha) + layer[..., :3] * light
        image[patch.rows, patch.columns] = np.clip(below + seen * (above - below), 0, 255).astype(np.uint8)
        return float((alpha * seen).sum())

    def _expose(self, image: npt.NDArray[np.uint8], camera: FloatArray, t: float) -> npt.NDArray[np.uint8]:
        """Apply the light of clouds, the lens's fall-off, exposure and the sensor's noise."""
        rows, columns = self._vignette.shape
        # The sky is periodic like the ground, over twice its length, and drifts with the wind.
        per_cell = 2 * PERIOD / self._clouds.shape[0]
        wind = affine(per_cell, 0.0, 4.5 * t, 2.5 * t)
        small = affine(1 / _CLOUD_CELL, 0.0, 0.0, 0.0) @ camera @ wind
        sky = cv2.warpPerspective(self._clouds, small, (columns, rows), borderMode=cv2.BORDER_WRAP)
        gain = sky * self._vignette * (1.2 + self._exposure(t))
        full = cv2.resize(gain, (self.width, self.height), interpolation=cv2.INTER_LINEAR)
        lit = cv2.multiply(image, cv2.merge([full, full, full]), dtype=cv2.CV_8U)
        rng = np.random.default_rng([self._seed, round(max(t, 0.0) * 1e6)])
        y, x = rng.integers(0, 64, 2)
        return cv2.add(lit, self._noise[y : y + self.height, x : x + self.width], dtype=cv2.CV_8U)


def _traffic(rng: np.random.Generator, ground: Ground, resolution: float) -> tuple[Mover, ...]:
    """Return the target, then the other vehicles: four lanes, each at its own speed."""
    movers: list[Mover] = []
    for offset, speed in ((1.5, 9.0), (0.5, 12.0), (-0.5, -10.0), (-1.5, -7.0)):
        lane = offset * LANE_WIDTH
        # The target sets out far enough before the bridge to be seen well first.
        first = ground.boulevard.street_x - 70.0 if offset == 1.5 else rng.uniform(0, PERIOD)
        for slot in range(6):
            is_target = offset == 1.5 and slot == 0
            kind = "car" if is_target else str(rng.choice(["car", "car", "car", "van", "truck"]))
            paint = PAINTS[0] if is_target else PAINTS[rng.integers(1, len(PAINTS))]
            start = first + slot * PERIOD / 6 + (0.0 if is_target else rng.uniform(-4, 4))
            if is_target or rng.uniform() < 0.75:
                picture = vehicle(kind, paint, resolution)
                name, phase = f"{kind}_{len(movers)}", rng.uniform(0, 6)
                movers.append(Mover(name, (picture,), lane, start, speed, phase))
    return tuple(movers)


def walkers(rng: np.random.Generator, resolution: float) -> tuple[Mover, ...]:
    """Return people on both pavements."""
    strides = [math.sin(2 * math.pi * k / 8) for k in range(8)]
    gaits = [tuple(person(shirt, stride, resolution) for stride in strides) for shirt in _SHIRTS]
    movers = []
    for number in range(26):
        gait = gaits[rng.integers(len(gaits))]
        offset = rng.choice([-1, 1]) * (ROAD_HALF + rng.uniform(0.6, 1.9))
        speed = rng.choice([-1, 1]) * rng.uniform(0.9, 1.6)
        start, phase = rng.uniform(0, PERIOD), rng.uniform(0, 6)
        movers.append(Mover(f"person_{number}", gait, offset, start, speed, phase))
    return tuple(movers)


def _clouds(rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return [128, 128] float32 in [0.62, 1.06]: periodic soft shadows."""
    spectrum = np.fft.rfft2(rng.normal(size=(128, 128)))
    fy, fx = np.fft.fftfreq(128)[:, None] * 128, np.fft.rfftfreq(128)[None] * 128
    lumps = np.fft.irfft2(spectrum * np.exp(-(fx**2 + fy**2) / 18), (128, 128))
    return (1.06 - 0.44 / (1 + np.exp(-2.5 * (lumps / lumps.std() - 0.6)))).astype(np.float32)


def _vignette(width: int, height: int) -> npt.NDArray[np.float32]:
    """Return the fall-off of the lens towards the corners, one value a cloud cell."""
    rows, columns = math.ceil(height / _CLOUD_CELL), math.ceil(width / _CLOUD_CELL)
    y, x = np.mgrid[0:rows, 0:columns]
    radius2 = ((x + 0.5) / columns * 2 - 1) ** 2 + ((y + 0.5) / rows * 2 - 1) ** 2
    return (1 - 0.11 * radius2).astype(np.float32)
