# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The tracker node's parameters: what they mean, their ranges, and what they are together."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from rclpy.parameter import Parameter

from tracker_ros.config_files import DEFAULT_PRESET
from tracker_ros.nodes.tracker.location import LocationSettings
from tracker_ros.ros.parameters import (
    declare,
    declare_settings,
    given_parameters,
    read_settings,
    require_choice,
    undeclare,
)
from tracker_ros.ros.qos import RELIABILITIES
from tracker_ros.ros.targets import MOST_TARGETS
from tracker_ros.session import SessionSettings
from tracker_ros.session.detections import DetectionSettings
from tracker_ros.trackers import SettingsError, read_preset, tracker_class

CHOICES = {"image_transport": ("raw", "compressed"), "image_reliability": tuple(RELIABILITIES)}


@dataclass(frozen=True)
class TrackerParameters:
    """The values that hold from one configuration to the next."""

    tracker: str
    weights: str
    model: str
    model_folders: tuple[str, ...]
    device: str
    threads: int
    torchscript: bool
    image_transport: str
    image_reliability: str
    buffer_frames: int
    max_targets: int
    location: LocationSettings
    detections: DetectionSettings
    settings: dict[str, Any]


class Parameters:
    """Declares the node's parameters; `read` gives their present values.

    Raises:
        ParameterError: when the node was given one that is unknown, of another type or out of range.
    """

    def __init__(self, node: Node):
        self._node = node
        self._preset = ""
        declare(
            node,
            "tracker",
            DEFAULT_PRESET,
            "preset: a name in config/trackers, or the path of such a YAML file",
        )
        declare(node, "weights", "", "in place of the preset's: a manifest name, a file or random:SEED")
        # An archive is code: who can set parameters in flight must not choose what code is loaded.
        declare(
            node,
            "model",
            "",
            "archive of `tracker_ros export`, in place of tracker, weights, settings",
            read_only=True,
        )
        # An empty list would have no type in rclpy.
        declare(node, "model_folders", [""], "folders that archives may lie in; '' is none", read_only=True)
        declare(node, "device", "auto", "torch device, such as cpu or cuda:0; auto: cuda where there is one")
        declare(node, "threads", 1, "CPU threads of one inference", 1, 256)
        declare(node, "torchscript", True, "compile the tracker when configuring")
        declare(
            node,
            "image_transport",
            "raw",
            "raw: <image>; compressed: <image>/compressed",
            choices=CHOICES["image_transport"],
        )
        declare(
            node,
            "image_reliability",
            "best_effort",
            "of the subscription to images",
            choices=CHOICES["image_reliability"],
        )
        declare(node, "buffer_frames", 15, "images kept for selections in an earlier one", 1, 300)
        declare(
            node, "max_targets", 1, "targets at the same time; each takes the time of one", 1, MOST_TARGETS
        )
        declare(node, "autostart", False, "configure and activate without a lifecycle manager")
        declare_settings(node, "session", SessionSettings, {})
        declare_settings(node, "location", LocationSettings, {})
        declare_settings(node, "detections", DetectionSettings, {})
        self._brought: dict[str, Any] = {}

    def read(self) -> TrackerParameters:
        """Read the present values.

        Declares ``settings.*`` of the chosen preset's tracker; an archive has none.

        Raises:
            SettingsError: when the preset is unknown or cannot be read.
            ParameterError: for a value that is none of the choices, or a bad setting.
        """
        values = {
            name: self._node.get_parameter(name).value
            for name in (
                "tracker",
                "weights",
                "model",
                "device",
                "threads",
                "torchscript",
                "image_transport",
                "image_reliability",
                "buffer_frames",
                "max_targets",
            )
        }
        for name, choices in CHOICES.items():
            require_choice(name, values[name], choices)
        folders = tuple(filter(None, self._node.get_parameter("model_folders").value))
        return TrackerParameters(
            **values,
            model_folders=folders,
            detections=DetectionSettings(**read_settings(self._node, "detections", DetectionSettings)),
            location=LocationSettings(**read_settings(self._node, "location", LocationSettings)),
            settings={} if values["model"] else self._settings(values["tracker"]),
        )

    def session(self, preset: Mapping[str, Any]) -> dict[str, Any]:
        """Return the session's settings: the preset's, but those that the node was given.

        From then on the parameters show what holds.
        """
        given, defaults = given_parameters(self._node), dataclasses.asdict(SessionSettings())
        found = read_settings(self._node, "session", SessionSettings)
        for key, value in found.items():
            untouched = (defaults[key], self._brought.get(key, defaults[key]))
            if f"session.{key}" not in given and value in untouched:
                found[key] = preset.get(key, defaults[key])
        self._brought = dict(preset)
        self._node.set_parameters([Parameter(f"session.{key}", value=value) for key, value in found.items()])
        return found

    def _settings(self, name: str) -> dict[str, Any]:
        """Return the present settings of the tracker that a preset describes."""
        preset = read_preset(name)
        try:
            kind = tracker_class(preset.tracker).Settings
        except SettingsError as error:
            raise SettingsError(f"preset '{preset.name}': {error}") from error
        if self._preset != name:
            self._preset = ""
            undeclare(self._node, "settings")
            declare_settings(self._node, "settings", kind, preset.settings)
            self._preset = name
        return read_settings(self._node, "settings", kind)
