# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Replaying bags: the same every time, one verdict for machines, one line for a bag that is broken."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rosbags", reason="rosbags is not installed")

from replay_helpers import (  # noqa: E402
    FRAMES,
    START,
    STEP,
    TYPES,
    Recording,
    flight,
    header,
    picture,
    record,
    replay,
)
from rosbags.rosbag2 import (  # noqa: E402
    CompressionFormat,
    CompressionMode,
    Reader,
    StoragePlugin,
    Writer,
)

from tracker_ros.cli import main  # noqa: E402
from tracker_ros.data.footage import Shot  # noqa: E402
from tracker_ros.replay.bag import STATE_TOPIC, BagError, choose_images, read, stamp_of  # noqa: E402
from tracker_ros.replay.messages import DETECTION, DETECTIONS, STATE  # noqa: E402
from tracker_ros.session import State  # noqa: E402


@pytest.fixture(scope="module")
def shots() -> list[Shot]:
    return flight()


@pytest.fixture(scope="module")
def recording(shots: list[Shot], tmp_path_factory: pytest.TempPathFactory) -> Recording:
    stamps = [START + index * STEP for index in range(FRAMES)]
    return record(tmp_path_factory.mktemp("bag") / "flight", shots, stamps)


def content(path: Path) -> list[tuple[str, int, bytes]]:
    with Reader(path) as reader:
        return [(connection.topic, at, bytes(data)) for connection, at, data in reader.messages()]


def states(path: Path) -> list[Any]:
    return [TYPES.deserialize_cdr(data, STATE) for topic, _, data in content(path) if topic == STATE_TOPIC]


