# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Several targets in one stream of images, of which one is the primary: that which gimbals follow."""

from __future__ import annotations

from collections.abc import Sequence

from tracker_ros.geometry import Box
from tracker_ros.ros.stream import Decoder, ImageStream, Received
from tracker_ros.session import Report, Session, SessionSettings, State

MOST_TARGETS = 16
"""The most targets that a node accepts: each takes the time of one."""
SAME = 0.5
"""Intersection over union from which a selection means the target that is tracked there already."""


class Targets:
    """Feeds as many sessions as there may be targets. Of one thread, but for `may_start` and `taken`.

    Each session keeps its own place in the stream, so that one may catch up from an earlier image while the
    others wait. They share the decoded image and the tracker's weights; what a network computes is of the
    window around one target.

    Args:
        sessions: one for each target that there may be; their trackers must be on `device`.
        device: where frames are put.
    """

    def __init__(self, sessions: Sequence[Session], device: str):
        decoder = Decoder(device)
        self._streams = [ImageStream(session, decoder) for session in sessions]
        self._reports = [session.tick(0.0) for session in sessions]
        self._primary = 0

    @property
    def sessions(self) -> list[Session]:
        """One for each target that there may be, always in the same order."""
        return [stream.session for stream in self._streams]

    @property
    def primary(self) -> Report:
        """The last report of the primary target; IDLE where there is none."""
        return self._reports[self._primary]

    @property
    def reports(self) -> list[Report]:
        """The last reports: the primary target first, then the others."""
        others = [report for report in self._reports if report is not self.primary]
        return [self.primary, *(report for report in others if report.state is not State.IDLE)]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the newest image in pixels; zeros where it was not decoded."""
        return max(stream.size for stream in self._streams)

    def size_of(self, frame: Received) -> tuple[int, int]:
        """Return the width and height of an image in pixels, as `ImageStream.size_of` does."""
        return self._streams[self._primary].size_of(frame)

    def process(self, frame: Received) -> list[Report] | None:
        """Look for all targets; their reports as in `reports`, or None as `ImageStream.process` has it.

        Raises:
            ImageError: for an image that cannot be used.
        """
        found = [stream.process(frame) for stream in self._streams]
        if found[self._primary] is None:
            return None
        self._reports = [report or old for report, old in zip(found, self._reports, strict=True)]
        return self.reports

    def refused(self, why: str) -> list[Report]:
        """Report to all targets that an image could not be used; return their reports."""
        refused = [session.refused(why) for session in self.sessions]
        idle = [report.state is State.IDLE for report in self._reports]
        idle[self._primary] = False
        self._reports = [
            old if is_idle else new for new, old, is_idle in zip(refused, self._reports, idle, strict=True)
        ]
        return self.reports

    def start_target(
        self, frames: list[Received], box: Box, normalized: bool, why: str, by_itself: bool = False
    ) -> str:
        """Start on what a box shows, as `ImageStream.start_target` does; it becomes the primary target.

        It takes the place of the target that is there already; else a free one; else that of the primary
        target.

        Args:
            frames: the image in which the box was drawn, and all later ones.
            box: in pixels of the first.
            normalized: or in fractions of its width and height.
            why: the message of the new state.
            by_itself: nobody asked for it: a primary target stays what it is.

        Raises:
            ValueError: when the selection cannot be accepted; all targets stay.
        """
        width, height = self.size_of(frames[0]) if normalized else (1, 1)
        place = self._place_for(
            Box(box.cx * width, box.cy * height, box.w * width, box.h * height), frames[0].stamp
        )
        target_id = self._streams[place].start_target(frames, box, normalized, why)
        self._reports[place] = self._streams[place].session.tick(self._streams[place].time)
        if not by_itself or self.primary.state in (State.IDLE, State.ERROR):
            self._primary = place
        return target_id

    def _place_for(self, box: Box, stamp: float) -> int:
        places = [self._primary, *(i for i in range(len(self._streams)) if i != self._primary)]
        for place in places:
            there = self._streams[place].box_at(stamp)
            if there is not None and there.overlap(box) >= SAME:
                return place
        return next((i for i in places if self.sessions[i].state in (State.IDLE, State.ERROR)), self._primary)

    def may_start(self) -> bool:
        """Return whether a target may start by itself: there is a free place, and none is searched for.

        What is found may be the one that is lost.
        """
        states = [session.state for session in self.sessions]
        return State.IDLE in states and not {State.LOST, State.ERROR} & set(states)

    def taken(self, stamp: float) -> list[Box]:
        """Return the targets' boxes in the image of a stamp."""
        boxes = [stream.box_at(stamp) for stream in self._streams]
        return [box for box in boxes if box is not None]

    def choose(self, target_id: str) -> None:
        """Make a target the primary one.

        Raises:
            ValueError: when there is none of that id.
        """
        self._primary = self._place_of(target_id)

    def stop_one(self, target_id: str) -> Report:
        """Stop one target. If it was the primary, none is until somebody selects.

        Raises:
            ValueError: when there is none of that id.
        """
        place = self._place_of(target_id)
        self._reports[place] = self.sessions[place].stop()
        return self._reports[place]

    def stop(self) -> list[Report]:
        """Stop all targets."""
        self._reports = [session.stop() for session in self.sessions]
        return self.reports

    def tick(self, now: float, simulated: float | None) -> list[Report]:
        """Advance time without an image; return the reports of targets whose state changed."""
        found = [stream.tick(now, simulated) for stream in self._streams]
        self._reports = [report or old for report, old in zip(found, self._reports, strict=True)]
        return [report for report in found if report is not None]

    def tune(self, settings: SessionSettings) -> None:
        """Use other settings from now on."""
        for session in self.sessions:
            session.tune(settings)

    def _place_of(self, target_id: str) -> int:
        ids = [session.target_id for session in self.sessions]
        if target_id and target_id in ids:
            return ids.index(target_id)
        known = ", ".join(filter(None, ids)) or "none"
        raise ValueError(f"there is no target '{target_id}'; there are: {known}")
