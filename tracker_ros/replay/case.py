# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""One bag, one target, and what is demanded of the boxes."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rosbags.typesys.store import Typestore

from tracker_ros.config_files import DEFAULT_PRESET
from tracker_ros.data.boxes import read_boxes
from tracker_ros.data.sequence import DataError
from tracker_ros.geometry import Box
from tracker_ros.replay.bag import (
    STATE_TOPIC,
    BagError,
    Result,
    choose_images,
    read,
    read_boxes_of,
    stamp_of,
    topics,
    write_results,
)
from tracker_ros.replay.messages import DETECTION
from tracker_ros.replay.run import Agreement, against_earlier, against_truth, boxes_of, replay
from tracker_ros.session import Session, State
from tracker_ros.trackers import load


@dataclasses.dataclass(frozen=True)
class Case:
    """A replay and its limits.

    Attributes:
        bag: rosbag2 folder.
        select: the target in the first image.
        topic: of the images; '' for the only one in the bag.
        tracker: preset.
        weights: in place of the preset's; '' for those.
        device: torch device.
        session: settings of the session, by name.
        settings: settings of the tracker, by name.
        out: where to write the result bag.
        expect: an earlier run's result bag.
        min_iou: lowest IoU with `expect` of any image.
        truth: a file with a box a line and image, or a topic of the bag with Detection2D; '' for none.
        min_truth_iou: lowest mean IoU with `truth`.
        max_without_box: most images that may end without a box.
        loops: how often the bag is played in a row, as a player that starts over does.
    """

    bag: Path
    select: Box
    topic: str = ""
    tracker: str = DEFAULT_PRESET
    weights: str = ""
    device: str = "cpu"
    session: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    out: Path | None = None
    expect: Path | None = None
    min_iou: float = 0.9
    truth: str = ""
    min_truth_iou: float = 0.0
    max_without_box: int | None = None
    loops: int = 1


def check_limits(given: Mapping[str, Any], name: Callable[[str], str]) -> None:
    """Refuse limits that have nothing to be compared with.

    Args:
        given: settings of a case by the names of its fields; only those that were given.
        name: what whoever gave them calls a field.

    Raises:
        ValueError: naming the setting.
    """
    for limit, reference in (("min_iou", "expect"), ("min_truth_iou", "truth")):
        if limit in given and reference not in given:
            raise ValueError(f"{name(limit)} needs {name(reference)}")
    if given.get("truth") == "":  # such as a shell's variable that is not set
        raise ValueError(f"{name('truth')} is empty: give a file or a topic, or leave it out")


class Verdict(NamedTuple):
    """The outcome: results, comparisons (None where not asked for) and the limits that were missed.

    `dropped` counts the images that were left out as late: those without a result.
    """

    topic: str
    results: list[Result]
    dropped: int
    earlier: Agreement | None
    true: Agreement | None
    missed: tuple[str, ...]

    @property
    def without_box(self) -> int:
        """Images that ended without a box."""
        return sum(result.report.box is None for result in self.results)

    @property
    def states(self) -> Counter[str]:
        """Images by the state in which they left the session."""
        return Counter(result.report.state.name for result in self.results)

    @property
    def first_error(self) -> str:
        """The first image that ended in ERROR, and why; '' where none did."""
        errors = (result for result in self.results if result.report.state is State.ERROR)
        first = next(errors, None)
        if first is None:
            return ""
        return f"at stamp {stamp_of(first.at, first.header) * 1e-9:.3f}: {first.report.message}"


def run_case(case: Case, types: Typestore) -> Verdict:
    """Replay and compare; the result bag is written if asked for.

    Raises:
        BagError: for a bag that cannot be used, or an `out` that exists.
        ValueError: for a wrong request: preset, device, selection, truth.
        OSError: for files that cannot be read.
    """
    if case.out is not None and case.out.exists():
        raise BagError(f"{case.out} exists already: choose another place for the results")
    topic = choose_images(case.bag, case.topic or None)
    expected = None if case.expect is None else _expected(case.expect, types)
    truth = _truth(case.truth, case.bag, topic, types) if case.truth else None
    tracker = load(case.tracker, case.settings, case.weights or None, case.device)
    session = Session(tracker, case.session)
    images = chain.from_iterable(read(case.bag, topic, types) for _ in range(case.loops))
    results, dropped = replay(session, images, case.select, case.device)
    if not results:
        raise BagError(f"{case.bag} has no image on {topic}")
    if session.state is State.IDLE:
        reason = results[0].report.message
        raise BagError(f"{case.bag}: none of the {len(results)} images on {topic} can be used: {reason}")
    found = boxes_of(results)
    verdict = Verdict(
        topic,
        results,
        dropped,
        None if expected is None else against_earlier(found, expected, str(case.expect)),
        None if truth is None else against_truth(found, truth, case.truth),
        (),
    )
    if case.out is not None:
        write_results(case.out, results, types, case.tracker)
    return verdict._replace(missed=tuple(_missed(case, verdict)))


def _missed(case: Case, verdict: Verdict) -> list[str]:
    missed = []
    if verdict.earlier is not None and verdict.earlier.lowest < case.min_iou:
        missed.append(
            f"IoU {verdict.earlier.lowest:.3f} with the expected box at stamp"
            f" {verdict.earlier.worst * 1e-9:.3f} is below {case.min_iou:g}"
        )
    if verdict.true is not None and verdict.true.mean < case.min_truth_iou:
        missed.append(f"mean IoU {verdict.true.mean:.3f} with the truth is below {case.min_truth_iou:g}")
    if case.max_without_box is not None and verdict.without_box > case.max_without_box:
        missed.append(f"{verdict.without_box} images without a box are more than {case.max_without_box}")
    return missed


def _expected(path: Path, types: Typestore) -> dict[int, Box | None]:
    boxes = read_boxes_of(path, STATE_TOPIC, types)
    if not boxes:
        raise BagError(f"{path} is no result of a replay: nothing on {STATE_TOPIC}")
    return boxes


def _truth(where: str, bag: Path, images: str, types: Typestore) -> dict[int, Box | None]:
    """Read true boxes by image stamp, from a topic of the bag or a file with a line per image."""
    if topics(bag).get(where) == DETECTION:
        return read_boxes_of(bag, where, types)
    rows = read_boxes(Path(where))
    stamps = [stamp_of(at, message.header) for at, message in read(bag, images, types)]
    if len(rows) != len(stamps):
        raise DataError(f"{where} holds {len(rows)} boxes for the {len(stamps)} images on {images}")
    return {
        stamp: Box.from_xywh(*row.tolist()) if np.isfinite(row).all() and row[2:].min() > 0 else None
        for stamp, row in zip(stamps, rows, strict=True)
    }
