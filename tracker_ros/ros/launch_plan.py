# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Plan the nodes of each camera and their parameters, without the `launch` package."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from tracker_ros.config_files import config_file, named_in
from tracker_ros.yaml_files import YamlError, parse_yaml

IMAGE = "image"
"""Topic of the images where none is named: what nodes that are started by hand use."""
DEPTH = "depth"
"""The same of depth images."""
FIRST_COMPONENT = 100
"""MAV_COMP_ID_CAMERA; further cameras have the numbers after it."""
NODE_NAMES = ("tracker", "tracker_diagnostics", "sim_camera", "mavlink", "gimbal")
"""Names of the nodes that a camera may get."""
_NAMESPACE = re.compile(r"/?[A-Za-z_]\w*(/[A-Za-z_]\w*)*", re.ASCII)


class CamerasError(ValueError):
    """A list of cameras that cannot be used. The message names the file and what is wrong in it."""


@dataclass(frozen=True)
class Camera:
    """One camera and its tracker.

    Attributes:
        namespace: of its nodes.
        image: topic of its images; in the namespace unless it begins with a slash.
        depth: topic of the depth images that belong to them, for ``location.depth``.
        tracker: preset, or path of one; empty for the parameter file's.
        parameters: by the name of a node, one of `NODE_NAMES`: names and values that win over all others.
    """

    namespace: str = ""
    image: str = IMAGE
    depth: str = DEPTH
    tracker: str = ""
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def info(self) -> str:
        """Topic of its calibration: a driver publishes camera_info beside its images."""
        return "/".join([*self.image.split("/")[:-1], "camera_info"])

    @property
    def image_topic(self) -> str:
        """The full name of its images' topic."""
        return self.full(self.image)

    @property
    def depth_topic(self) -> str:
        """The full name of its depth images' topic."""
        return self.full(self.depth)

    @property
    def info_topic(self) -> str:
        """The full name of its calibration's topic."""
        return self.full(self.info)

    def full(self, name: str) -> str:
        """Return the full name of a topic or node in its namespace."""
        inside = "" if name.startswith("/") else f"/{self.namespace.strip('/')}/"
        return f"{inside}{name}".replace("//", "/")


class NodeDescription(NamedTuple):
    """A node to start. `defaults` names a file of the configuration folder that is read first."""

    executable: str
    name: str
    namespace: str
    parameters: dict[str, Any]
    remappings: list[tuple[str, str]]
    defaults: str = ""
    is_lifecycle: bool = False


class LaunchOptions(NamedTuple):
    """Options for all cameras. Empty texts leave the parameter files' values alone."""

    use_sim_time: bool = False
    autostart: bool = True
    device: str = ""
    tracker: str = ""
    simulate: bool = False
    mavlink: str = ""
    gimbal: bool = False


def choose_cameras(listed: str, namespace: str, image: str, depth: str = DEPTH) -> list[Camera]:
    """Return the cameras that the launch arguments name: those of a list, or the one with these images.

    Args:
        listed: YAML file of the user's, or else one of that name in the package's configuration; '' for none.
        namespace: of the nodes.
        image: topic of the images where no list is given.
        depth: topic of the depth images, likewise.

    Raises:
        CamerasError: as `read_cameras` does.
    """
    if not listed:
        return [Camera(namespace, image, depth)]
    return read_cameras(Path(listed) if Path(listed).is_file() else config_file(listed), namespace)


def read_cameras(path: Path, namespace: str = "") -> list[Camera]:
    """Return the cameras that a YAML file lists under ``cameras``, all inside `namespace`.

    Raises:
        CamerasError: for a file that is no such list.
    """
    try:
        content = parse_yaml(path.read_bytes())
    except (OSError, YamlError) as error:
        raise CamerasError(f"{path}: {error}") from error
    entries = content.get("cameras") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise CamerasError(f"{path}: there is no list 'cameras' in it")
    cameras = [
        _camera(entry, f"{path}: camera {number}", namespace) for number, entry in enumerate(entries, start=1)
    ]
    cameras = [replace(camera, tracker=named_in(path.parent, camera.tracker)) for camera in cameras]
    names = [camera.namespace for camera in cameras]
    for name in names:
        if names.count(name) > 1:
            raise CamerasError(f"{path}: two cameras have the namespace '{name}'")
    return cameras


def _camera(entry: Any, where: str, namespace: str) -> Camera:
    known = [item.name for item in fields(Camera)]
    if not isinstance(entry, dict):
        raise CamerasError(f"{where} is no mapping of {', '.join(known)}")
    for key in entry:
        if key not in known:
            raise CamerasError(f"{where} has an unknown key '{key}'; known: {', '.join(known)}")
    for key in ("namespace", "image", "depth", "tracker"):
        if not isinstance(entry.get(key, ""), str):
            raise CamerasError(f"{where}: {key} is {entry[key]!r}, not a text")
    own = entry.get("namespace", "")
    if not _NAMESPACE.fullmatch(own):
        raise CamerasError(
            f"{where}: namespace '{own}' must be letters, digits and _, and not begin with a digit"
            if own
            else f"{where}: namespace is missing"
        )
    parameters = entry.get("parameters", {})
    if not isinstance(parameters, dict) or not all(isinstance(of, dict) for of in parameters.values()):
        raise CamerasError(f"{where}: parameters is no mapping of node names to names and values")
    for name in parameters:
        if name not in NODE_NAMES:
            raise CamerasError(f"{where}: there is no node '{name}'; there are: {', '.join(NODE_NAMES)}")
    inside = own if own.startswith("/") or not namespace else f"{namespace.rstrip('/')}/{own}"
    return Camera(**{**entry, "namespace": inside, "parameters": parameters})


def nodes_of(camera: Camera, options: LaunchOptions, number: int = 0) -> list[NodeDescription]:
    """Return the nodes of one camera; `number` counts cameras from 0."""
    remappings = [("image", camera.image), ("camera_info", camera.info), ("depth", camera.depth)]
    time: dict[str, Any] = {"use_sim_time": options.use_sim_time}
    device = {"device": options.device} if options.device else {}
    preset = camera.tracker or options.tracker
    tracker = {"autostart": options.autostart, **({"tracker": preset} if preset else {})}

    def node(
        executable: str, name: str, parameters: dict[str, Any], defaults: str = "", is_lifecycle: bool = False
    ) -> NodeDescription:
        own = camera.parameters.get(name, {})
        return NodeDescription(
            executable,
            name,
            camera.namespace,
            {**time, **parameters, **own},
            remappings,
            defaults,
            is_lifecycle,
        )

    nodes = [
        node("tracker_node", "tracker", {**device, **tracker}, is_lifecycle=True),
        node("diagnostics_node", "tracker_diagnostics", device),
    ]
    if options.simulate:
        turned = ({"source": "chase"}, "gimbal.yaml") if options.gimbal else ({}, "")
        nodes.append(node("sim_camera_node", "sim_camera", *turned))
    if options.mavlink:
        address = {"endpoint": options.mavlink, "component_id": FIRST_COMPONENT + number}
        nodes.append(node("mavlink_node", "mavlink", address, "mavlink.yaml"))
    if options.gimbal:
        nodes.append(
            node("gimbal_node", "gimbal", {"autostart": options.autostart}, "gimbal.yaml", is_lifecycle=True)
        )
    return nodes
