# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Pictures of what a tracker does: its box and state on the image, its response as a heat map."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from tracker_ros.drawing.palette import COLORS
from tracker_ros.drawing.shapes import Picture, draw_box, heat_colors
from tracker_ros.msg import ResponseMap, TrackState
from tracker_ros.ros.health import STATES
from tracker_ros.ros.messages import box_of

_TEXT_COLOR = (255, 60, 60)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_SMALLEST_SIDE = 256
_BARS_HEIGHT = 48


def draw_state(image: Picture, state: TrackState) -> Picture:
    """Return a copy of uint8 [H, W, 3] RGB with the box, state, score and latency."""
    picture = image.copy()
    name = STATES[state.state]
    color = COLORS.get(name, _TEXT_COLOR)
    scale = max(picture.shape[0] / 720, 0.4)
    thick = max(round(2 * scale), 1)
    if state.bbox.size_x > 0:
        draw_box(picture, box_of(state.bbox), color, thick)
    text = f"{name} {state.target_id} {state.score:.2f}  {state.latency_ms:.0f} ms"
    place = 8, round(28 * scale) + 4
    # A dark rim: the picture below may be as bright as the text.
    cv2.putText(picture, text, place, _FONT, scale, (0, 0, 0), thick + 2, cv2.LINE_AA)
    cv2.putText(picture, text, place, _FONT, scale, color, thick, cv2.LINE_AA)
    return picture


def draw_response(response: ResponseMap) -> Picture:
    """Return the response map as an RGB heat map: its smallest value dark, its largest red.

    Each cell becomes a square of pixels. Below the map stand the weights that came with it, one row of
    bars for each name.
    """
    values = np.array(response.data, dtype=np.float32).reshape(response.height, response.width)
    low, high = float(values.min()), float(values.max())
    scaled = ((values - low) * (255 / max(high - low, 1e-12))).astype(np.uint8)
    times = max(1, -(-_SMALLEST_SIDE // max(values.shape)))
    scaled = scaled.repeat(times, 0).repeat(times, 1)
    rows = [heat_colors(scaled)]
    rows += [draw_bars(item.name, np.array(item.values), rows[0].shape[1]) for item in response.weights]
    return np.vstack(rows)


def draw_bars(name: str, values: npt.NDArray[np.floating], width: int) -> Picture:
    """Draw bars, uint8 [_BARS_HEIGHT, width, 3]: one a value, the largest filling the height."""
    picture = np.full((_BARS_HEIGHT, width, 3), 24, np.uint8)
    if values.size:
        heights = np.clip(values / max(float(values.max()), 1e-12), 0, 1) * (_BARS_HEIGHT - 1)
        column = np.arange(width) * values.size // width
        level = _BARS_HEIGHT - 1 - np.arange(_BARS_HEIGHT)[:, None]
        picture[level < heights[column][None, :]] = (70, 150, 255)
    text = f"{name} ({values.size})"
    cv2.putText(picture, text, (4, 12), _FONT, 0.38, (255, 255, 255), 1, cv2.LINE_AA)
    return picture
