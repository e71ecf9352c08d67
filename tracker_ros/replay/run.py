# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A bag's images through a session, and the boxes held against others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tracker_ros.data.sequence import DataError
from tracker_ros.geometry import Box
from tracker_ros.ops.boxes import iou
from tracker_ros.ops.threads import one_thread
from tracker_ros.replay.bag import Result, stamp_of
from tracker_ros.ros.images import ImageError
from tracker_ros.ros.stream import Decoder, ImageStream, Received
from tracker_ros.session import Report, Session, State


def replay(
    session: Session, images: Iterable[tuple[int, Any]], box: Box, device: str
) -> tuple[list[Result], int]:
    """Select the target in the first image that can be used, then look for it in all others.

    Time is that of the stamps, as for the tracker node: an image that is not newer than the last is
    left out, one that is much older leads to LOST, one that cannot be used to ERROR for that image.

    Args:
        session: its tracker is on `device`.
        images: time of arrival (ns) and message.
        box: the target in the first image.

    Returns:
        The results, and how many images were left out; none of them can be used where the session is IDLE.

    Raises:
        ValueError: when the box cannot be tracked in it.
    """
    stream = ImageStream(session, Decoder(device))
    results: list[Result] = []
    dropped = 0
    for at, message in images:
        message.data = message.data.copy()  # rosbags gives read-only arrays, which PyTorch does not take
        with one_thread():
            report = _process(stream, Received(message, at * 1e-9), box)
        if report is None:
            dropped += 1
        else:
            results.append(
                Result(at, message.header, report._replace(estimate=None), len(results) + 1, dropped)
            )
    return results, dropped


def _process(stream: ImageStream, frame: Received, box: Box) -> Report | None:
    session = stream.session
    try:
        if session.state is not State.IDLE:
            return stream.process(frame)
        stream.start_target([frame], box, normalized=False)
        return session.tick(stream.time)
    except ImageError as error:
        return session.refused(f"image refused: {error}")


class Agreement(NamedTuple):
    """Boxes compared with others, image by image.

    Attributes:
        compared: images that count.
        lowest, mean: IoU; 0 where only one of the two has a box, 1 where neither has one.
        worst: stamp of the image with the lowest, ns.
    """

    compared: int
    lowest: float
    mean: float
    worst: int


def agreement(found: Mapping[int, Box | None], expected: Mapping[int, Box | None]) -> Agreement:
    """Compare every image that either has (by stamp, ns), of which there must be one at least."""
    overlaps = {
        stamp: _overlap(found.get(stamp), expected.get(stamp)) if stamp in found.keys() & expected else 0.0
        for stamp in sorted(found.keys() | expected)
    }
    worst = min(overlaps, key=lambda stamp: overlaps[stamp])
    return Agreement(len(overlaps), overlaps[worst], sum(overlaps.values()) / len(overlaps), worst)


def against_earlier(
    found: Mapping[int, Box | None], expected: Mapping[int, Box | None], name: str
) -> Agreement:
    """Compare with an earlier result, called `name`.

    Raises:
        DataError: when it is about none of these images, as that of another bag is.
    """
    if not found.keys() & expected:
        raise DataError(
            f"{name} has results of {len(expected)} images, none with the stamp of one of the {len(found)}"
            " images here: give the result of this bag"
        )
    return agreement(found, expected)


def against_truth(found: Mapping[int, Box | None], truth: Mapping[int, Box | None], name: str) -> Agreement:
    """Compare the images in which the truth, called `name`, has a box and that were looked at.

    Raises:
        DataError: when there is no such image, so that nothing would be compared.
    """
    shown = {stamp: box for stamp, box in truth.items() if box is not None}
    known = {stamp: box for stamp, box in shown.items() if stamp in found}
    if not shown:
        raise DataError(f"the truth {name} shows the target in none of its {len(truth)} entries")
    if not known:
        raise DataError(
            f"none of the {len(shown)} boxes of the truth {name} has the stamp of an image that was looked"
            " at: give each box the stamp of its image, or a file with a line an image"
        )
    return agreement({stamp: found[stamp] for stamp in known}, known)


def boxes_of(results: Iterable[Result]) -> dict[int, Box | None]:
    """Index the boxes by image stamp, ns; of images with one stamp (a bag recorded twice) the last counts."""
    return {stamp_of(result.at, result.header): result.report.box for result in results}


def _overlap(one: Box | None, other: Box | None) -> float:
    if one is None or other is None:
        return float(one is other)
    # Rounding must not tell a box from itself.
    return 1.0 if one == other else float(iou(one.to_tensor(), other.to_tensor()))
