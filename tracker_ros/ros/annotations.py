# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Box and state as foxglove_msgs/ImageAnnotations, for viewers that draw over the camera's image."""

from __future__ import annotations

from typing import Any

from tracker_ros.drawing.palette import COLORS
from tracker_ros.msg import TrackState
from tracker_ros.ros.health import STATES


def find_annotation_types() -> Any:
    """Return the module foxglove_msgs.msg, or None where it is not installed."""
    try:
        import foxglove_msgs.msg
    except ModuleNotFoundError:
        return None
    return foxglove_msgs.msg


def image_annotations(types: Any, state: TrackState) -> Any:
    """Return an ImageAnnotations made of `types`; without drawings where there is no target.

    Args:
        types: the module foxglove_msgs.msg.
        state: about the image on which the drawings belong.
    """
    message = types.ImageAnnotations()
    if state.bbox.size_x <= 0:
        return message
    name, stamp = STATES[state.state], state.header.stamp
    red, green, blue = (c / 255 for c in COLORS.get(name, (255, 60, 60)))
    color = types.Color(r=red, g=green, b=blue, a=1.0)
    center, w, h = state.bbox.center.position, state.bbox.size_x / 2, state.bbox.size_y / 2
    corners = [(center.x + sx * w, center.y + sy * h) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    message.points.append(
        types.PointsAnnotation(
            timestamp=stamp,
            type=types.PointsAnnotation.LINE_LOOP,
            outline_color=color,
            thickness=2.0,
            points=[types.Point2(x=x, y=y) for x, y in corners],
        )
    )
    message.texts.append(
        types.TextAnnotation(
            timestamp=stamp,
            position=types.Point2(x=corners[0][0], y=corners[0][1]),
            font_size=14.0,
            text=f"{name} {state.score:.2f}",
            text_color=color,
        )
    )
    return message
