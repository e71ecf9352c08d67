# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Readers on miniature trees in the data sets' published layouts, and what they say of incomplete ones."""

from __future__ import annotations

import socket
from pathlib import Path

import cv2
import numpy as np
import pytest
from video_helpers import state_more_frames, write_video

from tracker_ros.data.benchmarks import LAYOUTS, read_sequences
from tracker_ros.data.boxes import read_boxes, read_flags
from tracker_ros.data.footage import open_recording
from tracker_ros.data.lists import read_names, read_table, shipped_file
from tracker_ros.data.readers import (
    IMAGE_SUFFIXES,
    VIDEO_SUFFIXES,
    files_below,
    find_frames,
    frame_order,
    matching,
    named_sequences,
    video_frames,
)
from tracker_ros.data.sequence import (
    DataError,
    ImageFrames,
    Sequence,
    each_frame,
    frame_size,
    random_access,
)


def picture(path: Path, value: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((12, 16, 3), value, np.uint8))


def text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def lines(*rows: str) -> str:
    return "\n".join(rows) + "\n"


def one(root: Path, layout: str) -> Sequence:
    (sequence,) = read_sequences(root, layout)
    return sequence


def test_plain_folders_with_images_and_video(tmp_path: Path) -> None:
    for index in range(3):
        picture(tmp_path / "a" / "img" / f"{index:04d}.jpg", 40 * index)
    text(tmp_path / "a" / "groundtruth.txt", lines("1,2,3,4", "nan,nan,nan,nan", "5 6\t7 8"))
    text(tmp_path / "a" / "attributes.txt", "SV, OCC")
    (tmp_path / "b").mkdir()
    video = cv2.VideoWriter(str(tmp_path / "b" / "v.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (16, 12))
    for index in range(2):
        video.write(np.full((12, 16, 3), 90 * index, np.uint8))
    video.release()
    text(tmp_path / "b" / "groundtruth.txt", lines("1,2,3,4", "1,2,3,4"))
    images, film = read_sequences(tmp_path)
    assert (images.name, len(images), images.attributes) == ("a", 3, {"SV", "OCC"})
    assert images.truth[2].tolist() == [5, 6, 7, 8] and np.isnan(images.truth[1]).all()
    assert [round(float(frame.mean()) / 40) for frame in images.frames] == [0, 1, 2]
    assert [round(float(frame.mean()) / 90) for frame in film.frames] == [0, 1]
    assert frame_size(film.frames) == (16, 12)


def test_otb_numbers_targets_and_uses_part_of_some_sequences(tmp_path: Path) -> None:
    for index in range(1, 4):
        picture(tmp_path / "Jogging" / "img" / f"{index:04d}.jpg")
    for number in (1, 2):
        text(tmp_path / "Jogging" / f"groundtruth_rect.{number}.txt", lines(*[f"{number}\t2\t3\t4"] * 3))
    text(tmp_path / "Human4" / "groundtruth_rect.1.txt", "")
    first = next(row for row in read_table("otb_ranges") if row["name"] == "Diving")
    for index in range(1, int(first["last"]) + 3):
        picture(tmp_path / "Diving" / "img" / f"{index:04d}.jpg")
    text(tmp_path / "Diving" / "groundtruth_rect.txt", lines(*["1,2,3,4"] * int(first["last"])))
    found = {s.name: s for s in read_sequences(tmp_path, "otb")}
    assert set(found) == {"Jogging-1", "Jogging-2", "Diving"}
    assert found["Jogging-2"].truth[0].tolist() == [2, 2, 3, 4]
    assert len(found["Diving"]) == 215
    assert found["Jogging-1"].attributes == {"OCC", "DEF", "OPR"}


@pytest.mark.parametrize(
    ("layout", "version", "name", "first", "last", "folder"),
    [
        ("uav123", "UAV123", "uav5", 1, 139, "uav5"),
        ("uav123_10fps", "UAV123_10fps", "bird1_2", 259, 493, "bird1"),
        ("uav20l", "UAV20L", "uav1", 1, 3469, "uav1"),
    ],
)
def test_uav123_takes_its_part_of_a_folder(
    tmp_path: Path, layout: str, version: str, name: str, first: int, last: int, folder: str
) -> None:
    images = "UAV123" if version == "UAV20L" else version
    picture(tmp_path / "data_seq" / images / folder / f"{first:06d}.jpg")
    text(tmp_path / "anno" / version / f"{name}.txt", lines("1,2,3,4", *["NaN,NaN,NaN,NaN"] * (last - first)))
    text(tmp_path / "anno" / version / "att" / f"{name}.txt", "1,0,0,0,1,0,0,0,0,0,0,0")
    sequence = one(tmp_path, layout)
    assert (sequence.name, len(sequence), sequence.attributes) == (name, last - first + 1, {"SV", "FOC"})
    assert isinstance(sequence.frames, ImageFrames)
    assert sequence.frames.paths[0].name == f"{first:06d}.jpg"


def test_temple_color_reads_its_range(tmp_path: Path) -> None:
    for index in range(1, 6):
        picture(tmp_path / "Airport_ce" / "img" / f"{index:04d}.jpg")
    text(tmp_path / "Airport_ce" / "Airport_ce_frames.txt", "2,4")
    text(tmp_path / "Airport_ce" / "Airport_ce_gt.txt", lines(*["1,2,3,4"] * 3))
    sequence = one(tmp_path, "tc128")
    assert (sequence.name, len(sequence)) == ("Airport_ce", 3)


def test_need_for_speed_takes_every_eighth_line_at_30(tmp_path: Path) -> None:
    rows = [f'0 {i} 2 {i + 10} 22 {i} 0 0 0 "car"' for i in range(17)]
    for index in range(3):
        picture(tmp_path / "car" / "30" / "car" / f"{index:05d}.jpg")
    text(tmp_path / "car" / "30" / "car.txt", lines(*rows))
    assert one(tmp_path, "nfs30").truth.tolist() == [[0, 2, 10, 20], [8, 2, 10, 20], [16, 2, 10, 20]]
    for index in range(17):
        picture(tmp_path / "car" / "240" / "car" / f"{index:05d}.jpg")
    text(tmp_path / "car" / "240" / "car.txt", lines(*rows))
    assert len(one(tmp_path, "nfs240")) == 17


def test_dtb70(tmp_path: Path) -> None:
    picture(tmp_path / "Car2" / "img" / "00001.jpg")
    text(tmp_path / "Car2" / "groundtruth_rect.txt", "1,2,3,4")
    assert one(tmp_path, "dtb70").name == "Car2"


def test_lasot_targets_are_absent_when_occluded_or_out_of_view(tmp_path: Path) -> None:
    folder = tmp_path / "bird" / "bird-1"
    for index in range(1, 5):
        picture(folder / "img" / f"{index:08d}.jpg")
    text(folder / "groundtruth.txt", lines(*["1,2,3,4"] * 4))
    text(folder / "full_occlusion.txt", "0,1,0,0")
    text(folder / "out_of_view.txt", "0,0,0,1")
    sequence = one(tmp_path, "lasot")
    assert sequence.absent is not None and sequence.absent.tolist() == [False, True, False, True]


def test_got10k_with_and_without_published_truth(tmp_path: Path) -> None:
    for name, count in (("GOT-10k_Val_000001", 3), ("GOT-10k_Test_000001", 1)):
        for index in range(1, 4):
            picture(tmp_path / name / f"{index:08d}.jpg")
        text(tmp_path / name / "groundtruth.txt", lines(*["1.5,2,3,4"] * count))
    text(tmp_path / "GOT-10k_Val_000001" / "cover.label", lines("8", "0", "3"))
    text(tmp_path / "list.txt", lines("GOT-10k_Val_000001", "GOT-10k_Test_000001"))
    known, hidden = read_sequences(tmp_path, "got10k")
    assert known.absent is not None and known.absent.tolist() == [False, True, False]
    assert (len(hidden), len(hidden.truth)) == (3, 1)


def test_trackingnet_orders_frames_by_number(tmp_path: Path) -> None:
    for index in range(12):
        picture(tmp_path / "frames" / "0-6LB4FqxoE_0" / f"{index}.jpg", 10 * index)
    text(tmp_path / "anno" / "0-6LB4FqxoE_0.txt", "1,2,3,4")
    frames = list(one(tmp_path, "trackingnet").frames)
    assert [round(float(frame.mean()) / 10) for frame in frames] == list(range(12))


def test_vot_polygons_tags_and_anchors(tmp_path: Path) -> None:
    for index in range(1, 4):
        picture(tmp_path / "ball" / "color" / f"{index:08d}.jpg")
    text(tmp_path / "list.txt", "ball\n")
    text(tmp_path / "ball" / "groundtruth.txt", lines(*["2,1,6,3,5,7,1,5"] * 3))
    text(tmp_path / "ball" / "occlusion.tag", lines("0", "1"))
    text(tmp_path / "ball" / "anchor.value", lines("1", "0", "-1"))
    sequence = one(tmp_path, "vot")
    assert sequence.truth[0].tolist() == [1, 1, 5, 6]
    assert sequence.corners is not None and sequence.corners[0].tolist() == [[2, 1], [6, 3], [5, 7], [1, 5]]
    assert sequence.tags["occlusion"].tolist() == [False, True, False]
    assert sequence.anchors == ((0, True), (2, False))


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ("uav123", "UAV123: anno/UAV123 missing under {root}"),
        ("uav20l", "UAV20L: anno/UAV20L missing under {root}"),
        ("got10k", "GOT-10k: list.txt missing under {root}"),
        ("trackingnet", "TrackingNet: frames missing under {root}"),
        ("vot", "VOT: list.txt missing under {root}"),
        ("lasot", "LaSOT: */*/groundtruth.txt missing under {root}"),
        ("otb", "OTB: */groundtruth_rect*.txt missing under {root}"),
        ("nfs30", "NfS: */30/*.txt missing under {root}"),
    ],
)
def test_a_missing_part_is_named_in_one_line(tmp_path: Path, layout: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read_sequences(tmp_path, layout)
    assert str(caught.value) == message.format(root=tmp_path)


def test_every_layout_says_that_there_is_no_folder(tmp_path: Path) -> None:
    for layout in LAYOUTS:
        with pytest.raises(DataError, match="missing|does not exist"):
            read_sequences(tmp_path / "nowhere", layout)
    with pytest.raises(DataError, match="unknown layout 'coco'; known: dtb70"):
        read_sequences(tmp_path, "coco")


def test_lengths_that_differ_are_refused(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "img" / "1.jpg")
    text(tmp_path / "a" / "groundtruth.txt", lines("1,2,3,4", "1,2,3,4", "1,2,3,4"))
    with pytest.raises(DataError, match="sequence a: 1 frames but 3 annotated boxes"):
        read_sequences(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,2,3\n", "line 1: expected 4 or 8 numbers, found 3"),
        ("1,2,3,4\na,b,c,d\n", "line 2: 'a,b,c,d' is not x,y,w,h in numbers"),
        ("\n", "holds no boxes"),
        ("1,2,3,4\n1,2,inf,4\n", "line 2: '1,2,inf,4' is not x,y,w,h in numbers"),
        ("1,2,3,4\n1e400,2,3,4\n", "line 2: '1e400,2,3,4' is not x,y,w,h in numbers"),
        (
            "1,7,20,30,4,5,1,-1,-1,-1\n2,7,21,30,4,5,1,-1,-1,-1\n3,7,22,30,4,5,1,-1,-1,-1\n",
            "begin with the frame",
        ),
        ("0 7 20 30 4 5\n1 7 21 30 4 5\n2 7 22 30 4 5\n", "begin with the frame's number; expected x,y,w,h"),
    ],
)
def test_bad_box_files_are_explained(tmp_path: Path, content: str, message: str) -> None:
    text(tmp_path / "boxes.txt", content)
    with pytest.raises(DataError, match=message):
        read_boxes(tmp_path / "boxes.txt")
    text(tmp_path / "flags.txt", "0,1,2")
    with pytest.raises(DataError, match="something other than 0 and 1: '2'"):
        read_flags(tmp_path / "flags.txt")


