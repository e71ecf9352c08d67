# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Readers of training sets in their published layouts.

Each takes the data set's root folder and returns clips. Images are not opened here (save by
`read_labelled`, whose boxes are relative to the image's size): a set of a million frames is listed in
seconds, and a broken image is met, counted and named when it is drawn.
"""

from __future__ import annotations

import json
import logging
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tracker_ros.data.boxes import read_boxes, read_flags
from tracker_ros.data.lists import read_names
from tracker_ros.data.readers import IMAGE_SUFFIXES, files_below, frame_order, list_images, read_folders
from tracker_ros.data.sequence import DataError
from tracker_ros.data.text import read_text
from tracker_ros.geometry import xywh_to_boxes
from tracker_ros.training.clip_index import Listed, indexed
from tracker_ros.training.clips import Boxes, Clip, ImageFiles, each_image, pictures_of
from tracker_ros.training.csv_datasets import read_still_boxes, read_tracks

_log = logging.getLogger(__name__)
#: Side of the crops that pysot's preparation writes for YouTube-BB, and of the exemplar in them.
_CROP_SIDE, _CROP_EXEMPLAR = 511, 127
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


VID_SPLITS = ("train", "val")


def read_vid(root: Path, splits: Sequence[str] = ("train",)) -> list[Clip]:
    """Read ILSVRC2015 VID: Annotations/VID/train/*/SNIPPET/*.xml beside Data/VID/train/*/SNIPPET/*.JPEG.

    Args:
        splits: of `VID_SPLITS`; 'val' has SNIPPET/ without a folder between.
    """
    if unknown := set(splits) - set(VID_SPLITS):
        raise DataError(f"VID: no split {', '.join(sorted(unknown))}; there are {', '.join(VID_SPLITS)}")
    return _found([clip for split in splits for clip in _vid_split(root, split)], root, "VID")


def _vid_split(root: Path, split: str) -> list[Clip]:
    folder = _require(root, f"Annotations/VID/{split}", "VID")
    clips: list[Clip] = []
    for snippet in sorted({path.parent for path in folder.rglob("*.xml")}):
        annotations = sorted(snippet.glob("*.xml"), key=frame_order)
        images = root / "Data" / "VID" / split / snippet.relative_to(folder)
        paths = tuple(images / f"{a.stem}.JPEG" for a in annotations)
        tracks: dict[str, Boxes] = {}
        for index, annotation in enumerate(annotations):
            for track, box in _objects(annotation):
                rows = tracks.setdefault(track, np.full((len(paths), 4), np.nan))
                rows[index] = box
        for track, rows in sorted(tracks.items()):
            clips.append(Clip(f"{snippet.relative_to(folder)}:{track}", ImageFiles(paths), rows))
    return clips


def read_det(root: Path) -> list[Clip]:
    """Read ILSVRC DET: Annotations/DET/train/**/*.xml beside Data/DET/train/**/*.JPEG; a clip an object."""
    folder = _require(root, "Annotations/DET/train", "DET")
    clips = []
    for annotation in sorted(folder.rglob("*.xml")):
        name = annotation.relative_to(folder).with_suffix("")
        image = (root / "Data" / "DET" / "train" / name).with_suffix(".JPEG")
        clips += _stills(f"{name}", image, [box for _, box in _objects(annotation)])
    return _found(clips, root, "DET")


def read_coco(root: Path) -> list[Clip]:
    """Read COCO: annotations/instances_train2017.json beside train2017/*.jpg.

    A clip per object, no crowds.
    """
    path = _require(root, "annotations/instances_train2017.json", "COCO")
    clips = []
    with _read_json(path, "COCO") as content:
        names = {image["id"]: image["file_name"] for image in content["images"]}
        boxes = defaultdict(list)
        for annotation in content["annotations"]:
            if not annotation.get("iscrowd"):
                boxes[annotation["image_id"]].append(xywh_to_boxes(np.reshape(annotation["bbox"], 4)))
        for image, found in sorted(boxes.items()):
            clips += _stills(names[image], root / "train2017" / names[image], found)
    return _found(clips, root, "COCO")


def read_got10k(root: Path) -> list[Clip]:
    """Read GOT-10k: train/GOT-10k_Train_*/ with *.jpg, groundtruth.txt and absence.label."""
    listed = []
    for folder in sorted(p for p in _require(root, "train", "GOT-10k").iterdir() if p.is_dir()):
        flags = (folder / "absence.label",)
        listed.append(Listed(folder.name, folder, folder / "groundtruth.txt", _there(flags)))
    return _found(indexed(listed, root, _clip), root, "GOT-10k")


def read_lasot(root: Path) -> list[Clip]:
    """Read LaSOT: CLASS/CLASS-N/img/*.jpg, groundtruth.txt, full_occlusion.txt, out_of_view.txt.

    A ``training_set.txt`` at the root, as the evaluation toolkit has it, says which sequences are meant.
    Without it they are all but those of the published test split (config/eval/lasot_test.txt).
    """
    chosen = root / "training_set.txt"
    truths = sorted(root.glob("*/*/groundtruth.txt"))
    if chosen.is_file():
        names = set(read_text(chosen).split())
    else:
        tested = set(read_names("lasot_test"))
        names = {truth.parent.name for truth in truths} - tested
        if count := len(truths) - len(names):
            _log.warning("%s has no %s: its %d test videos are left out", root, chosen.name, count)
    listed = []
    for truth in truths:
        folder = truth.parent
        if folder.name in names:
            flags = (folder / "full_occlusion.txt", folder / "out_of_view.txt")
            listed.append(Listed(folder.name, folder / "img", truth, _there(flags)))
    return _found(indexed(listed, root, _clip), root, "LaSOT outside its test split" if truths else "LaSOT")


