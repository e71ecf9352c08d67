# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The command line of `ros2 bag play` for a flight that the nodes are to see again.

Only cameras are played. A bag may hold what our own nodes published when it was recorded, and commands to a
vehicle: played to a live system, a recorded target would be followed, and a recorded selection carried out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from tracker_ros.ros.launch_plan import Camera
from tracker_ros.yaml_files import YamlError, parse_yaml

CLOCK_HZ = 100
_IMAGES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")


def play_command(
    bag: str, cameras: Sequence[Camera], rate: str = "1.0", loop: bool = False, paused: bool = False
) -> list[str]:
    """Return the command that plays the cameras' topics of a bag, with the bag's time on ``/clock``.

    Args:
        bag: folder of the bag, or its file.
        cameras: whose images, camera_info and depth images are played; nothing else is.
        rate: times faster than it was recorded.
        loop: start over at the end; stamps then jump back, and the tracker says LOST for a moment.
        paused: wait for the player's service ``~/resume``, or the space bar.

    Raises:
        ValueError: for a bag that is not there or lacks a camera's images, or a rate that is not positive.
    """
    if not Path(bag).exists():
        raise ValueError(f"there is no bag '{bag}': give bag:=FOLDER")
    try:
        is_rate = 0 < float(rate) < math.inf
    except ValueError:
        is_rate = False
    if not is_rate:
        raise ValueError(f"rate must be a positive number, got '{rate}'")
    for camera in cameras:
        _require_images(bag, camera.image_topic)
    topics = [topic for camera in cameras for topic in _topics(camera)]
    command = ["ros2", "bag", "play", bag, "--clock", str(CLOCK_HZ), "--rate", rate]
    # The list of topics ends at the next option: it must not be the last thing before the bag's name.
    return command + ["--topics", *topics] + ["--loop"] * loop + ["--start-paused"] * paused


def _topics(camera: Camera) -> tuple[str, ...]:
    return camera.image_topic, f"{camera.image_topic}/compressed", camera.info_topic, camera.depth_topic


def _require_images(bag: str, topic: str) -> None:
    """Raise ValueError where the bag's description says that it has no images on this topic."""
    description = Path(bag) / "metadata.yaml"
    if Path(bag).is_file():  # a single file has no description
        return
    try:
        content = parse_yaml(description.read_bytes())["rosbag2_bagfile_information"]
        recorded = [entry["topic_metadata"] for entry in content["topics_with_message_count"]]
        images = sorted(entry["name"] for entry in recorded if entry["type"] in _IMAGES)
    except (OSError, YamlError, LookupError, TypeError) as error:
        raise ValueError(
            f"{description} cannot be read ({type(error).__name__}): make it with 'ros2 bag reindex {bag}'"
        ) from error
    if not {topic, f"{topic}/compressed"} & set(images):
        have = ", ".join(images) or "none"
        raise ValueError(f"{bag} has no images on {topic}; give image:=TOPIC. Topics with images: {have}")
