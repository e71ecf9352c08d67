# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Made-up sequences and trackers for the tests of evaluation."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np

from tracker_ros.data.sequence import Frame, Sequence
from tracker_ros.evaluation.engines import SerialEngine
from tracker_ros.evaluation.protocols import EvaluationProtocol
from tracker_ros.evaluation.results import Trajectory
from tracker_ros.evaluation.runner import Outcome, plan_tasks, run_tasks
from tracker_ros.evaluation.specs import TrackerSpec

SIZE = (96, 72)
KCF = TrackerSpec("kcf")


@dataclasses.dataclass(frozen=True)
class NumberedFrames:
    """`count` small frames whose first pixel says which one it is."""

    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self):
        for index in range(self.count):
            frame = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
            frame[0, 0] = index // 256, index % 256, 0
            yield frame


def number_of(frame: Frame) -> int:
    """Which frame of `NumberedFrames` this is."""
    return int(frame[0, 0, 0]) * 256 + int(frame[0, 0, 1])


def wandering_boxes(count: int, seed: int, jump: float = 4.0) -> np.ndarray:
    """[count, 4] x, y, w, h that wander over, and partly out of, an image of `SIZE`."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, jump, (count, 2)).cumsum(axis=0)
    place = np.abs((steps + [30, 20]) % [150, 110] - [75, 55])
    return np.concatenate([place - 8, rng.uniform(12, 30, (count, 2))], axis=1)


def made_sequence(name: str, count: int, seed: int) -> Sequence:
    """A sequence of numbered frames with a wandering target."""
    return Sequence(name, NumberedFrames(count), wandering_boxes(count, seed))


class NoisyDriver:
    """Knows the truth, answers with noise and loses the target for a while now and then; repeatable."""

    def __init__(self, truth: np.ndarray, seed: int) -> None:
        rng = np.random.default_rng(seed)
        lost = np.zeros(len(truth), dtype=bool)
        for start in np.flatnonzero(rng.random(len(truth)) < 0.02):
            lost[start : start + rng.integers(3, 30)] = True
        self.boxes = truth + rng.normal(0, 2, truth.shape) + lost[:, None] * np.array([60, 45, 0, 0])
        self.seen: list[int] = []

    def start(self, frame: Frame, box: tuple[float, float, float, float]) -> None:
        self.seen.append(number_of(frame))

    def track(self, frame: Frame) -> tuple[tuple[float, float, float, float], float]:
        self.seen.append(number_of(frame))
        return tuple(self.boxes[number_of(frame)].tolist()), 0.5


def trajectory(count: int, seed: int = 0) -> Trajectory:
    """A made-up run of `count` frames."""
    rng = np.random.default_rng(seed)
    return Trajectory(rng.uniform(1, 50, (count, 4)), rng.uniform(0.01, 0.1, count), rng.random(count))


def write_squares(root: Path) -> Path:
    """Two sequences of a textured square that moves over a textured ground."""
    rng = np.random.default_rng(0)
    ground = cv2.resize(rng.integers(0, 255, (18, 24, 3), dtype=np.uint8), SIZE)
    target = rng.integers(0, 255, (20, 20, 3), dtype=np.uint8)
    for name, step in (("right", 1), ("down", 2)):
        folder = root / name
        (folder / "img").mkdir(parents=True)
        truth = []
        for index in range(24):
            x, y = (10 + index, 30) if name == "right" else (40, 5 + index)
            frame = ground.copy()
            frame[y : y + 20, x : x + 20] = target
            cv2.imwrite(str(folder / "img" / f"{index:04d}.png"), frame)
            truth.append(f"{x},{y},20,20")
        (folder / "groundtruth.txt").write_text("\n".join(truth))
        (folder / "attributes.txt").write_text("FM" if step == 2 else "SV")
    return root


def run(
    spec: TrackerSpec, sequences: list[Sequence], protocol: EvaluationProtocol, out: Path
) -> list[Outcome]:
    """Run what is missing in this process; what failed."""
    return run_tasks(plan_tasks([spec], sequences, protocol, out), SerialEngine(), lambda _: None)
