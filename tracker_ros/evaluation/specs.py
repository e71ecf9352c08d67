# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Build a tracker's driver from its name on the command line, in whichever process needs one."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import torch

from tracker_ros.evaluation.drivers import Driver, OpenCVDriver, TorchDriver
from tracker_ros.evaluation.nanotrack import NANOTRACK_FILES, NanoTrackV3Driver, find_files, opencv_factory
from tracker_ros.evaluation.session_driver import SessionDriver
from tracker_ros.session import SessionSettings
from tracker_ros.trackers.base import SettingsError, Tracker, make_settings
from tracker_ros.weights.loader import parameters_sha256

_PACKAGE = Path(__file__).resolve().parents[1]
# A build of OpenCV may lack some: a Jetson's own, and Debian's without contrib.
_OPENCV = {"kcf": "TrackerKCF_create", "csrt": "TrackerCSRT_create", "mil": "TrackerMIL_create"}
OPENCV_NAMES = (*_OPENCV, *NANOTRACK_FILES)
ALL = "all"
"""OpenCV's trackers and every preset whose weights are here, among the names on a command line."""
SESSION_SUFFIX = "+session"


def missing(name: str) -> str:
    """Explain why this machine's OpenCV cannot run tracker `name`; '' if it can, or for another's."""
    maker = "TrackerNano_create" if name == "nanotrack" else _OPENCV.get(name, "")
    if not maker or hasattr(cv2, maker):
        return ""
    return f"OpenCV {cv2.__version__} of this machine has no tracker '{name}': opencv-contrib-python has it"


@dataclasses.dataclass(frozen=True)
class TrackerSpec:
    """The tracker to run; small enough to send to another process or machine.

    Attributes:
        name: a preset of this package, or one of OpenCV's `OPENCV_NAMES`.
        overrides: settings that differ from the preset's.
        weights: a weights file in place of the preset's; for NanoTrack the folders with its files.
        device: a torch device, or several separated by commas among which the runner deals sequences.
        scripted: compile to TorchScript before running.
        session: settings of the session that the tracker runs in; None for the tracker alone.
        fps: frames a second, the session's time.
    """

    name: str
    overrides: tuple[tuple[str, Any], ...] = ()
    weights: str | None = None
    device: str = "cpu"
    scripted: bool = False
    session: tuple[tuple[str, Any], ...] | None = None
    fps: float = 30.0

    @property
    def label(self) -> str:
        """The name that folders, tables and plots show."""
        name = Path(self.name).stem if self.name.endswith((".yaml", ".yml")) else self.name
        return name if self.session is None else f"{name}{SESSION_SUFFIX}"

    def driver(self) -> Driver:
        """Return the running tracker."""
        if self.name in OPENCV_NAMES:
            return self._peer()
        device = self.device.split(",")[0]
        if self.session is not None:
            return SessionDriver(self._tracker(), dict(self.session), self.fps, device, self.scripted)
        return TorchDriver(self._tracker(), device, self.scripted)

    def _peer_files(self) -> tuple[Path, ...]:
        """Check that a peer can run; return the files of its networks, if it has any."""
        if self.overrides:
            given = ", ".join(key for key, _ in self.overrides)
            raise SettingsError(f"{self.name} takes no settings, got {given}")
        if problem := missing(self.name):
            raise SettingsError(problem)
        return find_files(self.name, self.weights) if self.name in NANOTRACK_FILES else ()

    def _peer(self) -> Driver:
        files = self._peer_files()
        if not files:
            return OpenCVDriver(getattr(cv2, _OPENCV[self.name]))
        return OpenCVDriver(opencv_factory(*files)) if self.name == "nanotrack" else NanoTrackV3Driver(*files)

    def _tracker(self) -> Tracker:
        from tracker_ros.trackers import load

        return load(self.name, dict(self.overrides), weights=self.weights, device=self.device.split(",")[0])

    def digest(self) -> dict[str, str]:
        """Hash everything that decides the results, for the manifest: settings, weights and code."""
        # Not the device: a folder may be filled by several, and they differ in rounding only.
        settings = json.dumps([self.name, sorted(self.overrides), self.scripted])
        if self.name in OPENCV_NAMES:
            weights = b"".join(path.read_bytes() for path in self._peer_files())
            return {"settings": _hash(settings.encode()), "weights": _hash(weights), "code": cv2.__version__}
        from tracker_ros.trackers import resolve

        # All settings, so that an edited preset file is not taken for the one that made the results.
        preset = resolve(self.name, dict(self.overrides))
        settings += repr(sorted(preset.settings.items()))
        if self.session is not None:
            session = make_settings(SessionSettings, {**preset.session, **dict(self.session)}, "session")
            settings += f"{session} at {self.fps} Hz"
        return {
            "settings": _hash(settings.encode()),
            "weights": parameters_sha256(self._tracker())[:16],
            "code": _code_hash(self.session is not None),
            "torch": torch.__version__,
        }


def distinct(specs: Iterable[TrackerSpec]) -> list[TrackerSpec]:
    """Return each tracker once.

    Raises:
        SettingsError: for two different ones of one label, which folders and tables could not tell apart.
    """
    by_label: dict[str, TrackerSpec] = {}
    for spec in specs:
        first = by_label.setdefault(spec.label, spec)
        if first != spec:
            raise SettingsError(
                f"{first.name} and {spec.name} would both be called '{spec.label}': give one of the files"
                " another name"
            )
    return list(by_label.values())


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _code_hash(session: bool) -> str:
    folders = ("trackers", "networks", "ops", "weights", *(["session"] if session else []))
    files = sorted(path for folder in folders for path in (_PACKAGE / folder).rglob("*.py"))
    return _hash(b"".join(path.read_bytes() for path in files))
