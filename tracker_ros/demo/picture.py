# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Draws a moment that the tracker saw: the frame with boxes and heat map, and a panel that explains it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from tracker_ros.demo.scores import Moment
from tracker_ros.drawing.palette import COLORS
from tracker_ros.drawing.shapes import Color, Picture, draw_box, heat_colors
from tracker_ros.geometry import Box

HEIGHT = 480
PANEL = 232
_MARGIN = 10
_BACKGROUND = (18, 21, 28)
_FRAME = (58, 64, 76)
_TEXT = (222, 226, 232)
_FAINT = (138, 146, 158)
_TRUTH = (255, 255, 255)
_LOST = (255, 70, 70)
_FONT = cv2.FONT_HERSHEY_DUPLEX
_HISTORY = 300
"""Frames that the panel's chart shows."""


def state_color(state: str) -> Color:
    """Return the colour (RGB) of a state's box, chart and label."""
    return COLORS.get(state, _LOST)


def heat(image: Picture, response: Any) -> Picture:
    """Return a copy of uint8 [H, W, 3] RGB with a ResponseMap over the window that it covers."""
    values = np.array(response.data, dtype=np.float32).reshape(response.height, response.width)
    peak = float(values.max())
    strength = np.clip(values / peak if peak > 0 else values * 0, 0, 1)
    window = Box(
        response.window.center.position.x,
        response.window.center.position.y,
        response.window.size_x,
        response.window.size_y,
    )
    x, y, w, h = window.to_xywh()
    sx, sy = w / response.width, h / response.height
    picture = image.copy()
    left, top = max(math.floor(x), 0), max(math.floor(y), 0)
    part = picture[top : max(math.ceil(y + h), 0), left : max(math.ceil(x + w), 0)]
    if part.size == 0:
        return picture
    # From the centre of a cell to that of a pixel; both count from the centre of their first.
    place = np.array([[sx, 0, x - left + sx / 2 - 0.5], [0, sy, y - top + sy / 2 - 0.5]])
    spread = cv2.warpAffine(strength, place, (part.shape[1], part.shape[0]), flags=cv2.INTER_LINEAR)
    colors = heat_colors((spread * 255).astype(np.uint8))
    alpha = (0.6 * spread**0.8)[..., None]
    part[:] = part * (1 - alpha) + colors * alpha
    return picture


