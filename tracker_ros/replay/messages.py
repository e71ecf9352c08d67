# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Reports as messages of the rosbags library, which needs no ROS."""

from __future__ import annotations

from typing import Any

import numpy as np
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from tracker_ros.config_files import config_folders
from tracker_ros.geometry import Box
from tracker_ros.replay.annotations import add_types
from tracker_ros.session import Report

DETECTION, DETECTIONS, STATE = (
    "vision_msgs/msg/Detection2D",
    "vision_msgs/msg/Detection2DArray",
    "tracker_ros/msg/TrackState",
)

# rosbags knows the common interfaces; these fields are those of vision_msgs 4, from Humble on.
_VISION = {
    "Point2D": "float64 x\nfloat64 y",
    "Pose2D": "vision_msgs/Point2D position\nfloat64 theta",
    "BoundingBox2D": "vision_msgs/Pose2D center\nfloat64 size_x\nfloat64 size_y",
    "ObjectHypothesis": "string class_id\nfloat64 score",
    "ObjectHypothesisWithPose": "vision_msgs/ObjectHypothesis hypothesis\n"
    "geometry_msgs/PoseWithCovariance pose",
    "Detection2D": "std_msgs/Header header\nvision_msgs/ObjectHypothesisWithPose[] results\n"
    "vision_msgs/BoundingBox2D bbox\nstring id",
    "Detection2DArray": "std_msgs/Header header\nvision_msgs/Detection2D[] detections",
}


def make_types() -> Typestore:
    """Return the types of images and of what the tracker node publishes.

    Raises:
        FileNotFoundError: when the package is installed without its interfaces.
    """
    types = get_typestore(Stores.LATEST)
    for name, text in _VISION.items():
        types.register(get_types_from_msg(text, f"vision_msgs/msg/{name}"))
    places = [folder.parent / "msg" / "TrackState.msg" for folder in config_folders()]
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        raise FileNotFoundError(f"no TrackState.msg in {', '.join(str(path.parent) for path in places)}")
    types.register(get_types_from_msg(found.read_text(), STATE))
    add_types(types)
    return types


class Factory:
    """Makes the messages that the tracker node publishes about an image.

    Args:
        types: of `make_types`.
        tracker: name of the preset, for `TrackState`.
    """

    def __init__(self, types: Typestore, tracker: str):
        self._types, self._tracker = types.types, tracker

    def header(self, stamp: int, frame: str) -> Any:
        """Return a header of a stamp (ns) and a frame_id."""
        time = self._new("builtin_interfaces/msg/Time", sec=stamp // 10**9, nanosec=stamp % 10**9)
        return self._new("std_msgs/msg/Header", stamp=time, frame_id=frame)

    def detection(self, header: Any, report: Report) -> Any:
        """Return the target with the image's header verbatim; None where there is no target."""
        if report.box is None:
            return None
        guess = self._new(
            "vision_msgs/msg/ObjectHypothesis", class_id=report.label, score=float(report.score)
        )
        result = self._new("vision_msgs/msg/ObjectHypothesisWithPose", hypothesis=guess, pose=self._no_pose())
        return self._new(
            DETECTION, header=header, results=[result], bbox=self._box(report.box), id=report.target_id
        )

    def detections(self, header: Any, target: Any) -> Any:
        """Return the one target, or an empty list that says it is gone."""
        return self._new(DETECTIONS, header=header, detections=[] if target is None else [target])

    def state(self, header: Any, report: Report, processed: int, dropped: int) -> Any:
        """Return the state after an image.

        Latency and age are 0: a replay is not about this machine's speed. The image's size is left out; the
        image lies in the same bag.
        """
        return self._new(
            STATE,
            header=header,
            state=int(report.state),
            target_id=report.target_id,
            verified=report.verified,
            reacquired=report.reacquired,
            tracker=self._tracker,
            score=report.score,
            psr=report.psr,
            apce=report.apce,
            bbox=self._box(report.box),
            image_width=0,
            image_height=0,
            no_bearing="no bearing: a replay does not read camera_info",
            latency_ms=0.0,
            age_ms=0.0,
            frames_processed=processed,
            frames_dropped=dropped,
            message=report.message,
        )

    def _new(self, name: str, **fields: Any) -> Any:
        return self._types[name](**fields)

    def _box(self, box: Box | None) -> Any:
        cx, cy, w, h = box or (0.0, 0.0, 0.0, 0.0)
        position = self._new("vision_msgs/msg/Point2D", x=cx, y=cy)
        center = self._new("vision_msgs/msg/Pose2D", position=position, theta=0.0)
        return self._new("vision_msgs/msg/BoundingBox2D", center=center, size_x=w, size_y=h)

    def _no_pose(self) -> Any:
        pose = self._new(
            "geometry_msgs/msg/Pose",
            position=self._new("geometry_msgs/msg/Point", x=0.0, y=0.0, z=0.0),
            orientation=self._new("geometry_msgs/msg/Quaternion", x=0.0, y=0.0, z=0.0, w=1.0),
        )
        return self._new("geometry_msgs/msg/PoseWithCovariance", pose=pose, covariance=np.zeros(36))


def box_in(message: Any) -> Box | None:
    """Return the box of a Detection2D or TrackState; None where it is of no size."""
    bbox = message.bbox
    if bbox.size_x <= 0 or bbox.size_y <= 0:
        return None
    return Box(bbox.center.position.x, bbox.center.position.y, bbox.size_x, bbox.size_y)
