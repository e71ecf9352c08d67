# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Bags of a rendered flight, and the command that replays them."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer

from tracker_ros.cli import main
from tracker_ros.data.footage import Shot, film
from tracker_ros.data.synthetic import AerialScene
from tracker_ros.geometry import Box
from tracker_ros.replay.messages import DETECTION, Factory, make_types
from tracker_ros.ros.images import fill_compressed, fill_image
from tracker_ros.session import Report, State

TYPES = make_types()
STEP = 33_000_000
START = 50 * 10**9
FRAMES = 24


class Recording(NamedTuple):
    path: Path
    shots: list[Shot]

    @property
    def select(self) -> str:
        assert self.shots[0].box is not None
        return ",".join(map(str, self.shots[0].box.to_xywh()))


def header(stamp: int) -> Any:
    time = TYPES.types["builtin_interfaces/msg/Time"](sec=stamp // 10**9, nanosec=stamp % 10**9)
    return TYPES.types["std_msgs/msg/Header"](stamp=time, frame_id="camera_optical")


def nowhere(head: Any) -> Any:
    """A detection of zero size, which a truth has where the target is absent."""
    seen = Report(State.TRACKING, "t", Box(1, 1, 1, 1), 1.0, 0.0, 0.0, None, "")
    made = Factory(TYPES, "truth").detection(head, seen)
    made.bbox.size_x = made.bbox.size_y = 0.0
    return made


def picture(shot: Shot, stamp: int, compressed: bool) -> Any:
    nothing = np.zeros(0, np.uint8)
    if compressed:
        kind = TYPES.types["sensor_msgs/msg/CompressedImage"]
        message = fill_compressed(kind(header=header(stamp), format="", data=nothing), shot.image)
    else:
        kind = TYPES.types["sensor_msgs/msg/Image"]
        message = kind(
            header=header(stamp), height=0, width=0, encoding="", is_bigendian=0, step=0, data=nothing
        )
        fill_image(message, shot.image, "rgb8")
    message.data = np.frombuffer(message.data, np.uint8)
    return message


def record(
    path: Path,
    shots: list[Shot],
    stamps: list[int],
    storage: StoragePlugin = StoragePlugin.MCAP,
    compressed: bool = False,
    late: int = 0,
) -> Recording:
    """A bag with images on /camera/image and the truth on /truth, stamped `late` ns after its image."""
    factory = Factory(TYPES, "truth")
    with Writer(path, version=9, storage_plugin=storage) as writer:
        kind = "sensor_msgs/msg/" + ("CompressedImage" if compressed else "Image")
        images = writer.add_connection("/camera/image", kind, typestore=TYPES)
        truths = writer.add_connection("/truth", DETECTION, typestore=TYPES)
        for index, (shot, stamp) in enumerate(zip(shots, stamps, strict=True)):
            at = START + index * STEP
            writer.write(images, at, TYPES.serialize_cdr(picture(shot, stamp, compressed), kind))
            report = Report(State.TRACKING, "t", shot.box, 1.0, 0.0, 0.0, None, "")
            truth = factory.detection(header(stamp + late), report) or nowhere(header(stamp + late))
            writer.write(truths, at, TYPES.serialize_cdr(truth, DETECTION))
    return Recording(path, shots)


def flight(frames: int = FRAMES) -> list[Shot]:
    """The first images of a flight, with the target's boxes."""
    return list(itertools.islice(film(AerialScene(width=320, height=240), 30.0), frames))


def replay(recording: Recording, *words: object) -> int:
    return main(["replay", str(recording.path), "--select", recording.select, *map(str, words)])
