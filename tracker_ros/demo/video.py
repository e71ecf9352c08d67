# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The flight as a video: every tracked frame with boxes and heat map, and a panel beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage

from tracker_ros.demo.bag import read_topic
from tracker_ros.demo.flight import IMAGES, RESPONSES, stamp_of
from tracker_ros.demo.picture import Picture, annotate, compose
from tracker_ros.demo.scores import Moment
from tracker_ros.drawing.film import Film
from tracker_ros.msg import ResponseMap
from tracker_ros.ros.images import to_rgb


class Still(NamedTuple):
    """An annotated frame, and its time in seconds after the start."""

    at: float
    picture: Picture


def image_stamps(bag: Path) -> set[int]:
    """Return the stamps (ns) of the images in a bag of the demonstration."""
    return {stamp_of(message) for message in _read(bag, IMAGES, CompressedImage)}


def write_video(
    path: Path,
    bag: Path,
    moments: Sequence[Moment],
    rate: float,
    title: str,
    stills: Sequence[int],
    on_frame: Callable[[int], None],
) -> list[Still]:
    """Write an MP4 of the bag's images with a stamp among `moments`; the stills asked for.

    Args:
        moments: those that the tracker saw, in order.
        rate: frames a second.
        title: heads the panel.
        stills: stamps (ns) of the frames to return.
        on_frame: called after each frame with the number of frames so far.

    Raises:
        OSError: when the file cannot be written.
    """
    responses = {stamp_of(response): response for response in _read(bag, RESPONSES, ResponseMap)}
    index = {moment.stamp: position for position, moment in enumerate(moments)}
    overlaps = [moment.overlap for moment in moments]
    kept: list[Still] = []
    frames = 0
    with Film(path, rate) as film:
        for message in _read(bag, IMAGES, CompressedImage):
            position = index.get(stamp_of(message))
            if position is None:
                continue
            moment, image = moments[position], to_rgb(message)
            response = responses.get(moment.stamp)
            so_far = slice(position + 1)
            picture = compose(image, response, moments[so_far], overlaps[so_far], title)
            film.write(picture)
            if moment.stamp in stills:
                kept.append(Still((moment.stamp - moments[0].stamp) / 1e9, annotate(image, moment, response)))
            frames += 1
            on_frame(frames)
    return kept


def _read(bag: Path, topic: str, kind: Any) -> Any:
    return (deserialize_message(stored.data, kind) for stored in read_topic(bag, topic))