def read_trackingnet(root: Path) -> list[Clip]:
    """Read TrackingNet: TRAIN_*/anno/NAME.txt beside TRAIN_*/frames/NAME/*.jpg."""
    listed = [
        Listed(truth.stem, truth.parent.parent / "frames" / truth.stem, truth)
        for truth in sorted(root.glob("TRAIN_*/anno/*.txt"))
    ]
    return _found(indexed(listed, root, _clip), root, "TrackingNet")


def read_youtube_bb(root: Path) -> list[Clip]:
    """Read YouTube-BB cut by pysot: crop511/VIDEO/FRAME.TRACK.x.jpg and train.json of their boxes.

    A crop of 511 px shows the target in its middle, at the scale of a SiamFC exemplar of 127 px; the
    file gives boxes as corners in the original frame, of which only the size still matters.
    """
    path = _require(root, "train.json", "YouTube-BB")
    clips = []
    with _read_json(path, "YouTube-BB") as content:
        for video, tracks in sorted(content.items()):
            for track, frames in sorted(tracks.items()):
                numbers = sorted(int(number) for number in frames if number.isdigit())
                files = tuple(root / "crop511" / video / f"{n:06d}.{track}.x.jpg" for n in numbers)
                corners = {int(number): box for number, box in frames.items() if number.isdigit()}
                boxes = [_inside_crop(corners[number]) for number in numbers]
                clips.append(Clip(f"{video}:{track}", ImageFiles(files), np.array(boxes).reshape(-1, 4)))
    return _found(clips, root, "YouTube-BB")


def read_labelled(root: Path) -> list[Clip]:
    """Read photographs NAME.jpg beside NAME.txt in YOLO's form; a clip an object.

    A line is ``class cx cy w h`` or ``class x1 y1 x2 y2 x3 y3 ...`` (a polygon), relative to the image.
    """
    clips = []
    files = files_below(root, IMAGE_SUFFIXES)
    labelled = (path for path in files if path.with_suffix(".txt").is_file())
    for path, image in each_image(labelled, root):
        height, width = image.shape[:2]
        label = path.with_suffix(".txt")
        lines = read_text(label).splitlines()
        clips += _stills(path.stem, path, [_yolo(x, width, height, label) for x in lines if x.strip()])
    return _found(clips, root, "labelled photographs")


