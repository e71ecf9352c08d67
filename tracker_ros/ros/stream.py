# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A session fed by image messages: conversion, order of stamps, and selection in an earlier frame."""

from __future__ import annotations

import math
from collections import deque
from contextlib import suppress
from typing import Any, NamedTuple

from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.ops.frames import to_tensor
from tracker_ros.ros.images import ImageError, check, encoding_of, size_of, to_rgb
from tracker_ros.session import Report, Session, State

NEAR_ENOUGH = 0.1
"""Seconds by which a selection's stamp may miss the nearest buffered frame: that frame may have been lost."""
REMEMBERED = 30
"""Images in which a target's box is remembered, for selections and detections in an earlier one."""

MOST_AHEAD, MOST_BEHIND = 1.0, 10.0
"""Seconds by which stamps may be ahead of simulated time, or behind it, and count as stamps of that clock."""


class Received(NamedTuple):
    """An image message and the steady-clock time of its arrival, in seconds."""

    message: Any
    at: float

    @property
    def stamp(self) -> float:
        """The image's stamp in seconds; 0 for one that carries none."""
        stamp = self.message.header.stamp
        return float(stamp.sec + stamp.nanosec * 1e-9)


class FrameClock:
    """The time of images of which all, some or none carry a stamp.

    It is that of the stamps. An image without one comes as long after the image before it as it arrived
    after it: its time of arrival itself may be of another clock than the stamps.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._arrived: float | None = None
        self._stamped = -math.inf
        self._offset: float | None = None

    def of(self, frame: Received) -> float:
        """Return the time of an image in seconds, not before the last image's unless stamps jumped back."""
        if self._arrived is None:
            return frame.stamp or frame.at
        if not frame.stamp or self._offset is None:
            return self.now + frame.at - self._arrived
        time = frame.stamp + self._offset
        return time if time < self._stamped else max(time, self.now)

    def is_late(self, frame: Received, most: float) -> bool:
        """Return whether an image is not newer than the last one, by `most` seconds at most."""
        if self._arrived is None:
            return False
        if not frame.stamp:
            return 0 <= self._arrived - frame.at <= most
        return self._offset is not None and 0 <= self._stamped - frame.stamp - self._offset <= most

    def advance(self, frame: Received) -> float:
        """Make an image the last one; return its time."""
        self.now, self._arrived = self.of(frame), frame.at
        if frame.stamp:
            if self._offset is None:
                self._offset = self.now - frame.stamp
            self._stamped = frame.stamp + self._offset
        return self.now

    def at(self, now: float, simulated: float | None) -> float | None:
        """Return the stream's time at `now` (steady clock) or `simulated`; None before the first image.

        Stamps far from simulated time are of another clock, which tells nothing about their camera.
        """
        if self._arrived is None:
            return None
        if simulated is not None and self._offset is not None:
            since = simulated + self._offset - self.now
            if -MOST_AHEAD <= since <= MOST_BEHIND:
                return self.now + since
        return self.now + now - self._arrived


class FrameBuffer:
    """The newest `length` images, for selections in a frame that is no longer the newest.

    Args:
        length: how many are kept.
        topic: that they come from, for messages.
    """

    def __init__(self, length: int, topic: str):
        self._topic = topic
        self._frames: deque[Received] = deque(maxlen=length)

    def add(self, frame: Received) -> None:
        """Keep a frame; the oldest one goes."""
        self._frames.append(frame)

    def since(self, stamp: float) -> list[Received]:
        """Return the frame of this stamp and all later ones, oldest first; the newest alone for stamp 0.

        Raises:
            ValueError: when there is no frame yet, or none near that stamp.
        """
        frames = list(self._frames)
        if not frames:
            raise ValueError(
                f"no image was received yet on {self._topic}: start the camera, or remap 'image' to its"
                " topic; /diagnostics says more"
            )
        if stamp == 0:
            return frames[-1:]
        stamped = [i for i, frame in enumerate(frames) if frame.stamp]
        if not stamped:
            raise ValueError(f"images on {self._topic} carry no stamps: select in the newest one, by stamp 0")
        nearest = min(stamped, key=lambda i: abs(frames[i].stamp - stamp))
        if abs(frames[nearest].stamp - stamp) > NEAR_ENOUGH:
            raise ValueError(
                f"no image of stamp {stamp:.3f} s is available on {self._topic}: the {len(frames)} newest are"
                f" of {frames[stamped[0]].stamp:.3f} to {frames[stamped[-1]].stamp:.3f} s"
                " (parameter buffer_frames)"
            )
        return frames[nearest:]

    def require_camera(self, frame_id: str) -> None:
        """Require that boxes of an optical frame can be of these images; '' says nothing of where they are.

        Raises:
            ValueError: when the newest image is of another frame: a box of another camera's image.
        """
        newest = self._frames[-1].message.header.frame_id if self._frames else ""
        if frame_id and newest and frame_id != newest:
            raise ValueError(
                f"the box is of the frame '{frame_id}', the images on {self._topic} are of '{newest}'"
            )


