# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Boxes and heat maps on pictures, for every command and node that shows some."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from tracker_ros.geometry import Box

Picture = npt.NDArray[np.uint8]
Color = tuple[int, int, int]


def draw_box(picture: Picture, box: Box, color: Color, thickness: int = 2, smooth: bool = False) -> None:
    """Draw the outline of a box into a picture, in place; its corners are rounded to whole pixels.

    Args:
        picture: uint8 [H, W, 3].
        box: in pixels of the picture; parts outside of it are not drawn.
        color: in the picture's channel order.
        thickness: of the line, in pixels.
        smooth: draw with antialiasing.
    """
    x, y, w, h = box.to_xywh()
    line = cv2.LINE_AA if smooth else cv2.LINE_8
    cv2.rectangle(picture, (round(x), round(y)), (round(x + w), round(y + h)), color, thickness, line)


def heat_colors(levels: Picture) -> Picture:
    """Color uint8 [H, W] from dark (0) to red (255): RGB uint8 [H, W, 3]."""
    return np.asarray(cv2.applyColorMap(levels, cv2.COLORMAP_TURBO)[..., ::-1], dtype=np.uint8)