def test_twice_gives_the_same_bytes_and_good_boxes(
    recording: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--truth", "/truth", "--min-truth-iou", 0.7)
    assert replay(recording, "--out", tmp_path / "one", *words) == 0
    assert f"over {FRAMES} images" in capsys.readouterr().out
    assert replay(recording, "--out", tmp_path / "two", "--expect", tmp_path / "one", "--min-iou", 1) == 0
    assert content(tmp_path / "one") == content(tmp_path / "two")
    found = states(tmp_path / "one")
    assert [stamp_of(0, state.header) for state in found] == [START + i * STEP for i in range(FRAMES)]
    assert found[0].state == State.ACQUIRING and found[-1].state == State.TRACKING
    assert {state.header.frame_id for state in found} == {"camera_optical"}
    kinds = {
        topic: len([t for t, _, _ in content(tmp_path / "one") if t == topic])
        for topic in ("/tracker/target", "/tracker/targets", "/tracker/state")
    }
    assert set(kinds.values()) == {FRAMES}


@pytest.mark.parametrize("compressed", [False, True])
def test_sqlite3_and_jpeg_are_read_too(
    shots: list[Shot], recording: Recording, compressed: bool, tmp_path: Path
) -> None:
    stamps = [START + index * STEP for index in range(FRAMES)]
    other = record(tmp_path / "lite", shots, stamps, StoragePlugin.SQLITE3, compressed)
    assert replay(recording, "--out", tmp_path / "result") == 0
    assert replay(other, "--expect", tmp_path / "result", "--min-iou", 0.7 if compressed else 1) == 0


def test_other_boxes_end_with_status_1(
    recording: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(recording, "--out", tmp_path / "one") == 0
    elsewhere = ["replay", str(recording.path), "--select", "5,5,30,30", "--expect", str(tmp_path / "one")]
    assert main(elsewhere) == 1
    assert "below 0.9" in capsys.readouterr().out
    lines = ["0,0,5,5"] * FRAMES
    (tmp_path / "groundtruth.txt").write_text("\n".join(lines))
    words = ("--truth", tmp_path / "groundtruth.txt", "--min-truth-iou")
    assert replay(recording, *words, 0.5) == 1 and replay(recording, *words, 0) == 0


def test_stamps_that_jump_back_lead_to_lost_and_late_images_are_left_out(
    shots: list[Shot], tmp_path: Path
) -> None:
    stamps = [START + index * STEP for index in range(FRAMES)]
    stamps[5] = stamps[4]
    stamps[20:] = [stamp - 10**10 for stamp in stamps[20:]]
    assert replay(record(tmp_path / "bag", shots, stamps), "--out", tmp_path / "result") == 0
    found = states(tmp_path / "result")
    assert len(found) == FRAMES - 1 and found[-1].frames_dropped == 1
    assert found[19].state == State.LOST and "stamps jumped back" in found[19].message
    empty = [
        TYPES.deserialize_cdr(data, DETECTIONS)
        for topic, _, data in content(tmp_path / "result")
        if topic == "/tracker/targets"
    ][19]
    assert empty.detections == [] and found[19].bbox.size_x == 0


def test_a_bag_is_played_several_times_in_a_row(recording: Recording, tmp_path: Path) -> None:
    assert replay(recording, "--loop", 2, "--out", tmp_path / "out") == 0
    found = sorted(states(tmp_path / "out"), key=lambda state: state.frames_processed)
    assert len(found) == 2 * FRAMES
    assert found[FRAMES].state == int(State.LOST) and "stamps jumped back" in found[FRAMES].message
    with pytest.raises(SystemExit):
        replay(recording, "--loop", 0)


def test_an_image_that_cannot_be_used_is_told_and_passed(shots: list[Shot], tmp_path: Path) -> None:
    bad = shots[3]._replace(image=shots[3].image[:, :, :1].repeat(3, 2))
    stamps = [START + index * STEP for index in range(6)]
    path = tmp_path / "bag"
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        kind = "sensor_msgs/msg/CompressedImage"
        topic = writer.add_connection("/image/compressed", kind, typestore=TYPES)
        for index, shot in enumerate([*shots[:3], bad, *shots[4:6]]):
            message = picture(shot, stamps[index], True)
            if shot is bad:
                message.data = message.data[:100]
            writer.write(topic, stamps[index], TYPES.serialize_cdr(message, kind))
    assert replay(Recording(path, shots), "--out", tmp_path / "result") == 0
    assert [state.state for state in states(tmp_path / "result")][2:5] == [
        State.TRACKING,
        State.ERROR,
        State.TRACKING,
    ]


def test_images_without_stamps_are_told_apart_by_their_arrival(
    shots: list[Shot], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = record(tmp_path / "bag", shots, [0] * FRAMES)
    assert replay(made, "--out", tmp_path / "result", "--truth", "/truth") == 0
    assert f"over {FRAMES} images" in capsys.readouterr().out
    assert replay(made, "--expect", tmp_path / "result", "--min-iou", 1) == 0


def test_the_node_s_own_message_types_read_the_result(recording: Recording, tmp_path: Path) -> None:
    pytest.importorskip("rclpy", reason="rclpy is not installed")
    from rclpy.serialization import deserialize_message, serialize_message
    from tracker_ros.msg import TrackState
    from vision_msgs.msg import Detection2D, Detection2DArray

    kinds = {
        "/tracker/target": (Detection2D, DETECTION),
        "/tracker/targets": (Detection2DArray, DETECTIONS),
        STATE_TOPIC: (TrackState, STATE),
    }
    assert replay(recording, "--out", tmp_path / "result") == 0
    drawings = "/tracker/annotations"  # of a package that need not be installed
    for topic, _, data in (entry for entry in content(tmp_path / "result") if entry[0] != drawings):
        kind, name = kinds[topic]
        message = deserialize_message(data, kind)
        # The padding between fields is anything in what rclpy writes.
        again = TYPES.deserialize_cdr(serialize_message(message), name)
        assert bytes(TYPES.serialize_cdr(again, name)) == data
        assert message.header.frame_id == "camera_optical"


@pytest.mark.parametrize("fault", ["cut", "noise", "absent"])
@pytest.mark.parametrize("storage", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
def test_a_broken_bag_ends_with_one_line(
    fault: str, storage: StoragePlugin, shots: list[Shot], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = record(tmp_path / "bag", shots[:4], [START + index * STEP for index in range(4)], storage)
    (data,) = (path for path in made.path.iterdir() if path.suffix != ".yaml")
    if fault == "cut":
        data.write_bytes(data.read_bytes()[: data.stat().st_size * 2 // 3])
    elif fault == "noise":
        data.write_bytes(np.random.default_rng(0).bytes(data.stat().st_size))
    else:
        shutil.rmtree(made.path)
    assert replay(made, "--out", tmp_path / "result") == 2
    shown = capsys.readouterr().err
    assert "cannot be read as a bag" in shown and shown.count("\n") == 1
    assert not (tmp_path / "result").exists()


def test_a_bag_whose_recorder_was_switched_off_is_read(
    shots: list[Shot], tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither metadata.yaml nor the end of the file is written then; a power cut may leave zeros."""
    made = record(tmp_path / "bag", shots, [START + index * STEP for index in range(FRAMES)])
    (data,) = made.path.glob("*.mcap")
    whole, ends, place = data.read_bytes(), [], 8
    while place < len(whole) - 8:  # a record is its kind, its length in 8 bytes, and the rest; 6 is a chunk
        after = place + 9 + int.from_bytes(whole[place + 1 : place + 9], "little")
        if whole[place] == 6:
            ends.append(after)
        place = after
    every = content(made.path)
    assert len(ends) > 2, "the bag must hold several chunks"
    (made.path / "metadata.yaml").write_bytes(b"")
    for cut in (whole[: len(whole) - 8], whole[: ends[-1] - 1], whole[: ends[-2] + 5] + bytes(5000)):
        data.write_bytes(cut)
        kept = [entry for topic in ("/camera/image", "/truth") for entry in read(made.path, topic, TYPES)]
        assert 0 < len(kept) <= len(every)
        assert (len(kept) == len(every)) == (cut == whole[:-8])
        assert f"{data} was cut off: what is whole of it is read" in caplog.text
        caplog.clear()
        for bag in (made.path, data):
            assert replay(Recording(bag, shots)) == 0
        assert "images in TRACKING" in capsys.readouterr().out


def test_what_only_metadata_tells_is_named(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.MCAP)
    writer.set_compression(CompressionMode.MESSAGE, CompressionFormat.ZSTD)
    kind = "std_msgs/msg/Header"
    with writer:
        topic = writer.add_connection("/time", kind, typestore=TYPES)
        writer.write(topic, START, TYPES.serialize_cdr(header(START), kind))
    assert len(list(read(tmp_path / "bag", "/time", TYPES))) == 1
    with pytest.raises(
        BagError, match=r"bag has no topic with images; its topics: /time \(std_msgs/msg/Header\)"
    ):
        choose_images(tmp_path / "bag", None)
    (tmp_path / "bag" / "metadata.yaml").unlink()
    with pytest.raises(BagError, match="holds compressed messages: it is read with its metadata.yaml only"):
        list(read(tmp_path / "bag", "/time", TYPES))


def test_images_left_out_after_the_last_result_are_counted(
    shots: list[Shot], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = record(tmp_path / "bag", shots[:6], [START] * 6)
    assert replay(made) == 0
    assert "1, 5 left out as late" in capsys.readouterr().out


def test_a_bag_without_a_usable_image_is_no_success(
    shots: list[Shot], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = [shot._replace(image=shot.image[:0]) for shot in shots[:3]]
    made = record(tmp_path / "bag", empty, [START + index * STEP for index in range(3)])
    assert replay(made, "--out", tmp_path / "result") == 2
    shown = capsys.readouterr().err
    assert "none of the 3 images on /camera/image can be used: image refused: image is empty" in shown
    assert not (tmp_path / "result").exists()


def test_a_chunk_that_does_not_fit_its_checksum_is_refused(
    shots: list[Shot], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = record(tmp_path / "bag", shots[:4], [START + index * STEP for index in range(4)])
    (data,) = made.path.glob("*.mcap")
    content, place = bytearray(data.read_bytes()), 8
    while content[place] != 6:  # a record is its kind, its length in 8 bytes, and the rest; 6 is a chunk
        place += 9 + int.from_bytes(content[place + 1 : place + 9], "little")
    content[place + 33] = 1  # behind two times and a size
    data.write_bytes(content)
    assert replay(made) == 2
    shown = capsys.readouterr().err
    assert "checksum" in shown and shown.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--topic", "/none"], "has no images on /none; topics with images: /camera/image"),
        (["--tracker", "none"], "unknown preset 'none'"),
        (["--device", "abacus"], "device 'abacus' cannot be used"),
        (["--truth", "none.txt"], "none.txt is missing"),
        (["--expect", "none"], "cannot be read as a bag"),
        (["--select", "900,900,30,30"], "lies outside the 320 x 240 image"),
        (["--out", "."], "exists already"),
        (["--min-iou", "0.5"], "--min-iou needs --expect"),
        (["--min-truth-iou", "0.5"], "--min-truth-iou needs --truth"),
        (["--truth", "", "--min-truth-iou", "0.5"], "--truth is empty: give a file or a topic"),
    ],
)
def test_wrong_requests_end_with_status_2(
    words: list[str], message: str, recording: Recording, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(recording, *words) == 2
    shown = capsys.readouterr().err
    assert message in shown and shown.count("\n") == 1