def read_videos(root: Path) -> list[Clip]:
    """Read folders NAME/ with a video or images and groundtruth.txt, as `tracker_ros eval` reads them."""
    clips = [Clip(s.name, pictures_of(s.frames, s.name), xywh_to_boxes(s.truth)) for s in read_folders(root)]
    return _found(clips, root, "videos")


READERS: dict[str, Callable[[Path], list[Clip]]] = {
    "vid": read_vid,
    "det": read_det,
    "coco": read_coco,
    "got10k": read_got10k,
    "lasot": read_lasot,
    "trackingnet": read_trackingnet,
    "youtube_bb": read_youtube_bb,
    "labelled": read_labelled,
    "videos": read_videos,
    "tracks": read_tracks,
    "boxes": read_still_boxes,
}


@contextmanager
def _read_json(path: Path, dataset: str) -> Iterator[Any]:
    """Yield the content of a file of annotations; what the block trips over in it is the file's fault."""
    text = read_text(path)
    try:
        yield json.loads(text)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{dataset}: {path} is no file of its annotations: {error!r}") from error


def _require(root: Path, relative: str, dataset: str) -> Path:
    if not (root / relative).exists():
        raise DataError(f"{dataset}: {relative} is missing under {root}")
    return root / relative


def _found(clips: list[Clip], root: Path, dataset: str) -> list[Clip]:
    usable = [clip for clip in clips if len(clip.usable)]
    if not usable:
        raise DataError(f"{dataset}: no annotated target under {root}")
    return usable


def _objects(annotation: Path) -> Iterable[tuple[str, Boxes]]:
    """Return (track id, box) of every object in a file of ILSVRC or PASCAL VOC."""
    try:
        tree = ElementTree.parse(annotation)
        for element in tree.iter("object"):
            corners = [float(element.findtext(f"bndbox/{name}", "nan")) for name in _CORNERS]
            yield element.findtext("trackid", "0"), _from_corners(corners)
    except (ElementTree.ParseError, ValueError) as error:
        raise DataError(f"{annotation} is not an annotation in XML: {error}") from error


def _from_corners(edge: list[float]) -> Boxes:
    x1, y1, x2, y2 = edge
    return np.array([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1])


def _inside_crop(corners: list[float]) -> Boxes:
    w, h = corners[2] - corners[0], corners[3] - corners[1]
    margin = 0.5 * (w + h)
    zoom = _CROP_EXEMPLAR / np.sqrt((w + margin) * (h + margin)) if w > 0 and h > 0 else np.nan
    return np.array([_CROP_SIDE / 2, _CROP_SIDE / 2, w * zoom, h * zoom])


def _stills(name: str, image: Path, boxes: list[Boxes]) -> list[Clip]:
    return [Clip(f"{name}:{i}", ImageFiles((image,)), np.asarray(b)[None]) for i, b in enumerate(boxes)]


def _yolo(line: str, width: int, height: int, label: Path) -> Boxes:
    try:
        values = np.array([float(value) for value in line.split()[1:]])
        if len(values) == 4:
            return values * [width, height, width, height]
        points = values.reshape(-1, 2) * [width, height]
        return _from_corners([*points.min(0), *points.max(0)])
    except ValueError as error:
        raise DataError(f"{label}: {line[:60]!r} is neither a box nor a polygon") from error


def _there(files: tuple[Path, ...]) -> tuple[Path, ...]:
    return tuple(path for path in files if path.is_file())


def _clip(listed: Listed) -> Clip:
    """Return a clip of numbered images; frames that a flag file marks with 1 count as unseen."""
    name, images, truth, flags = listed
    boxes = xywh_to_boxes(read_boxes(truth))
    paths = list_images(images)
    if len(paths) < len(boxes):
        raise DataError(f"{name}: {len(boxes)} boxes in {truth} but {len(paths)} images in {images}")
    for flag in flags:
        absent = read_flags(flag)
        if len(absent) != len(boxes):
            raise DataError(f"{name}: {len(boxes)} boxes in {truth} but {len(absent)} flags in {flag}")
        boxes[absent] = np.nan
    return Clip(name, ImageFiles(paths[: len(boxes)]), boxes)
