# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Locate the target: its direction from the calibrated camera, and its place from depth or height."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from geometry_msgs.msg import Vector3Stamped
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from vision_msgs.msg import Detection3D, ObjectHypothesisWithPose

from tracker_ros.geometry import Box
from tracker_ros.optics.camera import Camera, read_camera
from tracker_ros.optics.distance import NoDistance, ground_distance, median_depth, up_of
from tracker_ros.optics.lens import CameraError, Vector
from tracker_ros.ros import endpoints, qos
from tracker_ros.ros.depth import DepthImages
from tracker_ros.ros.messages import stamp_seconds
from tracker_ros.ros.parameters import ParameterError
from tracker_ros.ros.reader import Reader
from tracker_ros.ros.transforms import NoTransform, Pose, Transforms
from tracker_ros.session import Report
from tracker_ros.trackers.base import setting

UP: Vector = (0.0, 0.0, 1.0)
LIVE_LOCATION = ("height_above_ground", "camera_tilt")
"""Settings that `Location.tune` takes; the others say what is subscribed to."""


@dataclass(frozen=True)
class LocationSettings:
    """Settings that turn pixels into directions and places."""

    rectified: bool = setting(False, "the images are rectified: P of camera_info holds, without distortion")
    depth: bool = setting(False, "take the distance from the topic 'depth', registered to the images")
    height_above_ground: float = setting(
        0.0, "of the camera over flat ground, metres; 0: not known", 0.0, 1e5
    )
    camera_tilt: float = setting(90.0, "degrees that the camera looks below the horizon", -90.0, 90.0)
    target_frame: str = setting("", "frame of bearing and target3d, by tf2; '': the image's own")

    def __post_init__(self) -> None:
        if self.depth and self.height_above_ground > 0:
            raise ParameterError(
                "location.depth and location.height_above_ground both tell the distance: set one of them"
            )


class Location:
    """Publishes ``~/bearing`` and ``~/target3d``. What `publish` needs arrives on other threads.

    Args:
        node: to listen with.
        settings: how.
        bearing: publisher of Vector3Stamped.
        place: publisher of Detection3D.

    Raises:
        ParameterError: for a `target_frame` without tf2.
    """

    def __init__(self, node: LifecycleNode, settings: LocationSettings, bearing: Any, place: Any):
        self._node, self._settings = node, settings
        self._bearing, self._place = bearing, place
        self._camera: Camera | CameraError | None = None
        self._calibration: CameraInfo | None = None
        self._transforms = Transforms(node, settings.target_frame) if settings.target_frame else None
        self._depths = DepthImages(node.resolve_topic_name("depth"))
        self._infos: Any = None
        self._depth_reader: Reader | None = None

    def open(self) -> None:
        """Subscribe to calibration and depth."""
        self._infos = endpoints.subscription(
            self._node, CameraInfo, "camera_info", self._on_info, qos.camera()
        )
        if self._settings.depth:
            self._depth_reader = Reader(self._node, Image, "depth", self._depths.add, qos.camera())

    def tune(self, settings: LocationSettings) -> None:
        """Use another height and tilt from the next image on."""
        self._settings = settings

    def halt(self) -> None:
        """Unsubscribe, and forget the calibration: another camera may be there later."""
        if self._infos is None:
            return
        self._node.destroy_subscription(self._infos)
        if self._depth_reader is not None:
            self._depth_reader.close()
        self._infos = self._depth_reader = self._camera = self._calibration = None

    def close(self) -> None:
        """Stop listening."""
        self.halt()
        if self._transforms is not None:
            self._transforms.close()

    def publish(self, header: Header, report: Report, size: tuple[int, int]) -> str:
        """Publish where the target is, and return why that cannot be, or not completely; '' if it can.

        Args:
            header: the image's.
            report: about that image.
            size: its width and height in pixels; zeros where they are not known.
        """
        try:
            camera = self._fitting_camera(size)
            if report.box is None:
                return ""
            ray = camera.ray(report.box.cx, report.box.cy)
            pose = None if self._transforms is None else self._transforms.pose(header)
        except (CameraError, NoTransform) as error:
            return f"no bearing: {error}"
        frame = Header(stamp=header.stamp, frame_id=header.frame_id)
        if pose is not None:
            frame.frame_id = self._settings.target_frame
        message = Vector3Stamped(header=frame)
        message.vector.x, message.vector.y, message.vector.z = ray if pose is None else pose.turn(ray)
        self._bearing.publish(message)
        try:
            distance = self._distance(header, report.box, ray, pose, size)
        except NoDistance as error:
            return f"no target3d: {error}"
        if distance is not None:
            point = ray[0] * distance, ray[1] * distance, ray[2] * distance
            extent = camera.extent(report.box.w, report.box.h, point[2])
            self._place.publish(_detection(frame, report, point, extent, pose))
        return ""

    def _fitting_camera(self, size: tuple[int, int]) -> Camera:
        camera = self._camera
        if camera is None:
            raise CameraError(f"no camera_info yet on {self._node.resolve_topic_name('camera_info')}")
        if isinstance(camera, CameraError):
            raise camera
        if all(size):
            camera.require_size(*size)
        return camera

    def _distance(
        self, header: Header, box: Box, ray: Vector, pose: Pose | None, size: tuple[int, int]
    ) -> float | None:
        """Return the distance along the ray, metres; None where nothing that tells it was asked for."""
        if self._settings.depth:
            depth, unit = self._depths.nearest(stamp_seconds(header.stamp), *size)
            if ray[2] <= 0:
                raise NoDistance("the target is seen behind the camera, where depth is not defined")
            return median_depth(depth, box) * unit / ray[2]
        if self._settings.height_above_ground > 0:
            tilt = math.radians(self._settings.camera_tilt)
            sight, up = (ray, up_of(tilt)) if pose is None else (pose.turn(ray), UP)
            return ground_distance(sight, up, self._settings.height_above_ground)
        return None

    def _on_info(self, info: CameraInfo) -> None:
        info.header = Header()  # the same calibration comes with another stamp each time
        if info == self._calibration:
            return
        self._calibration = info
        try:
            self._camera = read_camera(info, self._settings.rectified)
        except CameraError as error:
            self._camera = error
            self._node.get_logger().warning(f"no bearing: {error}")


def _detection(
    frame: Header, report: Report, point: Vector, extent: tuple[float, float], pose: Pose | None
) -> Detection3D:
    """Return the target as the flat box that the camera sees of it; how deep it is is not known.

    Args:
        frame: of the message.
        report: about the target.
        point: its middle in the optical frame.
        extent: metres across and down in the image.
        pose: of the optical frame in the message's; None where they are the same.
    """
    message = Detection3D(header=frame, id=report.target_id)
    center = message.bbox.center
    if pose is not None:
        point = pose.place(point)
        turned = center.orientation
        turned.x, turned.y, turned.z, turned.w = pose.quaternion
    center.position.x, center.position.y, center.position.z = point
    message.bbox.size.x, message.bbox.size.y = extent
    result = ObjectHypothesisWithPose()
    result.hypothesis.class_id, result.hypothesis.score = report.label, report.score
    result.pose.pose = message.bbox.center
    message.results.append(result)
    return message
