# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Bags in and out: images and boxes of a rosbag2 (sqlite3 or MCAP), and the bag of results."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rosbags.rosbag2 import Reader, StoragePlugin, Writer
from rosbags.typesys.store import Typestore

from tracker_ros.files import part_of, remove_stale_parts
from tracker_ros.geometry import Box
from tracker_ros.replay.annotations import ANNOTATIONS, drawing
from tracker_ros.replay.cut_off import with_end
from tracker_ros.replay.messages import DETECTION, DETECTIONS, STATE, Factory, box_in
from tracker_ros.session import Report

IMAGES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
BAG_VERSION = 9
_CUT = "end magic"  # of what rosbags says about an MCAP file without its end
_ZSTD = b"\x28\xb5\x2f\xfd"
STATE_TOPIC = "/tracker/state"
ANNOTATIONS_TOPIC = "/tracker/annotations"


class BagError(ValueError):
    """A bag that cannot be used. The message is one line and names it."""


class Result(NamedTuple):
    """The tracker's finding in one image.

    Attributes:
        at: time of the image's arrival in the bag, ns.
        header: of the image.
        report: without its estimate.
        processed, dropped: images so far, this one included.
    """

    at: int
    header: Any
    report: Report
    processed: int
    dropped: int


def open_bag(path: Path) -> Reader:
    """Return a reader of a bag: its folder, its only file, or the files of a folder without metadata.yaml.

    A recorder writes metadata.yaml, and the end of its file, when it ends: where it was switched off, the
    messages are there without them.
    """
    metadata = path / "metadata.yaml"
    if not path.is_dir() or (metadata.is_file() and metadata.stat().st_size):
        return Reader(with_end(path))
    files = sorted(p for p in path.iterdir() if p.suffix in (".mcap", ".db3"))
    if not files:
        packed = sorted(p.name for p in path.iterdir() if p.suffix in (".zstd", ".zst"))
        advice = f": unpack {packed[0]} first, with `unzstd`" if packed else ""
        raise BagError(f"{path} has neither metadata.yaml nor an .mcap or .db3 file{advice}")
    if len(files) > 1:
        raise BagError(
            f"{path} has no metadata.yaml and {len(files)} files: give one of them, or write it anew"
            f" with `ros2 bag reindex {path}`"
        )
    return Reader(with_end(files[0]))


def topics(path: Path) -> dict[str, str]:
    """Return the topics of a bag with their types.

    Raises:
        BagError: when it cannot be read.
    """
    try:
        with open_bag(path) as reader:
            return {connection.topic: connection.msgtype for connection in reader.connections}
    except Exception as error:  # a file of random bytes makes each layer of the reader fail in its own way
        raise _broken(path, error) from error


def read(path: Path, topic: str, types: Typestore) -> Iterator[tuple[int, Any]]:
    """Yield the time of arrival (ns) and the message of everything on one topic, in the order of arrival.

    Raises:
        BagError: when the bag is damaged, before or at the damaged place.
    """
    try:
        with open_bag(path) as reader:
            wanted = [connection for connection in reader.connections if connection.topic == topic]
            stored = reader.messages(connections=wanted) if wanted else iter(())
            while (entry := next(stored, None)) is not None:
                connection, at, data = entry
                if bytes(data[:4]) == _ZSTD:
                    raise BagError(
                        f"{path} holds compressed messages: it is read with its metadata.yaml only"
                    )
                message = types.deserialize_cdr(data, connection.msgtype)
                yield at, message
    except Exception as error:  # as above
        raise _broken(path, error) from error


def choose_images(path: Path, wanted: str | None) -> str:
    """Return the topic with images: the wanted one, or the only one.

    Raises:
        BagError: when there is none, or several and none was named.
    """
    found = sorted(topic for topic, kind in topics(path).items() if kind in IMAGES)
    if wanted in found:
        return wanted
    listed = ", ".join(found) or "none"
    if wanted is not None:
        raise BagError(f"{path} has no images on {wanted}; topics with images: {listed}")
    if not found:
        others = ", ".join(sorted(f"{topic} ({kind})" for topic, kind in topics(path).items())) or "none"
        raise BagError(f"{path} has no topic with images; its topics: {others}")
    if len(found) > 1:
        raise BagError(f"{path} has several topics with images: choose one with --topic ({listed})")
    return found[0]


def read_boxes_of(path: Path, topic: str, types: Typestore) -> dict[int, Box | None]:
    """Read boxes by image stamp (ns) of a topic with Detection2D or TrackState; None without a target."""
    return {stamp_of(at, message.header): box_in(message) for at, message in read(path, topic, types)}


def stamp_of(at: int, header: Any) -> int:
    """Return a header's stamp, ns; the time of arrival for a camera that does not stamp its images."""
    return int(header.stamp.sec * 10**9 + header.stamp.nanosec) or at


def write_results(path: Path, results: list[Result], types: Typestore, tracker: str) -> None:
    """Write a bag (MCAP) with what the tracker node would have published; it is whole or is not there.

    Raises:
        BagError: when it exists already or cannot be written.
    """
    part = part_of(path)
    try:
        if path.exists():
            raise FileExistsError(f"{path} exists already")
        remove_stale_parts(path)
        _write(part / path.name, results, types, tracker)  # a bag's file has the name of its folder
        os.rename(part / path.name, path)
    except Exception as error:
        raise BagError(f"{path} cannot be written: {_line(error)}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write(path: Path, results: list[Result], types: Typestore, tracker: str) -> None:
    factory = Factory(types, tracker)
    names = {
        "/tracker/target": DETECTION,
        "/tracker/targets": DETECTIONS,
        STATE_TOPIC: STATE,
        ANNOTATIONS_TOPIC: ANNOTATIONS,
    }
    with Writer(path, version=BAG_VERSION, storage_plugin=StoragePlugin.MCAP) as writer:
        known = {topic: writer.add_connection(topic, kind, typestore=types) for topic, kind in names.items()}

        def put(topic: str, at: int, message: Any) -> None:
            writer.write(known[topic], at, types.serialize_cdr(message, names[topic]))

        for at, header, report, processed, dropped in results:
            target = factory.detection(header, report)
            if target is not None:
                put("/tracker/target", at, target)
            put("/tracker/targets", at, factory.detections(header, target))
            put(ANNOTATIONS_TOPIC, at, drawing(types, header, report))
            put(STATE_TOPIC, at, factory.state(header, report, processed, dropped))


def _broken(path: Path, error: Exception) -> BagError:
    if isinstance(error, BagError):
        return error
    advice = (
        " Give its .mcap file: what is whole of that is read." if path.is_dir() and _CUT in str(error) else ""
    )
    return BagError(f"{path} cannot be read as a bag: {_line(error)}{advice}")


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
