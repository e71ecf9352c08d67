# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Sequences in which the target goes away for a known time: rendered flights, and frames made black."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from tracker_ros.data.sequence import DataError, Frame, Frames, Sequence
from tracker_ros.data.synthetic import AerialScene, View

SCENE_SIZE = (480, 360)
SCENE_FRAMES = 180
SCENE_RATE = 30.0
SCENE_START = 5.0
"""Seconds into a flight; the bridge comes about 2.5 s later."""
HIDDEN = 0.1
"""Share of the target that must be seen for it to count as there."""


@dataclasses.dataclass(frozen=True)
class SceneFrames:
    """`SCENE_FRAMES` of a rendered flight; the seed is all that is stored."""

    seed: int

    def __len__(self) -> int:
        return SCENE_FRAMES

    def __iter__(self) -> Iterator[Frame]:
        return (view.image for view in _views(self.seed))


def _views(seed: int) -> Iterator[View]:
    scene = AerialScene(seed, *SCENE_SIZE)
    return (scene.render(SCENE_START + index / SCENE_RATE) for index in range(SCENE_FRAMES))


def rendered(seed: int) -> Sequence:
    """A rendered flight after a car that passes under a bridge: no true box while it is hidden."""
    targets = [view.target for view in _views(seed)]
    truth = np.array([t.box.to_xywh() if t.visible > HIDDEN else [np.nan] * 4 for t in targets])
    return Sequence(f"scene_{seed}", SceneFrames(seed), truth)


@dataclasses.dataclass(frozen=True)
class BlackedOut:
    """`frames`, of which those from `first` to before `end` are black."""

    frames: Frames
    first: int
    end: int

    def __len__(self) -> int:
        return len(self.frames)

    def __iter__(self) -> Iterator[Frame]:
        for index, frame in enumerate(self.frames):
            yield np.zeros_like(frame) if self.first <= index < self.end else frame


def blacked_out(sequence: Sequence, count: int) -> Sequence:
    """`sequence` with `count` black frames from its first third on, as when a video link fails.

    Its name tells that, so that results with and without are kept apart.

    Raises:
        DataError: where no frame would be left to find the target in again.
    """
    first = len(sequence) // 3
    if first + count >= len(sequence):
        raise DataError(
            f"sequence {sequence.name} has {len(sequence)} frames: too few for {count} black ones"
            f" from frame {first} on"
        )
    truth = sequence.truth.copy()
    if len(truth) == len(sequence):
        truth[first : first + count] = np.nan
    return dataclasses.replace(
        sequence,
        name=f"{sequence.name}_black{count}",
        truth=truth,
        anchors=(),
        corners=None,
        frames=BlackedOut(sequence.frames, first, first + count),
    )
