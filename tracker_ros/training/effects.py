# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Effects of a camera on a picture: resolution, light, colour, blur, noise and compression.

A `Look` belongs to the video (both crops of a pair share it), a `Shot` to the single frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Look:
    """A camera's resolution, compression and colour.

    Attributes:
        detail: resolution of the picture relative to the crop's; a far target has few pixels.
        quality: JPEG quality, or 0 for none.
        gain: of the three colours.
        gamma: exponent of the intensities.
        grey: whether the camera has no colour.
    """

    detail: float
    quality: int
    gain: tuple[float, float, float]
    gamma: float
    grey: bool

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Look:
        """Return a random look."""
        detail = math.exp(rng.uniform(math.log(0.25), 0.0)) if rng.random() < 0.7 else 1.0
        quality = int(rng.integers(30, 90)) if rng.random() < 0.4 else 0
        gain = rng.uniform(0.85, 1.15) * rng.uniform(0.9, 1.1, 3)
        return cls(
            detail,
            quality,
            (float(gain[0]), float(gain[1]), float(gain[2])),
            math.exp(rng.normal(0, 0.2)),
            bool(rng.random() < 0.15),
        )

    def apply(self, rng: np.random.Generator, picture: Image) -> Image:
        """Return the picture [h, w, 3] as this camera gives it."""
        side = picture.shape[0]
        small = max(16, round(side * self.detail))
        if small < side:
            picture = cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA)
        levels = np.arange(256) / 255.0
        table = np.clip(np.power(levels[:, None], self.gamma) * np.array(self.gain) * 255, 0, 255)
        picture = np.asarray(cv2.LUT(picture, table.astype(np.uint8).reshape(256, 1, 3)), np.uint8)
        if self.grey:
            picture = np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
        if self.quality:
            swapped = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
            _, coded = cv2.imencode(".jpg", swapped, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
            picture = cv2.cvtColor(cv2.imdecode(coded, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        if small < side:
            picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR)
        return picture


@dataclass(frozen=True)
class Shot:
    """Light, blur and noise of one frame.

    Attributes:
        light: gain of the intensities.
        streak: length of the motion blur relative to the crop; 0 for none.
        direction: of the motion, radians.
        noise: standard deviation of the sensor's noise, in levels.
    """

    light: float
    streak: float
    direction: float
    noise: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Shot:
        """Return a random shot."""
        streak = rng.uniform(0.02, 0.08) if rng.random() < 0.2 else 0.0
        noise = rng.uniform(1, 8) if rng.random() < 0.3 else 0.0
        return cls(math.exp(rng.normal(0, 0.12)), streak, rng.uniform(0, math.pi), noise)

    def apply(self, rng: np.random.Generator, picture: Image) -> Image:
        """Return the picture [h, w, 3] as this shot shows it."""
        length = round(self.streak * picture.shape[0])
        if length > 1:
            streak = _streak(length, self.direction)
            picture = cv2.filter2D(picture, -1, streak, borderType=cv2.BORDER_REPLICATE)
        if self.noise == 0 and abs(self.light - 1) < 0.02:
            return picture
        values = picture.astype(np.float32) * self.light
        if self.noise:
            values += self.noise * rng.standard_normal(picture.shape, np.float32)
        return np.clip(values, 0, 255).astype(np.uint8)


def _streak(length: int, direction: float) -> npt.NDArray[np.float32]:
    """Return the kernel [n, n] of sum 1: a line of `length` pixels."""
    side = length | 1
    kernel = np.zeros((side, side), np.float32)
    step = (length / 2) * np.array([math.cos(direction), math.sin(direction)])
    ends = np.round((side // 2 + np.array([-step, step])) * 16).astype(int)
    cv2.line(kernel, ends[0].tolist(), ends[1].tolist(), 1.0, 1, cv2.LINE_8, 4)
    return kernel / max(float(kernel.sum()), 1e-6)