def test_masks_give_their_window(tmp_path: Path) -> None:
    text(tmp_path / "boxes.txt", lines("m3,4,5,6,10,2,18", "0"))
    read = read_boxes(tmp_path / "boxes.txt")
    assert read[0].tolist() == [3, 4, 5, 6] and np.isnan(read[1]).all()


def test_selection_and_lists(tmp_path: Path) -> None:
    picture(tmp_path / "1.jpg")
    frames = ImageFrames((tmp_path / "1.jpg",))
    sequences = [Sequence(name, frames, np.array([[1, 2, 3, 4.0]])) for name in ("car1", "car2", "bike")]
    assert [s.name for s in named_sequences(sequences, ["car*"])] == ["car1", "car2"]
    with pytest.raises(DataError, match="no sequence is named 'boat'; there are: car1, car2, bike"):
        named_sequences(sequences, ["boat"])
    assert matching(["a[1]", "a1", "a2"], ["a[1]"]) == {"a[1]"}, "its own name comes first"
    assert matching(["a1", "a2"], ["a[1]"]) == {"a1"}
    listed = tmp_path / "list.txt"
    text(listed, lines("my car", "", " bike "))
    assert read_names(str(listed)) == ["my car", "bike"]
    text(listed, "\n \n")
    with pytest.raises(DataError, match="list.txt names no sequence: write one name a line"):
        read_names(str(listed))
    lengths = {name: len(read_names(name)) for name in ("otb2013", "otb50", "otb100", "lasot_test")}
    assert lengths == {"otb2013": 51, "otb50": 50, "otb100": 100, "lasot_test": 280}
    assert [len(read_table(name)) for name in ("uav123", "uav20l")] == [123, 20]
    assert {row["name"] for row in read_table("otb_attributes")} == set(read_names("otb100"))
    with pytest.raises(DataError, match="there are: lasot_test.txt"):
        shipped_file("nothing.csv")


