# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The box of a report as foxglove_msgs/ImageAnnotations, which Foxglove draws over the image."""

from __future__ import annotations

from typing import Any

from rosbags.typesys import get_types_from_msg
from rosbags.typesys.store import Typestore

from tracker_ros.drawing.palette import COLORS
from tracker_ros.session import Report

ANNOTATIONS = "foxglove_msgs/msg/ImageAnnotations"
_LINE_LOOP = 2

# The fields of foxglove_msgs 3; points count from the top-left corner of the top-left pixel, as ours do.
_TYPES = {
    "Color": "float64 r\nfloat64 g\nfloat64 b\nfloat64 a",
    "Point2": "float64 x\nfloat64 y",
    "CircleAnnotation": "builtin_interfaces/Time timestamp\nfoxglove_msgs/Point2 position\nfloat64 diameter\n"
    "float64 thickness\nfoxglove_msgs/Color fill_color\n"
    "foxglove_msgs/Color outline_color",
    "PointsAnnotation": "uint8 UNKNOWN=0\nuint8 POINTS=1\nuint8 LINE_LOOP=2\nuint8 LINE_STRIP=3\n"
    "uint8 LINE_LIST=4\nbuiltin_interfaces/Time timestamp\nuint8 type\n"
    "foxglove_msgs/Point2[] points\nfoxglove_msgs/Color outline_color\n"
    "foxglove_msgs/Color[] outline_colors\nfoxglove_msgs/Color fill_color\n"
    "float64 thickness",
    "TextAnnotation": "builtin_interfaces/Time timestamp\nfoxglove_msgs/Point2 position\nstring text\n"
    "float64 font_size\nfoxglove_msgs/Color text_color\n"
    "foxglove_msgs/Color background_color",
    "ImageAnnotations": "foxglove_msgs/CircleAnnotation[] circles\nfoxglove_msgs/PointsAnnotation[] points\n"
    "foxglove_msgs/TextAnnotation[] texts",
}


def add_types(types: Typestore) -> None:
    """Make the messages known to `types`."""
    for name, text in _TYPES.items():
        types.register(get_types_from_msg(text, f"foxglove_msgs/msg/{name}"))


def drawing(types: Typestore, header: Any, report: Report) -> Any:
    """Draw for the image of `header`; the drawing is empty without a target, so that an old box goes."""
    new = {name: types.types[f"foxglove_msgs/msg/{name}"] for name in _TYPES}
    if report.box is None:
        return new["ImageAnnotations"](circles=[], points=[], texts=[])
    red, green, blue = (value / 255 for value in COLORS[report.state.name])
    color, clear = new["Color"](r=red, g=green, b=blue, a=1.0), new["Color"](r=0.0, g=0.0, b=0.0, a=0.0)
    x, y, w, h = report.box.to_xywh()
    corners = [new["Point2"](x=px, y=py) for px, py in ((x, y), (x + w, y), (x + w, y + h), (x, y + h))]
    outline = new["PointsAnnotation"](
        timestamp=header.stamp,
        type=_LINE_LOOP,
        points=corners,
        outline_color=color,
        outline_colors=[],
        fill_color=clear,
        thickness=2.0,
    )
    label = new["TextAnnotation"](
        timestamp=header.stamp,
        position=corners[0],
        text=f"{report.state.name} {report.score:.2f}",
        font_size=14.0,
        text_color=color,
        background_color=clear,
    )
    return new["ImageAnnotations"](circles=[], points=[outline], texts=[label])
