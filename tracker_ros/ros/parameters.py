# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""ROS parameters from settings dataclasses: one description of a setting serves YAML, ROS and errors."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import (
    InvalidParameterException,
    InvalidParameterTypeException,
    InvalidParameterValueException,
    NameValidationException,
)
from rclpy.expand_topic_name import expand_topic_name
from rclpy.node import Node
from rclpy.validate_full_topic_name import validate_full_topic_name

INVALID = (InvalidParameterException, InvalidParameterTypeException, InvalidParameterValueException)

_CHOICES = "one of "


class ParameterError(ValueError):
    """A ROS parameter that is unknown, of the wrong type or out of range. The message names it."""


def declare(
    node: Node,
    name: str,
    default: Any,
    text: str,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    read_only: bool = False,
) -> None:
    """Declare a parameter with its description and, for numbers, its range.

    A read-only one keeps the value that the node was started with.

    Raises:
        ParameterError: when the value that was given to the node is of another type or out of range.
    """
    descriptor = ParameterDescriptor(description=text, read_only=read_only)
    if choices:
        descriptor.additional_constraints = _CHOICES + ", ".join(choices)
    if low is not None or high is not None:
        if isinstance(default, float):
            lowest, highest = -sys.float_info.max, sys.float_info.max
            descriptor.floating_point_range = [
                FloatingPointRange(
                    from_value=float(lowest if low is None else low),
                    to_value=float(highest if high is None else high),
                )
            ]
        else:
            descriptor.integer_range = [
                IntegerRange(
                    from_value=int(-(2**63) if low is None else low),
                    to_value=int(2**63 - 1 if high is None else high),
                )
            ]
    try:
        value = node.declare_parameter(name, default, descriptor).value
    except INVALID as error:
        raise ParameterError(f"parameter '{name}': {error}") from error
    require_choice(name, value, choices)


def require_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raise `ParameterError` when there are choices and the value is none of them."""
    if choices and value not in choices:
        raise ParameterError(f"parameter '{name}' must be one of {', '.join(choices)}, got '{value}'")


def resolved_name(node: Node, parameter: str, name: str) -> str:
    """Return the full name of a node or topic that a parameter names, remapped and in its namespace.

    Raises:
        ParameterError: when nothing can have this name.
    """
    try:
        validate_full_topic_name(expand_topic_name(name, node.get_name(), node.get_namespace()))
    except (ValueError, NameValidationException) as error:
        # rcl adds the place in its source, rclpy a picture of two more lines.
        reason = str(error).partition("\n")[0].partition(", at ")[0].rstrip(":")
        raise ParameterError(f"parameter '{parameter}': '{name}' can be no name in ROS: {reason}") from error
    return node.resolve_topic_name(name)


def choices_of(node: Node, name: str) -> tuple[str, ...]:
    """Return the choices with which a parameter was declared."""
    text = node.describe_parameter(name).additional_constraints
    return tuple(text.removeprefix(_CHOICES).split(", ")) if text.startswith(_CHOICES) else ()


def declare_settings(node: Node, prefix: str, settings: type, values: dict[str, Any]) -> None:
    """Declare ``prefix.key`` for each field of a settings dataclass, with defaults from `values`.

    Raises:
        ParameterError: when the node was given a key that does not exist, or a wrong value.
    """
    fields = dataclasses.fields(settings)
    known = {field.name for field in fields}
    for name in given_parameters(node):
        if name.startswith(prefix + ".") and name.removeprefix(prefix + ".") not in known:
            raise ParameterError(
                f"unknown parameter '{name}'; known: " + ", ".join(f"{prefix}.{key}" for key in sorted(known))
            )
    for field in fields:
        meta = field.metadata
        declare(
            node,
            f"{prefix}.{field.name}",
            values.get(field.name, field.default),
            meta.get("text", ""),
            meta.get("low"),
            meta.get("high"),
            meta.get("choices", ()),
        )


def read_settings(node: Node, prefix: str, settings: type) -> dict[str, Any]:
    """Return the values of the parameters that `declare_settings` declared."""
    return {f.name: node.get_parameter(f"{prefix}.{f.name}").value for f in dataclasses.fields(settings)}


def given_parameters(node: Node) -> list[str]:
    """Return the names of the parameters that the command line and parameter files give to a node.

    rclpy keeps them in an attribute without a public name, the same in every distribution so far.
    """
    return list(getattr(node, "_parameter_overrides", {}))


def undeclare(node: Node, prefix: str) -> None:
    """Undeclare every parameter ``prefix.key``."""
    for key in node.get_parameters_by_prefix(prefix):
        node.undeclare_parameter(f"{prefix}.{key}")
