# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Parameters that are set while a node runs: checked, and either used at once or refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.timer import Timer

from tracker_ros.ros.parameters import ParameterError, choices_of, require_choice

AT_START = "is read when the node starts: start it again with the new value"
AT_CONFIGURATION = (
    "is read when the node is configured: deactivate and clean it up before, configure it after"
)
_RCLPYS_OWN = ("use_sim_time", "qos_overrides.", "start_type_description_service")


def retime(timer: Timer, seconds: float) -> None:
    """Set a timer's period from now on: without the reset it would first wait out the old one."""
    timer.timer_period_ns = round(seconds * 1e9)
    timer.reset()


class Group:
    """Parameters ``PREFIX.*`` that are a settings dataclass together.

    Args:
        settings: the dataclass; what it raises of ValueError refuses a change.
        apply: takes the new settings.
        live: names of the fields that take effect at once; all unless given.
    """

    def __init__(self, settings: type, apply: Callable[[Any], None], live: tuple[str, ...] | None = None):
        self.settings, self.apply = settings, apply
        self.names = tuple(field.name for field in fields(settings))
        self.live = self.names if live is None else live


class LiveParameters:
    """Answers every request to set parameters of a node.

    Args:
        node: whose; its parameters are declared by the functions of `ros.parameters`.
        fixed: says why a parameter that is not live cannot be set now; '' while it can.
        reread: parameters that the node reads anew whenever it uses them.
        apply: other parameters that take effect at once, and what takes their new value.
        groups: the same for whole settings, by prefix.
    """

    def __init__(
        self,
        node: Node,
        fixed: Callable[[], str],
        reread: tuple[str, ...] = (),
        apply: Mapping[str, Callable[[Any], None]] | None = None,
        groups: Mapping[str, Group] | None = None,
    ):
        self._node, self._fixed, self._reread = node, fixed, reread
        self._apply, self._groups = apply or {}, groups or {}
        node.add_on_set_parameters_callback(self._on_set)

    def _on_set(self, parameters: list[Any]) -> SetParametersResult:
        changes = {p.name: p.value for p in parameters if self._is_change(p.name, p.value)}
        try:
            for name, value in changes.items():
                require_choice(name, value, choices_of(self._node, name))
                self._require_live(name)
            settings = {prefix: self._changed(prefix, changes) for prefix in self._prefixes(changes)}
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        for prefix, new in settings.items():
            self._groups[prefix].apply(new)
        for name, value in changes.items():
            if name in self._apply:
                self._apply[name](value)
        return SetParametersResult(successful=True)

    def _is_change(self, name: str, value: Any) -> bool:
        """Return whether a value is new: a declaration is not, and a loaded dump repeats everything."""
        if name.startswith(_RCLPYS_OWN) or not self._node.has_parameter(name):
            return False
        return bool(self._node.get_parameter(name).value != value)

    def _require_live(self, name: str) -> None:
        if name in self._reread or name in self._apply:
            return
        prefix, _, field = name.partition(".")
        if prefix in self._groups and field in self._groups[prefix].live:
            return
        if why := self._fixed():
            raise ParameterError(f"parameter '{name}' {why}")

    def _prefixes(self, changes: dict[str, Any]) -> list[str]:
        return [prefix for prefix in self._groups if any(n.startswith(f"{prefix}.") for n in changes)]

    def _changed(self, prefix: str, changes: dict[str, Any]) -> Any:
        names = {field: f"{prefix}.{field}" for field in self._groups[prefix].names}
        values = {
            field: changes[name] if name in changes else self._node.get_parameter(name).value
            for field, name in names.items()
        }
        return self._groups[prefix].settings(**values)