def test_frames_beyond_the_memory_limit_go_to_a_file(tmp_path: Path) -> None:
    for index in range(4):
        picture(tmp_path / f"{index}.png", 50 * index)
    frames = ImageFrames(tuple(sorted(tmp_path.glob("*.png"))))
    in_memory, in_file = random_access(frames), random_access(frames, memory=1)
    assert isinstance(in_file, np.memmap)
    assert [int(frame[0, 0, 0]) for frame in in_memory] == [int(frame[0, 0, 0]) for frame in in_file]


@pytest.mark.parametrize("name", ["{}.png", "frame_{}.png", "a{}_left.png", "IMG{}.jpg"])
def test_frames_come_in_the_order_of_their_numbers(name: str, tmp_path: Path) -> None:
    for index in range(1, 13):
        picture(tmp_path / "s" / "img" / name.format(index), 15 * index)
    text(tmp_path / "s" / "groundtruth.txt", "1,2,3,4\n" * 12)
    # What other systems leave beside the frames.
    (tmp_path / "s" / "img" / ("._" + name.format(1))).write_bytes(b"\x00\x05\x16\x07")
    (sequence,) = read_sequences(tmp_path)
    assert [round(float(frame.mean()) / 15) for frame in sequence.frames] == list(range(1, 13))