class Decoder:
    """Turns images into tensors. The last one is kept: several targets are looked for in the same image.

    Args:
        device: where frames are put.
    """

    def __init__(self, device: str):
        self._device = device
        self._last: tuple[Received, Tensor] | None = None

    def tensor(self, frame: Received) -> Tensor:
        """Return an image as uint8 [3, H, W] RGB.

        Raises:
            ImageError: for one that cannot be used.
        """
        if self._last is None or self._last[0] is not frame:
            self._last = frame, to_tensor(to_rgb(frame.message), device=self._device)
        return self._last[1]


class ImageStream:
    """Feeds a session with images in order. Use it from one thread.

    Args:
        session: its tracker must be on the decoder's device.
        decoder: of its images.

    Attributes:
        size: width and height of the newest image in pixels; zeros where it was not decoded.
    """

    def __init__(self, session: Session, decoder: Decoder):
        self.session = session
        self._decoder = decoder
        self.size = (0, 0)
        self._boxes: deque[tuple[float, Box]] = deque(maxlen=REMEMBERED)
        self._encoding = ""
        self._clock = FrameClock()
        self._selected: Received | None = None

    def process(self, frame: Received) -> Report | None:
        """Look for the target, if there is one; None for a frame that is not newer than the last one.

        Raises:
            ImageError: for an image that cannot be used; the session is not touched. Without a target a
                compressed image is not decoded, and damage inside it stays unnoticed.
        """
        # A frame may be selected in while it waits for `process`.
        late = self._clock.is_late(frame, self.session.settings.max_backstep)
        if late and frame is not self._selected:
            return None
        # Without a target nobody looks at the pixels, and to decode them is the most expensive part.
        pixels = None
        if self.session.state in (State.IDLE, State.ERROR):
            check(frame.message)
            self.size = size_of(frame.message)
        else:
            pixels = self._tensor(frame)
        encoding = encoding_of(frame.message)
        before, self._encoding = self._encoding, encoding
        self._selected, time = None, self._clock.advance(frame)
        if before and encoding != before:
            return self.session.lose(f"image encoding changed from '{before}' to '{encoding}'")
        report = self.session.tick(time) if pixels is None else self.session.step(pixels, time)
        if report.box is not None:
            self._boxes.append((frame.stamp, report.box))
        return report

    def start_target(self, frames: list[Received], box: Box, normalized: bool, why: str = "selected") -> str:
        """Start on the target in the first frame and follow it to the last but one; its id.

        The last frame is left to `process`, for which it usually waits already.

        Raises:
            ValueError: when the selection cannot be accepted, the image's fault (ImageError) or the box's.
        """
        pixels = self._tensor(frames[0])
        if normalized:
            width, height = pixels.shape[2], pixels.shape[1]
            box = Box(box.cx * width, box.cy * height, box.w * width, box.h * height)
        target_id = self.session.select(pixels, box, self._clock.of(frames[0]), why)
        self._selected = frames[0]
        self._clock.advance(frames[0])
        self._encoding = encoding_of(frames[0].message)
        self._boxes.clear()
        self._boxes.append((frames[0].stamp, box))
        for frame in frames[1:-1]:
            with suppress(ImageError):  # that frame was refused when it arrived
                self.process(frame)
        return target_id

    @property
    def time(self) -> float:
        """The time of the last image, in the session's seconds."""
        return self._clock.now

    def box_at(self, stamp: float) -> Box | None:
        """Return the target's box in the image nearest to a stamp (0: the newest); None without one."""
        boxes = list(self._boxes)
        if not boxes or self.session.state not in (State.ACQUIRING, State.TRACKING, State.COASTING):
            return None
        return min(boxes, key=lambda entry: abs(entry[0] - stamp))[1] if stamp else boxes[-1][1]

    def size_of(self, frame: Received) -> tuple[int, int]:
        """Return the width and height of an image in pixels.

        Raises:
            ImageError: for one that cannot be decoded.
        """
        if all(size := size_of(frame.message)):
            return size
        height, width = to_rgb(frame.message).shape[:2]
        return width, height

    def tick(self, now: float, simulated: float | None = None) -> Report | None:
        """Advance time without a frame; return the report if the session's state changed.

        Args:
            now: of the steady clock. The time since the last frame's arrival counts from its stamp.
            simulated: time of ``/clock`` where that is what counts: it stands still while a player is
                paused. Images that carry stamps carry its time.
        """
        time = self._clock.at(now, simulated)
        if time is None:
            return None
        before = self.session.state
        report = self.session.tick(time)
        return None if report.state is before else report

    def _tensor(self, frame: Received) -> Tensor:
        pixels = self._decoder.tensor(frame)
        self.size = (pixels.shape[2], pixels.shape[1])
        return pixels
