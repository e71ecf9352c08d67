# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Sequences in which the target goes out of sight for a known time, rendered or made of other sequences."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tracker_ros.data.inserted import KINDS, inserted
from tracker_ros.data.sequence import DataError, Frame, Frames, Sequence
from tracker_ros.data.synthetic import AerialScene, View
from tracker_ros.data.synthetic_traffic import START, Spell, TrafficScene

SCENE_SIZE = (480, 360)
SCENE_FRAMES = 180
SCENE_RATE = 30.0
SCENE_START = 5.0
"""Seconds into a flight; the bridge comes about 2.5 s later."""
HIDDEN = 0.1
"""Share of the target that must be seen for it to count as there."""
SECONDS = (1, 3, 10)
"""Seconds for which the target of a flight is out of sight."""
LEAD, TAIL = 2.0, 3.0
"""Seconds of a flight before and after that."""
REPORTED, CHOSEN = 0, 10_000
"""First seeds of the flights that figures are reported of, and of those that settings are chosen by."""


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
    """Return a rendered flight after a car that passes under a bridge: no true box while it is hidden."""
    targets = [view.target for view in _views(seed)]
    truth = np.array([t.box.to_xywh() if t.visible > HIDDEN else [np.nan] * 4 for t in targets])
    return Sequence(scene_name(seed), SceneFrames(seed), truth)


def scene_name(seed: int) -> str:
    """Return the name of `rendered` flight `seed`."""
    return f"scene_{seed}"


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
    """Return `sequence` with `count` black frames from its first third on, as when a video link fails.

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


@dataclasses.dataclass(frozen=True)
class FlightFrames:
    """A rendered flight in dense traffic whose target is out of sight for some seconds."""

    seed: int
    kind: str
    seconds: int

    def __len__(self) -> int:
        return round((LEAD + self.seconds + TAIL) * SCENE_RATE)

    @property
    def scene(self) -> TrafficScene:
        """The scene to render."""
        return _scene(self.seed, Spell(self.kind, LEAD, LEAD + self.seconds))

    @property
    def gone(self) -> range:
        """The frames that show something else altogether: nothing, or another place."""
        first = round(LEAD * SCENE_RATE)
        other = self.kind in ("black", "scene")
        return range(first, first + round(self.seconds * SCENE_RATE) if other else first)

    def __iter__(self) -> Iterator[Frame]:
        scene = self.scene
        other = _scene(self.seed + 1, None) if self.kind == "scene" else None
        for index in range(len(self)):
            at = START + index / SCENE_RATE
            if index not in self.gone:
                yield scene.render(at).image
            elif other is not None:
                yield other.render(at).image
            else:
                yield np.zeros((SCENE_SIZE[1], SCENE_SIZE[0], 3), np.uint8)


@functools.lru_cache(maxsize=4)
def _scene(seed: int, spell: Spell | None) -> TrafficScene:
    # Its ground takes longer to paint than many a frame to render.
    return TrafficScene(seed, *SCENE_SIZE, spell)


class Case(NamedTuple):
    """A flight to render: `kind` is one of `KINDS`, `seconds` how long the target is out of sight."""

    seed: int
    kind: str
    seconds: int

    @property
    def name(self) -> str:
        """The name of the sequence."""
        return f"{self.kind}_{self.seconds}s_{self.seed}"


def flight(case: Case) -> Sequence:
    """Return a rendered flight."""
    frames = FlightFrames(*case)
    truth = np.full((len(frames), 4), np.nan)
    for index in range(len(frames)):
        target = frames.scene.locate(START + index / SCENE_RATE)
        if target.visible > HIDDEN and index not in frames.gone:
            truth[index] = target.box.to_xywh()
    return Sequence(case.name, frames, truth, attributes=frozenset({case.kind}))


def cases(count: int, choosing: bool = False) -> list[Case]:
    """Return `count` flights of each kind and duration, no two of the same seed.

    Args:
        count: flights.
        choosing: those that settings are chosen by; what is reported is measured with the others.
    """
    first = CHOSEN if choosing else REPORTED
    # A flight's seed depends on nothing but itself, so that more flights are the same ones and others.
    # Twice its number: a flight that shows another scene shows that of the next seed.
    each = [(kind, seconds) for kind in KINDS for seconds in SECONDS]
    return [
        Case(first + 2 * (number * len(each) + place), kind, seconds)
        for number in range(count)
        for place, (kind, seconds) in enumerate(each)
    ]


def with_absences(sequences: list[Sequence]) -> list[Sequence]:
    """Return every sequence once for each duration, by turns with each kind of absence inserted."""
    return [
        inserted(
            sequence,
            KINDS[(number + turn) % len(KINDS)],
            seconds,
            round(seconds * SCENE_RATE),
            sequences[(number + 1) % len(sequences)].frames,
        )
        for number, sequence in enumerate(sequences)
        for turn, seconds in enumerate(SECONDS)
    ]
