# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Bags of rendered flights: something to replay where nothing was recorded."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys.store import Typestore

from tracker_ros.data.footage import Shot, film
from tracker_ros.data.synthetic import AerialScene
from tracker_ros.geometry import Box
from tracker_ros.replay.bag import BAG_VERSION
from tracker_ros.replay.messages import DETECTION, Factory
from tracker_ros.ros.images import fill_compressed, fill_image
from tracker_ros.session import Report, State

STORAGES = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
IMAGES, TRUTH = "/camera/image_raw", "/truth"
RATE = 30.0
_START = 10**9


class Scene(NamedTuple):
    """A flight of `AerialScene`: its seed and frames, how the bag stores them, whether it starts over."""

    seed: int
    frames: int = 60
    storage: str = "mcap"
    jpeg: bool = False
    loop: bool = False


def record(path: Path, scene: Scene, types: Typestore) -> tuple[str, Box]:
    """Write the bag: images and true boxes. The truth's topic, and the target in the first image.

    With `loop` the flight is there twice under the same stamps, as when a player starts it over.
    """
    kind = "sensor_msgs/msg/" + ("CompressedImage" if scene.jpeg else "Image")
    shots = list(islice(film(AerialScene(scene.seed, 320, 240), RATE), scene.frames))
    factory = Factory(types, "truth")
    with Writer(path, version=BAG_VERSION, storage_plugin=STORAGES[scene.storage]) as writer:
        topic = f"{IMAGES}/compressed" if scene.jpeg else IMAGES
        images = writer.add_connection(topic, kind, typestore=types)
        truths = writer.add_connection(TRUTH, DETECTION, typestore=types)
        for index in range(scene.frames * (1 + scene.loop)):
            shot = shots[index % scene.frames]
            header = factory.header(_START + round(index % scene.frames * 1e9 / RATE), "camera_optical_frame")
            at = _START + round(index * 1e9 / RATE)
            writer.write(images, at, types.serialize_cdr(_image(types, header, shot, scene.jpeg), kind))
            true = factory.detection(header, Report(State.TRACKING, "car", shot.box, 1.0, 0.0, 0.0, None, ""))
            writer.write(truths, at, types.serialize_cdr(true, DETECTION))
    assert shots[0].box is not None
    return TRUTH, shots[0].box


def _image(types: Typestore, header: Any, shot: Shot, jpeg: bool) -> Any:
    nothing = np.zeros(0, np.uint8)
    if jpeg:
        message = types.types["sensor_msgs/msg/CompressedImage"](header=header, format="", data=nothing)
        fill_compressed(message, shot.image)
    else:
        message = types.types["sensor_msgs/msg/Image"](
            header=header, height=0, width=0, encoding="", is_bigendian=0, step=0, data=nothing
        )
        fill_image(message, shot.image, "rgb8")
    message.data = np.frombuffer(message.data, np.uint8)
    return message
