# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A session fed by image messages: conversion, order of stamps, and selection in an earlier frame."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import Any, NamedTuple

from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.ops.frames import to_tensor
from tracker_ros.ros.images import ImageError, check, encoding_of, to_rgb
from tracker_ros.session import Report, Session, State

NEAR_ENOUGH = 0.1
"""Seconds by which a selection's stamp may miss the nearest buffered frame: that frame may have been lost."""


class Received(NamedTuple):
    """An image message and the steady-clock time of its arrival, in seconds."""

    message: Any
    at: float

    @property
    def stamp(self) -> float:
        """The image's stamp in seconds; time of arrival for a camera that does not stamp its images."""
        stamp = self.message.header.stamp
        return stamp.sec + stamp.nanosec * 1e-9 or self.at


class FrameBuffer:
    """The newest `length` images, for selections in a frame that is no longer the newest."""

    def __init__(self, length: int):
        self._frames: deque[Received] = deque(maxlen=length)

    def add(self, frame: Received) -> None:
        self._frames.append(frame)

    def since(self, stamp: float) -> list[Received]:
        """The frame of this stamp and all later ones, oldest first; the newest alone for stamp 0.

        Raises:
            ValueError: when there is no frame yet, or none near that stamp.
        """
        frames = list(self._frames)
        if not frames:
            raise ValueError("no image was received yet")
        if stamp == 0:
            return frames[-1:]
        nearest = min(range(len(frames)), key=lambda i: abs(frames[i].stamp - stamp))
        if abs(frames[nearest].stamp - stamp) > NEAR_ENOUGH:
            raise ValueError(
                f"no image of stamp {stamp:.3f} s is available: the {len(frames)} newest are of"
                f" {frames[0].stamp:.3f} to {frames[-1].stamp:.3f} s (parameter buffer_frames)"
            )
        return frames[nearest:]


class ImageStream:
    """Feeds a session with images in order. Use it from one thread.

    Args:
        session: its tracker must be on `device`.
        device: where frames are put.
    """

    def __init__(self, session: Session, device: str):
        self.session = session
        self._device = device
        self._encoding = ""
        self._last: Received | None = None
        self._selected: Received | None = None

    def process(self, frame: Received) -> Report | None:
        """Look for the target, if there is one; None for a frame that is not newer than the last one.

        Raises:
            ImageError: for an image that cannot be used; the session is not touched. Without a target a
                compressed image is not decoded, and damage inside it stays unnoticed.
        """
        if self._is_late(frame):
            return None
        # Without a target nobody looks at the pixels, and to decode them is the most expensive part.
        pixels = None
        if self.session.state in (State.IDLE, State.ERROR):
            check(frame.message)
        else:
            pixels = self._tensor(frame)
        encoding = encoding_of(frame.message)
        before, self._encoding = self._encoding, encoding
        self._last, self._selected = frame, None
        if before and encoding != before:
            return self.session.lose(f"image encoding changed from '{before}' to '{encoding}'")
        return self.session.tick(frame.stamp) if pixels is None else self.session.step(pixels, frame.stamp)

    def select(self, frames: list[Received], box: Box, normalized: bool) -> str:
        """Start on the target in the first frame and follow it to the last but one; its id.

        The last frame is left to `process`, for which it usually waits already.

        Raises:
            ValueError: when the selection cannot be accepted, the image's fault (ImageError) or the box's.
        """
        pixels = self._tensor(frames[0])
        if normalized:
            width, height = pixels.shape[2], pixels.shape[1]
            box = Box(box.cx * width, box.cy * height, box.w * width, box.h * height)
        target_id = self.session.select(pixels, box, frames[0].stamp)
        self._last = self._selected = frames[0]
        self._encoding = encoding_of(frames[0].message)
        for frame in frames[1:-1]:
            with suppress(ImageError):  # that frame was refused when it arrived
                self.process(frame)
        return target_id

    def tick(self, now: float, simulated: float | None = None) -> Report | None:
        """Let time pass without a frame; the report if that changed the session's state.

        Args:
            now: of the steady clock. The time since the last frame's arrival counts from its stamp.
            simulated: time of ``/clock`` where that is what counts: it stands still while a player is
                paused. Images that carry stamps carry its time.
        """
        if self._last is None:
            return None
        before = self.session.state
        at = self._last.stamp + now - self._last.at
        if simulated is not None and self._last.stamp != self._last.at:
            at = simulated
        report = self.session.tick(at)
        return None if report.state is before else report

    def _is_late(self, frame: Received) -> bool:
        # A frame may be selected in while it waits for `process`.
        if self._last is None or frame is self._selected:
            return False
        return 0 <= self._last.stamp - frame.stamp <= self.session.settings.max_backstep

    def _tensor(self, frame: Received) -> Tensor:
        return to_tensor(to_rgb(frame.message), device=self._device)
