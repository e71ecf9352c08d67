# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A whole tracker as one file: TorchScript with weights inside, and a manifest beside it.

An archive executes code when it is loaded. So a file is loaded only if its bytes are those that the
manifest names, and only from folders that the caller allows.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from tracker_ros.data.footage import film
from tracker_ros.data.synthetic import AerialScene
from tracker_ros.export.formats import ARCHIVES
from tracker_ros.export.half import with_half_networks
from tracker_ros.export.script import require_script, switched_off
from tracker_ros.files import write_together
from tracker_ros.ops.frames import to_tensor
from tracker_ros.trackers import Tracker
from tracker_ros.weights.loader import WeightsError, parameters_sha256
from tracker_ros.yaml_files import YamlError, require_names, require_types, shown

INPUT = "frame: uint8 [3, H, W] RGB; box: float32 [4] (cx, cy, w, h) in pixels from the image's corner"
CLIP_FRAMES = 20
CLIP_RATE = 30.0


class ArchiveError(ValueError):
    """An archive that must not or cannot be used. The message says why, in one line."""


@dataclass(frozen=True)
class Manifest:
    """The manifest of an archive, NAME.json beside NAME.ts.

    Attributes:
        tracker: the preset's name.
        settings: the tracker's settings, all of them.
        weights_sha256: of the parameters, names and values.
        archive_sha256: of the archive's bytes.
        torch: the version that wrote it.
        format: how the archive is encoded.
        input: what the methods take.
        boxes: [N][4], the boxes (cx, cy, w, h) that it gave for the built-in clip.
        precision: of the networks; the rest computes in float32.
        deviation: pixels by which half precision moved an edge or the centre of those boxes at most.
    """

    tracker: str
    settings: dict[str, Any]
    weights_sha256: str
    archive_sha256: str
    torch: str
    format: str
    input: str
    boxes: list[list[float]]
    precision: str = "float32"
    deviation: float = 0.0


def export(
    tracker: Tracker,
    name: str,
    settings: dict[str, Any],
    path: Path,
    precision: str = "float32",
    format_: str = "torchscript",
) -> Manifest:
    """Write `tracker` to `path` and its manifest beside it; neither is ever half-written.

    Args:
        precision: of the networks: float32, or float16 or bfloat16 (`with_half_networks`).
        format_: a key of `ARCHIVES`.

    Raises:
        SettingsError: when the tracker has no network that could have this precision, or nothing compiles.
        ArchiveError: when the manifest would replace a file that is none.
        tracker_ros.files.WriteError: naming the file that cannot be written.
    """
    require_script(str(path))
    _require_free(manifest_path(path))
    written = tracker if precision == "float32" else with_half_networks(tracker, precision)
    # In memory first: torch ends the process where the disk is full.
    content = ARCHIVES[format_].save(written)
    boxes = clip_boxes(ARCHIVES[format_].load(content, "cpu"))
    deviation = 0.0 if written is tracker else _deviation(boxes, clip_boxes(tracker))
    manifest = Manifest(
        tracker=name,
        settings=settings,
        weights_sha256=parameters_sha256(tracker),
        archive_sha256=hashlib.sha256(content).hexdigest(),
        torch=torch.__version__,
        format=format_,
        input=INPUT,
        boxes=boxes,
        precision=precision,
        deviation=deviation,
    )
    text = json.dumps(asdict(manifest), indent=1) + "\n"
    write_together({path: content, manifest_path(path): text})
    return manifest


def _require_free(path: Path) -> None:
    """Make sure that a manifest may be written to `path`: nobody named it, and it may be another's file.

    Any version's manifest may be replaced, also one that this version does not read.
    """
    if not path.is_file():
        return
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or "archive_sha256" not in content:
        raise ArchiveError(f"{path} is there and is no manifest of an archive: give --out another name")


def _deviation(boxes: list[list[float]], others: list[list[float]]) -> float:
    return max(abs(a - b) for pair in zip(boxes, others, strict=True) for a, b in zip(*pair, strict=True))


def manifest_path(path: Path) -> Path:
    """Return the path of an archive's manifest."""
    return path.with_suffix(".json")


def load_archive(path: Path, folders: Iterable[Path], device: str = "cpu") -> Any:
    """Return the tracker in an archive, frozen for `device`, with the methods of a `Tracker`.

    Args:
        path: the archive.
        folders: where archives may lie, directly or deeper.
        device: torch device.

    Raises:
        ArchiveError: for a file outside the folders, without a manifest, with other bytes than its
            manifest says, one that torch cannot load, or whose parameters are not finite; and for any
            while TorchScript is switched off.
    """
    real = path.resolve()
    allowed = [folder.resolve() for folder in folders]
    if not any(real.is_relative_to(folder) for folder in allowed):
        named = ", ".join(map(str, allowed)) or "none"
        raise ArchiveError(f"{path} is outside the allowed folders ({named})")
    manifest = read_manifest(real)
    # What is hashed is what is loaded: the file may be exchanged between two readings.
    content = real.read_bytes()
    if hashlib.sha256(content).hexdigest() != manifest.archive_sha256:
        raise ArchiveError(f"{path} is not what {manifest_path(path).name} describes: sha256 differs")
    if switched_off():
        raise ArchiveError(f"{path} cannot be loaded: PYTORCH_JIT=0 switches TorchScript off, unset it")
    if manifest.format not in ARCHIVES:
        raise ArchiveError(f"{path} has the format '{manifest.format}'; known: {', '.join(ARCHIVES)}")
    try:
        return ARCHIVES[manifest.format].load(content, device)
    except WeightsError as error:
        raise ArchiveError(f"{path}: {error}") from error
    except (RuntimeError, AttributeError) as error:  # AttributeError: a module without a tracker's methods
        why = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ArchiveError(f"{path} cannot be loaded: {why}") from error


def read_manifest(path: Path) -> Manifest:
    """Return the manifest of the archive at `path`.

    Raises:
        ArchiveError: when archive or manifest is missing, or the manifest is not one.
    """
    if not path.is_file():
        raise ArchiveError(f"archive {path} does not exist")
    try:
        content = require_names(json.loads(manifest_path(path).read_bytes()), "it")
        require_types(Manifest, content)
        manifest = Manifest(**content)
        if not _are_boxes(manifest.boxes):
            raise YamlError(f"boxes must be lists of four finite numbers, got {shown(manifest.boxes)}")
    except RecursionError as error:
        raise ArchiveError(f"{manifest_path(path)} is no manifest: it is nested too deeply") from error
    except (OSError, ValueError, TypeError) as error:
        raise ArchiveError(f"{manifest_path(path)} is no manifest of an archive: {error}") from error
    return manifest


def _are_boxes(boxes: list[Any]) -> bool:
    return all(
        isinstance(box, list)
        and len(box) == 4
        and all(type(value) in (int, float) and math.isfinite(value) for value in box)
        for box in boxes
    )


def clip_boxes(tracker: Any) -> list[list[float]]:
    """Return the boxes (cx, cy, w, h) of a tracker on the built-in clip, its first frame left out."""
    shots = list(itertools.islice(film(AerialScene(), CLIP_RATE), CLIP_FRAMES))
    frames = [to_tensor(shot.image).contiguous() for shot in shots]
    assert shots[0].box is not None
    boxes = []
    with torch.inference_mode():
        state = tracker.initialize(frames[0], shots[0].box.to_tensor())
        for frame in frames[1:]:
            estimate = tracker.localize(frame, state)
            state = tracker.update(frame, state, estimate)
            boxes.append(estimate.box.tolist())
    return boxes