def annotate(image: Picture, moment: Moment, response: Any | None = None) -> Picture:
    """Return the frame, `HEIGHT` pixels high, with heat map, truth (thin, white) and the tracker's box."""
    picture = image.copy() if response is None else heat(image, response)
    scale = HEIGHT / image.shape[0]
    size = round(image.shape[1] * scale), HEIGHT
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    picture = cv2.resize(picture, size, interpolation=how) if scale != 1 else picture
    if not math.isnan(moment.off_axis):
        cv2.drawMarker(picture, (size[0] // 2, HEIGHT // 2), _TRUTH, cv2.MARKER_CROSS, 36, 1, cv2.LINE_AA)
    if moment.truth is not None:
        _rectangle(picture, moment.truth, scale, _TRUTH, 1)
    if moment.box is not None:
        color = state_color(moment.state)
        _rectangle(picture, moment.box, scale, color, 2)
        x, y, _, _ = moment.box.to_xywh()
        _label(picture, f"{moment.state} {moment.score:.2f}", x * scale, y * scale, color)
    else:
        _label(picture, moment.state, 8.0, 26.0, state_color(moment.state))
    return picture


def compose(
    image: Picture, response: Any | None, history: Sequence[Moment], overlaps: Sequence[float], title: str
) -> Picture:
    """Return the annotated frame of the last moment of `history`, with its panel.

    Args:
        image: uint8 [H, W, 3] RGB.
        response: the ResponseMap of that frame.
        overlaps: of each moment of the history.
        title: heads the panel.
    """
    moment = history[-1]
    frame = annotate(image, moment, response)
    panel = np.full((HEIGHT, PANEL, 3), _BACKGROUND, np.uint8)
    _text(panel, title, _MARGIN, 24, _TEXT, _fitting(title, 0.5, PANEL - 2 * _MARGIN))
    _text(panel, "target", _MARGIN, 46, _FAINT, 0.36)
    _paste(panel, _close_up(image, moment, PANEL - 2 * _MARGIN, 112), 52)
    _text(panel, "response", _MARGIN, 182, _FAINT, 0.36)
    _paste(panel, _map(response, PANEL - 2 * _MARGIN, 112), 188)
    _text(panel, "IoU", _MARGIN, 318, _FAINT, 0.36)
    _text(panel, "score", _MARGIN + 34, 318, (110, 168, 255), 0.36)
    _paste(panel, _chart(history[-_HISTORY:], overlaps[-_HISTORY:], PANEL - 2 * _MARGIN, 78), 324)
    _numbers(panel, moment, overlaps[-1], (moment.stamp - history[0].stamp) / 1e9)
    return np.hstack([frame, panel])


def _numbers(panel: Picture, moment: Moment, overlap: float, elapsed: float) -> None:
    iou = "-" if math.isnan(overlap) else f"{overlap:.2f}"
    cells = (("time", f"{elapsed:.1f} s"), ("IoU", iou), ("latency", f"{moment.latency * 1e3:.0f} ms"))
    for column, (name, value) in enumerate(cells):
        x = _MARGIN + column * 74
        _text(panel, name, x, 424, _FAINT, 0.36)
        _text(panel, value, x, 444, _TEXT, 0.5)
    _text(panel, moment.state, _MARGIN, 470, state_color(moment.state), 0.46)
    if not math.isnan(moment.off_axis):
        _text(panel, f"off axis {math.degrees(moment.off_axis):.2f} deg", _MARGIN + 104, 470, _TEXT, 0.36)


def _rectangle(picture: Picture, box: Box, scale: float, color: Color, thickness: int) -> None:
    draw_box(picture, Box(*(value * scale for value in box)), color, thickness, smooth=True)


def _label(picture: Picture, text: str, x: float, y: float, color: Color) -> None:
    """Draw dark text on a coloured tag with its lower left corner at (x, y), kept inside the picture."""
    (width, height), _ = cv2.getTextSize(text, _FONT, 0.42, 1)
    left = round(min(max(x, 0), picture.shape[1] - width - 8))
    bottom = round(min(max(y, height + 8), picture.shape[0]))
    cv2.rectangle(picture, (left, bottom - height - 8), (left + width + 8, bottom), color, -1)
    cv2.putText(picture, text, (left + 4, bottom - 4), _FONT, 0.42, (12, 14, 18), 1, cv2.LINE_AA)


def _text(panel: Picture, text: str, x: int, y: int, color: Color, size: float) -> None:
    cv2.putText(panel, text, (x, y), _FONT, size, color, 1, cv2.LINE_AA)


def _fitting(text: str, size: float, width: int) -> float:
    """Return the font size at which a text is at most so wide, and never more than `size`."""
    # Letters are rounded to whole pixels, so their width does not follow the size exactly.
    while cv2.getTextSize(text, _FONT, size, 1)[0][0] > width and size > 0.1:
        size *= 0.97
    return size


def _paste(panel: Picture, part: Picture, y: int) -> None:
    height, width = part.shape[:2]
    panel[y : y + height, _MARGIN : _MARGIN + width] = part
    cv2.rectangle(panel, (_MARGIN - 1, y - 1), (_MARGIN + width, y + height), _FRAME, 1)


def _close_up(image: Picture, moment: Moment, width: int, height: int) -> Picture:
    """Cut out the tracked target with some of its surroundings."""
    if moment.box is None:
        return np.full((height, width, 3), _BACKGROUND, np.uint8)
    scale = 0.55 * min(width / moment.box.w, height / moment.box.h)
    place = np.array(
        [[scale, 0, width / 2 - scale * moment.box.cx], [0, scale, height / 2 - scale * moment.box.cy]]
    )
    view = cv2.warpAffine(
        image, place, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    local = Box(width / 2, height / 2, scale * moment.box.w, scale * moment.box.h)
    _rectangle(view, local, 1.0, state_color(moment.state), 1)
    return np.asarray(view, dtype=np.uint8)


def _map(response: Any | None, width: int, height: int) -> Picture:
    """Return the response map as a heat map in the middle, as large as fits."""
    canvas = np.full((height, width, 3), _BACKGROUND, np.uint8)
    if response is None:
        return canvas
    values = np.array(response.data, dtype=np.float32).reshape(response.height, response.width)
    low, high = float(values.min()), float(values.max())
    levels = ((values - low) * (255 / max(high - low, 1e-12))).astype(np.uint8)
    scale = min(width / response.width, height / response.height)
    size = max(1, round(response.width * scale)), max(1, round(response.height * scale))
    colors = heat_colors(np.asarray(cv2.resize(levels, size, interpolation=cv2.INTER_CUBIC)))
    x, y = (width - size[0]) // 2, (height - size[1]) // 2
    canvas[y : y + size[1], x : x + size[0]] = colors
    return canvas


def _chart(history: Sequence[Moment], overlaps: Sequence[float], width: int, height: int) -> Picture:
    """Plot the score and, coloured by state, the IoU of the last frames; both from 0 to 1."""
    canvas = np.full((height, width, 3), (26, 30, 38), np.uint8)
    for level in (0.25, 0.5, 0.75):
        cv2.line(canvas, (0, round(height * level)), (width, round(height * level)), (44, 49, 60), 1)
    right = width - 1
    for index in range(1, len(history)):
        before, now = history[index - 1], history[index]
        x1 = right - round((len(history) - 1 - index) * width / _HISTORY)
        x0 = right - round((len(history) - index) * width / _HISTORY)
        pairs = (
            (before.score, now.score, (110, 168, 255)),
            (overlaps[index - 1], overlaps[index], state_color(now.state)),
        )
        for low, high, color in pairs:
            if not math.isnan(low + high):
                at = [(x, round((height - 3) * (1 - v)) + 1) for x, v in ((x0, low), (x1, high))]
                cv2.line(canvas, at[0], at[1], color, 1, cv2.LINE_AA)
    return canvas