def test_numbers_in_names_count_as_numbers() -> None:
    names = ["10.png", "9.png", "2_b.png", "2_a.png", "1.png", "002.png", "cam.png", "cam2.png", "cam10.png"]
    wanted = ["1.png", "002.png", "2_a.png", "2_b.png", "9.png", "10.png", "cam.png", "cam2.png", "cam10.png"]
    assert [path.name for path in sorted(map(Path, names), key=frame_order)] == wanted


def test_times_in_seconds_count_as_decimal_numbers() -> None:
    names = ["10.png", "9.5.png", "9.25.png", "9.png", "9.png", "10.533333.png", "10.6.png"]
    wanted = ["9.png", "9.png", "9.25.png", "9.5.png", "10.png", "10.533333.png", "10.6.png"]
    assert [path.name for path in sorted(map(Path, names), key=frame_order)] == wanted


def test_a_frame_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    for name in ("1.jpg", "2.jpg", "2.PNG", "3.jpg"):
        picture(tmp_path / name)
    with pytest.raises(DataError, match="holds a frame twice, as 2.PNG and 2.jpg: keep one of them"):
        find_frames(tmp_path)


@pytest.mark.parametrize("place", ["", "img"])
def test_a_folder_with_images_and_a_video_is_refused(place: str, tmp_path: Path) -> None:
    """A film of the results beside the images took their place without a word."""
    picture(tmp_path / place / "1.png")
    write_video(tmp_path / "film.mp4", [10, 20])
    first = Path(place, "1.png")
    said = f"holds a video, film.mp4, and 1 images, the first of them {first}: name the video's file, or move"
    with pytest.raises(DataError, match=said):
        find_frames(tmp_path)


