# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Frames of a simulated camera with the target's true box, from a scene or a recording."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tracker_ros.data.boxes import read_boxes
from tracker_ros.data.readers import find_frames, video_frames
from tracker_ros.data.sequence import Boxes, DataError, Frames
from tracker_ros.data.synthetic import AerialScene
from tracker_ros.geometry import Box


class Shot(NamedTuple):
    """One frame.

    Attributes:
        image: uint8 [H, W, 3] RGB.
        name: of the target; empty where its box is not known.
        box: the target in image pixels, hidden parts included; None where it is absent or not known.
        visible: the share of the target that can be seen, [0, 1]; 1 where the annotation does not say.
    """

    image: npt.NDArray[np.uint8]
    name: str = ""
    box: Box | None = None
    visible: float = 0.0


def film(scene: AerialScene, rate: float) -> Iterator[Shot]:
    """Yield the scene at `rate` frames a second, without end."""
    index = 0
    while True:
        view = scene.render(index / rate)
        yield Shot(view.image, view.target.name, view.target.box, view.target.visible)
        index += 1


def play(frames: Frames, truth: Boxes | None = None, loop: bool = False) -> Iterator[Shot]:
    """Yield a recording once, or over and over; `truth` [N, 4] holds x, y, w, h for its first N frames."""
    while True:
        for index, image in enumerate(frames):
            if truth is None or index >= len(truth):
                yield Shot(image)
            elif np.isfinite(truth[index]).all() and (truth[index, 2:] > 0).all():
                yield Shot(image, "target", Box.from_xywh(*truth[index].tolist()), 1.0)
            else:
                yield Shot(image, "target")
        if not loop:
            return


def open_recording(source: Path, truth: Path | None = None) -> tuple[Frames, Boxes | None]:
    """Return the frames of a video file or of a folder with images, and the boxes of an annotation file.

    Raises:
        DataError: naming the path that cannot be used.
    """
    if source.is_dir():
        frames = find_frames(source)
    elif source.is_file():
        frames = video_frames(source)
    else:
        raise DataError(f"{source} is neither a video nor a folder of images")
    return frames, None if truth is None else read_boxes(truth)
