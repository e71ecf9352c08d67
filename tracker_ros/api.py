# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Tracking in a few lines of Python, with the nodes' session and without ROS."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from numbers import Real
from os import PathLike
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from tracker_ros.config_files import DEFAULT_PRESET
from tracker_ros.data.readers import find_frames, video_frames
from tracker_ros.data.sequence import DataError, each_frame
from tracker_ros.geometry import Box
from tracker_ros.ops.frames import CHANNELS, to_tensor
from tracker_ros.ops.threads import one_thread
from tracker_ros.session import Report, Session, State
from tracker_ros.session.attempt import require_tracker
from tracker_ros.trackers import Tracker, check_device, load
from tracker_ros.yaml_files import shown

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Result:
    """The result of tracking one frame.

    Attributes:
        index: of the frame, from 0.
        state: of the session; a box is worth following while it is TRACKING.
        box: (cx, cy, w, h) in pixels; None where there is no target.
        score: in [0, 1].
        frame: the image as it was given, uint8 [H, W, 3]; black where its file cannot be read.
        report: everything that the session says about the frame.
    """

    index: int
    state: State
    box: Box | None
    score: float
    frame: Image
    report: Report


def track(
    source: str | PathLike[str] | Iterable[Image],
    box: Box | tuple[float, float, float, float],
    tracker: str | PathLike[str] | Tracker = DEFAULT_PRESET,
    *,
    fps: float = 30.0,
    channels: str = "rgb",
    device: str = "cpu",
    settings: Mapping[str, Any] | None = None,
    session: Mapping[str, Any] | None = None,
) -> Iterator[Result]:
    """Follow a target through a video, from the first frame on; on one thread, as the tracker node does.

    Args:
        source: a video file, a folder of images, or images uint8 [H, W, 3] in order.
        box: the target in the first frame: a `Box`, or x, y, w, h of its top-left corner and size.
        tracker: a preset's name or file, or a tracker that `load` gave; of that one neither `device`
            nor `settings` change anything: it is on `device`, and it has its settings.
        fps: frames a second, the time base of the session.
        channels: order of the channels of images that you give, 'rgb' or 'bgr'. Files are read as RGB.
        device: torch device of a tracker that is named; that on which a loaded one is.
        settings: settings of a tracker that is named, in place of the preset's.
        session: settings of the session (`tracker_ros.session.SessionSettings`).

    Yields:
        A `Result` for each frame, the first one included. An image file that cannot be read is in ERROR,
        as in the tracker node; the session goes on after it.

    Raises:
        ValueError: for a box that cannot be tracked, an unknown preset or setting, an argument of another
            type, or frames that cannot be used.
        OSError: for a file that cannot be read.
    """
    if not isinstance(fps, Real):
        raise ValueError(f"fps must be a number such as 30.0, got {shown(fps)}")
    if not 0 < fps < math.inf:
        raise ValueError(f"fps must be above 0, got {fps}")
    if channels not in CHANNELS:
        raise ValueError(f"channels must be 'rgb' or 'bgr', got {shown(channels)}")
    for name, values in (("settings", settings), ("session", session)):
        if not isinstance(values, Mapping | None):
            raise ValueError(f"{name} must map settings to their values, got {shown(values)}")
    target = _box(box)
    module = _tracker(tracker, settings, device)
    is_path = isinstance(source, (str, PathLike))
    if not is_path and (isinstance(source, bytes) or not isinstance(source, Iterable)):
        raise ValueError(f"source must be a path or images, got {type(source).__name__}")
    frames = open_frames(source) if is_path else source
    order = "rgb" if is_path else channels
    return follow(Session(module, session), frames, target, fps, order, device)


def _tracker(given: Any, settings: Mapping[str, Any] | None, device: str) -> Tracker:
    """Load a tracker that is named; one that is loaded takes no other settings."""
    if isinstance(given, str | PathLike):
        return load(given, settings, device=device)
    require_tracker(given)
    if settings:
        raise ValueError(f"settings are of a tracker that is named; give {shown(dict(settings))} to `load`")
    check_device(device)
    return cast(Tracker, given)


def _box(given: Any) -> Box:
    """Return a box of floats from x, y, w, h or a `Box`."""
    try:
        if isinstance(given, str | bytes | Set | Mapping):  # four digits, or numbers in any order
            raise TypeError
        one, two, three, four = map(float, given)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"box must be a Box or four numbers x, y, w, h, got {shown(given)}") from None
    return Box(one, two, three, four) if isinstance(given, Box) else Box.from_xywh(one, two, three, four)


def open_frames(source: str | PathLike[str]) -> Iterable[Image]:
    """Open a video file or a folder of images.

    Returns:
        RGB images uint8 [H, W, 3], read when they are asked for.

    Raises:
        tracker_ros.data.sequence.DataError: for a file that is no video, or a folder without images.
    """
    path = Path(source)
    return find_frames(path) if path.is_dir() else video_frames(path)


def follow(
    session: Session,
    frames: Iterable[Image],
    box: Box,
    fps: float,
    channels: str = "rgb",
    device: str = "cpu",
) -> Iterator[Result]:
    """Select the target in the first frame that can be read, then step the session through all frames.

    Args: as for `track`.

    Yields:
        A `Result` for each frame.

    Raises:
        DataError: when no frame can be read, or there is none; others as `track` has them.
    """
    unreadable: list[tuple[int, DataError]] = []
    black: Image | None = None
    for index, frame in enumerate(each_frame(frames)):
        if isinstance(frame, DataError):
            unreadable.append((index, frame))
        else:
            pixels, black = to_tensor(frame, channels, device), np.zeros_like(frame)
        if black is not None:  # those before the first that can be read have its size
            yield from [_refused(session, number, error, black) for number, error in unreadable]
            unreadable.clear()
        if not isinstance(frame, DataError):
            with one_thread():
                if session.state is State.IDLE:
                    session.select(pixels, box, index / fps)
                report = session.step(pixels, index / fps)
            yield Result(index, report.state, report.box, report.score, frame, report)
    if black is None:
        count, reason = len(unreadable), unreadable[0][1] if unreadable else "there is none"
        raise DataError(f"none of {count} frames can be used: {reason}")


def _refused(session: Session, index: int, error: DataError, black: Image) -> Result:
    report = session.refused(f"image refused: {error}")
    return Result(index, report.state, report.box, report.score, black, report)
