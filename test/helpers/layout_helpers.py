# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What the layouts for viewers name: topics with their types, fields and services."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

CONFIG = Path(__file__).resolve().parents[2] / "config"
STATE = "tracker_ros/msg/TrackState"


def rviz_topics() -> dict[str, str]:
    """Topics of the RViz configuration with their types."""
    content = yaml.safe_load((CONFIG / "rviz" / "tracker.rviz").read_text())
    displays = content["Visualization Manager"]["Displays"]
    assert {display["Class"] for display in displays} == {"rviz_default_plugins/Image"}
    return {display["Topic"]["Value"]: "sensor_msgs/msg/Image" for display in displays}


def foxglove() -> tuple[dict[str, Any], Any]:
    """Panels of Foxglove's layout by their names, and the tree that places them."""
    content = json.loads((CONFIG / "foxglove" / "tracker.json").read_text())
    return content["configById"], content["layout"]


def foxglove_topics() -> dict[str, str]:
    """Topics of Foxglove's layout with the types that its panels can show."""
    topics = {}
    for name, panel in foxglove()[0].items():
        kind = name.split("!")[0]
        if kind == "Image":
            mode = panel["imageMode"]
            topics[mode["imageTopic"]] = "sensor_msgs/msg/Image"
            if "calibrationTopic" in mode:
                topics[mode["calibrationTopic"]] = "sensor_msgs/msg/CameraInfo"
            topics |= dict.fromkeys(mode.get("annotations", {}), "foxglove_msgs/msg/ImageAnnotations")
        elif kind in ("Plot", "StateTransitions"):
            topics |= {path["value"].split(".")[0]: STATE for path in panel["paths"]}
        elif kind == "DiagnosticSummary":
            topics[panel["topicToRender"]] = "diagnostic_msgs/msg/DiagnosticArray"
        else:
            assert kind == "CallService", name
    return topics


def foxglove_fields() -> set[str]:
    """Fields of `STATE` that Foxglove's layout plots."""
    return {
        path["value"].split(".")[1] for panel in foxglove()[0].values() for path in panel.get("paths", [])
    }


def foxglove_services() -> set[str]:
    """Services behind the buttons of Foxglove's layout; each is a std_srvs/srv/Trigger."""
    return {panel["serviceName"] for panel in foxglove()[0].values() if "serviceName" in panel}
