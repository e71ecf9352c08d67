# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The click node: a click on a picture of the camera becomes a box around it, and the tracker's target.

Two ways of telling a click are understood: ``<image topic>_mouse_left`` (geometry_msgs/Point, pixels), which
rqt_image_view publishes, and ``clicked_point`` (geometry_msgs/PointStamped), the default name in Foxglove
and RViz, whose units the parameter ``click_units`` says. docs/select.md describes both.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, PointStamped
from rclpy.node import Node
from rclpy.subscription import Subscription
from std_msgs.msg import String

from tracker_ros.geometry import Box
from tracker_ros.ros import endpoints, qos
from tracker_ros.ros.camera import subscribe_to_images
from tracker_ros.ros.compat import image_topic, run_program, steady_clock
from tracker_ros.ros.images import ImageError, to_rgb
from tracker_ros.ros.live import AT_START, LiveParameters
from tracker_ros.ros.messages import box_message
from tracker_ros.ros.parameters import declare, resolved_name
from tracker_ros.ros.services import NoAnswer, Service
from tracker_ros.srv import SelectTarget

TIMEOUT = 5.0
"""Seconds that the tracker has for an answer."""
IMAGE_SECONDS = 2.0
"""Seconds that a click waits for the first image, which tells the size of the picture."""
REMEMBERED = 300
"""Stamps of images that a click may name; as many as a tracker can buffer."""


class Refused(ValueError):
    """A click that is no selection. The message says why."""


class ClickNode(Node):
    """Selects for one tracker node. Receives images only while somebody could click."""

    def __init__(self) -> None:
        super().__init__("click_to_track")
        self._declare()
        self._image_topic = image_topic(self, self._value("image_transport"))
        self._stamps: deque[tuple[int, int]] = deque(maxlen=REMEMBERED)
        self._image: Any = None
        self._images: Subscription | None = None
        self._waiting: tuple[PointStamped, str, float] | None = None
        tracker = resolved_name(self, "tracker_node", self._value("tracker_node"))
        self._select = Service(self, SelectTarget, f"{tracker}/select", TIMEOUT)
        self._said = endpoints.publisher(self, String, "~/message", qos.RESULT)
        mice = [f"{resolved_name(self, 'clicks_on', name)}_mouse_left" for name in self._value("clicks_on")]
        for topic in mice:
            endpoints.subscription(self, Point, topic, self._on_mouse, qos.COMMAND)
        endpoints.subscription(self, PointStamped, "clicked_point", self._on_point, qos.COMMAND)
        self._clicks = [*mice, self.resolve_topic_name("clicked_point")]
        self._live = LiveParameters(self, lambda: AT_START, ("click_units", "click_size"))
        self.create_timer(0.2, self._follow_demand, clock=steady_clock())

    def _declare(self) -> None:
        declare(self, "tracker_node", "tracker", "node that selects, relative to this node's namespace")
        declare(self, "image_transport", "raw", "as the tracker's", choices=("raw", "compressed"))
        declare(
            self,
            "image_reliability",
            "best_effort",
            "of the subscription to images",
            choices=tuple(qos.RELIABILITIES),
        )
        declare(
            self,
            "click_units",
            "pixels",
            "of clicked_point: image pixels, or fractions of the image",
            choices=("pixels", "normalised"),
        )
        declare(
            self,
            "click_size",
            0.1,
            "side of the box around a click: pixels, or below 1 a fraction of the image's height",
            0.01,
            4096.0,
        )
        declare(
            self,
            "clicks_on",
            ["image", "image/compressed", "tracker_diagnostics/overlay"],
            "image topics; clicks come on NAME_mouse_left",
        )

    def _value(self, name: str) -> Any:
        return self.get_parameter(name).value

    def _follow_demand(self) -> None:
        """Receive images while somebody publishes clicks; forget a click for which no image came."""
        wanted = any(self.count_publishers(topic) for topic in self._clicks)
        if wanted and self._images is None:
            self._images = subscribe_to_images(
                self, self._on_image, self._value("image_transport"), self._value("image_reliability")
            )
        elif not wanted and self._images is not None and self._waiting is None:
            self.destroy_subscription(self._images)
            self._images = self._image = None
        if self._waiting is not None and time.monotonic() > self._waiting[2]:
            self._waiting = None
            self._say(f"refused: no image on {self._image_topic}", refused=True)

    def _on_image(self, image: Any) -> None:
        self._image = image
        self._stamps.append((image.header.stamp.sec, image.header.stamp.nanosec))
        if self._waiting is not None:
            (point, units, _), self._waiting = self._waiting, None
            self._on_click(point, units)

    def _on_mouse(self, point: Point) -> None:
        self._on_click(PointStamped(point=point), "pixels")

    def _on_point(self, point: PointStamped) -> None:
        self._on_click(point, self._value("click_units"))

    def _on_click(self, point: PointStamped, units: str) -> None:
        if self._image is None:
            self._waiting = point, units, time.monotonic() + IMAGE_SECONDS
            return
        try:
            request = self._request(point, units)
        except (Refused, ImageError) as error:
            self._say(f"refused: {error}", refused=True)
            return
        self._select.ask(request).add_done_callback(self._on_answer)

    def _request(self, point: PointStamped, units: str) -> SelectTarget.Request:
        """Return the selection that a click means.

        Raises:
            Refused: for a click that is not on the image.
            ImageError: when the image's size cannot be told.
        """
        frame, camera = point.header.frame_id, self._image.header.frame_id
        if frame and camera and frame != camera:
            raise Refused(f"the click is in the frame '{frame}', but images are in '{camera}'")
        height, width = to_rgb(self._image).shape[:2]
        box = box_around(point.point.x, point.point.y, width, height, units, self._value("click_size"))
        stamp = point.header.stamp
        # Viewers stamp clicks with their own clock; only the very stamp of an image names that image.
        if (stamp.sec, stamp.nanosec) not in self._stamps:
            stamp = Time()
        return SelectTarget.Request(bbox=box_message(box), stamp=stamp)

    def _on_answer(self, answer: Any) -> None:
        try:
            response = answer.result()
        except NoAnswer as error:
            self._say(str(error), refused=True)
            return
        if response.accepted:
            self._say(f"selected {response.target_id}", refused=False)
        else:
            self._say(f"refused: {response.reason}", refused=True)

    def _say(self, text: str, refused: bool) -> None:
        if refused:
            self.get_logger().warning(text)
        else:
            self.get_logger().info(text)
        self._said.publish(String(data=text))


def box_around(x: float, y: float, width: int, height: int, units: str, size: float) -> Box:
    """Return the square box around a click, in pixels of a `width` x `height` image.

    Args:
        x, y: the click, from the image's top-left corner.
        width, height: of the image.
        units: of the click: 'pixels', or 'normalised' to [0, 1] over the image's width and height.
        size: the box's side in pixels or, below 1, as a fraction of the image's height.

    Raises:
        Refused: when the click is not on the image.
    """
    if units == "normalised":
        x, y = x * width, y * height
    if not (math.isfinite(x) and math.isfinite(y) and 0 <= x <= width and 0 <= y <= height):
        raise Refused(f"the click at ({x:g}, {y:g}) px is outside the {width} x {height} image")
    side = size * height if size < 1 else size
    return Box(x, y, side, side)


def main(args: Sequence[str] | None = None) -> int:
    """Run the node."""
    return run_program(ClickNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
