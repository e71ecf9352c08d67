# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The simulated camera: a synthetic aerial scene, a video or a folder of images as camera topics.

With the source ``chase`` it hangs on a simulated gimbal (`sim_gimbal`) that a gimbal node can turn.

Publishes ``image`` (or ``image/compressed``), ``camera_info`` and, of the same stamp, ``~/truth``: a
Detection2D with the whole target's box, whose score is the share of it that can be seen. Where the
target is absent or its box is not known the box has no size and the score is 0.
"""

from __future__ import annotations

import math
import random
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
from rclpy.duration import Duration
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header
from std_srvs.srv import SetBool
from vision_msgs.msg import Detection2D, ObjectHypothesisWithPose

from tracker_ros.data.footage import Shot, film, open_recording, play
from tracker_ros.data.sequence import DataError
from tracker_ros.data.synthetic import AerialScene
from tracker_ros.data.synthetic_chase import ChaseScene
from tracker_ros.gimbal.simulated import GimbalModel
from tracker_ros.nodes.gimbal.simulated import GimbalRig
from tracker_ros.ros import endpoints, qos
from tracker_ros.ros.compat import image_topic, run_program
from tracker_ros.ros.images import fill_compressed, fill_image
from tracker_ros.ros.live import AT_START, LiveParameters, retime
from tracker_ros.ros.messages import box_message
from tracker_ros.ros.parameters import ParameterError, declare, declare_settings, read_settings

SYNTHETIC, CHASE = "synthetic", "chase"
JPEG = "jpeg"
FLUSH_SECONDS = 0.005
"""Frames that are held back leave this often."""
_CONVERSIONS = {"bgr8": cv2.COLOR_RGB2BGR, "mono8": cv2.COLOR_RGB2GRAY}


class SimCameraNode(Node):
    """Shows one frame a tick of its clock (simulated time too) and ends after the last one.

    The scene's time and the recording's position count frames, so that what is shown does not depend on
    how punctual the ticks are; the chase's time is that of the clock, as its gimbal's is. While paused it
    repeats its frame, with new stamps.
    """

    def __init__(self) -> None:
        super().__init__("sim_camera")
        self._declare()
        self._encoding: str = self._value("encoding")
        self._frame_id: str = self._value("frame_id")
        self._paused: bool = self._value("paused")
        self._drops = random.Random(self._value("seed"))
        self._held: deque[tuple[int, Header, Shot]] = deque()
        self._rig: GimbalRig | None = None
        self._shot: Shot | None = None
        profile = qos.camera(self._value("image_reliability"))
        if self._encoding == JPEG:
            self._images = endpoints.publisher(
                self, CompressedImage, image_topic(self, "compressed"), profile
            )
        else:
            self._images = endpoints.publisher(self, Image, "image", profile)
        self._infos = endpoints.publisher(self, CameraInfo, "camera_info", profile)
        self._truths = endpoints.publisher(self, Detection2D, "~/truth", qos.RESULT)
        self.create_service(SetBool, "~/play", self._on_play)
        self._shown = 0
        size = self._start()
        self._info = camera_info(*size, math.radians(self._value("horizontal_fov")))
        self._timer = self.create_timer(1.0 / self._value("rate"), self._on_tick)
        self._live = LiveParameters(self, lambda: AT_START, ("drop_share",), {"rate": self._tune_rate})
        if self._value("latency_ms") > 0:
            self.create_timer(FLUSH_SECONDS, self._flush)

    def _declare(self) -> None:
        declare(
            self,
            "source",
            SYNTHETIC,
            "'synthetic'; 'chase', on a gimbal; or the path of a video file or a folder of images",
        )
        declare(self, "truth", "", "file of x,y,w,h, one line a frame of the recording; '' for none")
        declare(self, "loop", False, "play a recording again and again")
        declare(self, "seed", 0, "of the synthetic scene", 0, 2**31 - 1)
        declare(self, "width", 640, "of the synthetic scene's images, pixels", 64, 4096)
        declare(self, "height", 480, "of the synthetic scene's images, pixels", 64, 4096)
        declare(self, "rate", 30.0, "frames a second", 0.1, 1000.0)
        declare(
            self,
            "encoding",
            "bgr8",
            "of image; jpeg publishes image/compressed instead",
            choices=("bgr8", "rgb8", "mono8", JPEG),
        )
        declare(
            self, "image_reliability", "best_effort", "of the image topics", choices=tuple(qos.RELIABILITIES)
        )
        declare(self, "frame_id", "camera_optical_frame", "of the images' headers")
        declare(self, "horizontal_fov", 60.0, "degrees, for camera_info and the chase", 1.0, 170.0)
        declare(self, "latency_ms", 0.0, "milliseconds from an image's stamp to its publication", 0.0, 2e3)
        declare(self, "drop_share", 0.0, "share of the images that are lost", 0.0, 1.0)
        declare(self, "gimbal_node", "gimbal", "node that turns the chase's camera, in this namespace")
        declare_settings(self, "gimbal", GimbalModel, {})
        declare(self, "paused", False, "repeat the first frame until ~/play is called")

    def _value(self, name: str) -> Any:
        return self.get_parameter(name).value

    def _tune_rate(self, rate: float) -> None:
        retime(self._timer, 1 / rate)

    def _start(self) -> tuple[int, int]:
        """Open the source; width and height of its images."""
        if self._value("source") == CHASE:
            size = self._value("width"), self._value("height")
            scene = ChaseScene(self._value("seed"), *size, self._value("horizontal_fov"))
            model = GimbalModel(**read_settings(self, "gimbal", GimbalModel))
            self._rig = GimbalRig(self, scene, self._value("gimbal_node"), model, self._hand_over)
            return size
        self._shot, self._shots = self._open()
        return self._shot.image.shape[1], self._shot.image.shape[0]

    def _open(self) -> tuple[Shot, Iterator[Shot]]:
        """Return the first shot and the others."""
        source, truth = self._value("source"), self._value("truth")
        if source == SYNTHETIC:
            scene = AerialScene(self._value("seed"), self._value("width"), self._value("height"))
            shots = film(scene, self._value("rate"))
            return next(shots), shots
        try:
            annotation = Path(truth).expanduser() if truth else None
            shots = play(*open_recording(Path(source).expanduser(), annotation), self._value("loop"))
            return next(shots), shots
        except DataError as error:
            raise ParameterError(f"parameter 'source' or 'truth': {error}") from error

    def _on_play(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._paused = not request.data
        response.success = True
        return response

    def _on_tick(self) -> None:
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=self._frame_id)
        if self._rig is not None:
            self._rig.expose(header, self._paused)
            return
        if self._shot is None:
            self._finish()
            return
        # The frame was made after the tick before: its stamp is the moment it leaves, as a camera's.
        self._hand_over(header, self._shot)
        if not self._paused:
            self._shown += 1
            self._shot = self._next()

    def _next(self) -> Shot | None:
        try:
            return next(self._shots, None)
        except DataError as error:
            self.get_logger().error(str(error))
            return None

    def _hand_over(self, header: Header, shot: Shot) -> None:
        """Publish a frame, at once or when its time has come."""
        latency = self._value("latency_ms")
        if latency > 0:
            stamp = header.stamp.sec * 10**9 + header.stamp.nanosec
            self._held.append((stamp + round(latency * 1e6), header, shot))
        else:
            self._publish(header, shot)

    def _flush(self, everything: bool = False) -> None:
        now = self.get_clock().now().nanoseconds
        while self._held and (everything or self._held[0][0] <= now):
            self._publish(*self._held.popleft()[1:])

    def _publish(self, header: Header, shot: Shot) -> None:
        if self._drops.random() >= self._value("drop_share"):
            self._publish_image(header, shot)
        self._info.header = header
        self._infos.publish(self._info)
        self._truths.publish(truth_message(header, shot))

    def _publish_image(self, header: Header, shot: Shot) -> None:
        if self._encoding == JPEG:
            self._images.publish(fill_compressed(CompressedImage(header=header), shot.image))
        else:
            pixels = shot.image
            if self._encoding in _CONVERSIONS:
                pixels = cv2.cvtColor(pixels, _CONVERSIONS[self._encoding])
            self._images.publish(fill_image(Image(header=header), pixels, self._encoding))

    def _finish(self) -> None:
        """End the program once everything sent has arrived."""
        self.get_logger().info(f"end of {self._value('source')} after {self._shown} frames")
        self._flush(everything=True)
        self._truths.wait_for_all_acked(Duration(seconds=1.0))
        self.context.try_shutdown()

    def close(self) -> None:
        """End the gimbal's thread before the process ends."""
        if self._rig is not None:
            self._rig.close()


def camera_info(width: int, height: int, horizontal_fov: float) -> CameraInfo:
    """Return the calibration of a pinhole camera without distortion; the angle is in radians."""
    focal = width / 2 / math.tan(horizontal_fov / 2)
    # A camera matrix counts from the centre of the first pixel.
    cx, cy = (width - 1) / 2, (height - 1) / 2
    info = CameraInfo(width=width, height=height, distortion_model="plumb_bob")
    info.d = [0.0] * 5
    info.k = [focal, 0.0, cx, 0.0, focal, cy, 0.0, 0.0, 1.0]
    info.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    info.p = [focal, 0.0, cx, 0.0, 0.0, focal, cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return info


def truth_message(header: Header, shot: Shot) -> Detection2D:
    """Return the target's true box with the share that is visible as its score."""
    message = Detection2D(header=header, bbox=box_message(shot.box), id=shot.name)
    result = ObjectHypothesisWithPose()
    result.hypothesis.class_id = "target"
    result.hypothesis.score = float(shot.visible)
    message.results.append(result)
    return message


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until it is interrupted or its recording ends."""
    return run_program(SimCameraNode, args)


if __name__ == "__main__":
    sys.exit(main())