def test_a_folder_is_no_frame_and_no_video(tmp_path: Path) -> None:
    for index in range(5, 7):
        picture(tmp_path / f"{index}.png", 20 * index)
    for name in ("5.5.png", "video.mp4"):
        (tmp_path / name).mkdir()
    assert [int(frame[0, 0, 0]) for frame in find_frames(tmp_path)] == [100, 120]
    assert files_below(tmp_path, IMAGE_SUFFIXES) == [tmp_path / "5.png", tmp_path / "6.png"]
    assert files_below(tmp_path, VIDEO_SUFFIXES) == []


def test_a_folder_without_frames_says_what_it_holds(tmp_path: Path) -> None:
    for name in ("1.gif", "2.gif", "notes", "._1.jpg"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(DataError, match=r"other suffixes \(2 of .gif, 1 of no suffix\); images end in .bmp,"):
        find_frames(tmp_path)


GREYS = list(range(0, 200, 20))


@pytest.mark.parametrize("suffix", ["avi", "mp4", "webm"])
def test_a_video_has_the_frames_that_it_holds(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / "s" / f"v.{suffix}"
    path.parent.mkdir()
    write_video(path, GREYS)
    text(tmp_path / "s" / "groundtruth.txt", "1,2,3,4\n" * 10)
    (sequence,) = read_sequences(tmp_path)
    assert len(sequence) == 10 and len(list(sequence.frames)) == 10
    nameless = tmp_path / "recording"
    path.rename(nameless)
    frames, _ = open_recording(nameless)
    assert np.allclose([frame.mean() for frame in frames], GREYS, atol=5)


def test_a_video_that_states_more_frames_than_it_holds_is_read_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "s" / "v.avi"
    path.parent.mkdir()
    write_video(path, GREYS)
    state_more_frames(path, 14)
    text(tmp_path / "s" / "groundtruth.txt", "1,2,3,4\n" * 10)
    (sequence,) = read_sequences(tmp_path)
    assert len(sequence) == 10 and len(list(sequence.frames)) == 10
    assert f"{path} states 14 frames, of which 10 can be decoded" in caplog.text
    text(tmp_path / "s" / "groundtruth.txt", "1,2,3,4\n" * 14)
    with pytest.raises(DataError, match="sequence s: 10 frames but 14 annotated boxes"):
        read_sequences(tmp_path)


def test_a_file_that_is_no_video_is_named(tmp_path: Path) -> None:
    text(tmp_path / "v.mp4", "not a film")
    with pytest.raises(DataError, match="v.mp4 is no video that OpenCV can read"):
        open_recording(tmp_path / "v.mp4")


def test_an_address_is_refused_before_anybody_is_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x.mp4"
        with pytest.raises(DataError, match=f"^{address} is an address: save what it gives, and name that"):
            video_frames(Path(address))
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_broken_image_does_not_end_the_frames_after_it(tmp_path: Path) -> None:
    for index in range(3):
        picture(tmp_path / f"{index}.png", 50 * index)
    (tmp_path / "1.png").write_bytes((tmp_path / "1.png").read_bytes()[:-20])
    first, broken, last = each_frame(find_frames(tmp_path))
    assert int(first[0, 0, 0]) == 0 and int(last[0, 0, 0]) == 100
    assert isinstance(broken, DataError) and "1.png: PNG is cut off" in str(broken)
