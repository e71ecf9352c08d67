# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Convert messages to encoded pictures and to plain values for JSON, for the selection page."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np

from tracker_ros.msg import ResponseMap, TrackState
from tracker_ros.ros.health import STATES
from tracker_ros.ros.images import to_picture
from tracker_ros.ros.messages import box_of
from tracker_ros.select.hub import Picture

_OPACITY = 0.85


def image_picture(message: Any, longest_side: int, quality: int) -> Picture:
    """Encode a sensor_msgs Image or CompressedImage as JPEG, scaled down to `longest_side` pixels if larger.

    Compressed images are encoded again too: browsers rotate by EXIF, and boxes refer to the camera's grid.

    Raises:
        ImageError: when the image cannot be used.
    """
    pixels = to_picture(message)
    height, width = pixels.shape[:2]
    scale = longest_side / max(height, width)
    if scale < 1:
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(
        ".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    return Picture(data.tobytes(), width, height)


def response_picture(response: ResponseMap) -> Picture:
    """Return the response map as PNG, a pixel a cell: its smallest value transparent, its largest opaque red.

    Raises:
        ValueError: for a map without cells, or whose size is not that of its data.
    """
    values = np.nan_to_num(np.array(response.data, np.float32)).reshape(response.height, response.width)
    low, high = float(values.min()), float(values.max())
    share = (values - low) / max(high - low, 1e-12)
    color = cv2.applyColorMap((share * 255).astype(np.uint8), cv2.COLORMAP_TURBO)
    alpha = (share * (255 * _OPACITY)).astype(np.uint8)
    _, data = cv2.imencode(".png", np.dstack((color, alpha)))
    return Picture(data.tobytes(), response.width, response.height)


def state_values(state: TrackState) -> dict[str, Any]:
    """Return a TrackState for JSON. Boxes are x, y, w, h in image pixels; what is not finite is None."""
    return {
        "state": STATES[state.state] if state.state < len(STATES) else str(state.state),
        "target": state.target_id,
        "verified": state.verified,
        "tracker": state.tracker,
        "score": _finite(state.score),
        "box": box_values(state.bbox),
        "latency_ms": _finite(state.latency_ms),
        "age_ms": _finite(state.age_ms),
        "processed": state.frames_processed,
        "dropped": state.frames_dropped,
        "message": state.message,
    }


def box_values(bbox: Any) -> list[float | None] | None:
    """Return x, y, w, h of a BoundingBox2D; None for one without size."""
    return [_finite(v) for v in box_of(bbox).to_xywh()] if bbox.size_x > 0 else None


def _finite(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
