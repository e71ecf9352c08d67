# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The contract of a tracker, its settings and the registry.

A tracker is a pure function of (frame, state): no attribute changes between frames. One module can
therefore serve many targets, a run can be repeated, and a session can veto an update or restore an
earlier state. The methods are exported into one TorchScript archive.
"""

from __future__ import annotations

import dataclasses
import logging
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from tracker_ros.trackers.renamed import RENAMED
from tracker_ros.yaml_files import shown

_log = logging.getLogger(__name__)
ENTRY_POINT_GROUP = "tracker_ros.trackers"


class Estimate(NamedTuple):
    """The result of `Tracker.localize` in one frame.

    Attributes:
        box: [4] float32, (cx, cy, w, h) in image pixels.
        score: [] float32 in [0, 1], comparable between frames of one target.
        response: [h, w] float32, the response map over the search region.
        window: [4] float32, (cx, cy, w, h) of the region that the outer edges of `response` cover.
        aux: what `update` needs from `localize`; and, under names that begin with ``weights``, [n]
            tensors worth showing beside the response (channel weights).
    """

    box: Tensor
    score: Tensor
    response: Tensor
    window: Tensor
    aux: dict[str, Tensor]


class Tracker(nn.Module):
    """Base of every tracker. Subclasses write its methods with `@torch.jit.export`, `missed` if need be.

    `frame` is uint8 [3, H, W] RGB on the tracker's device; crop it before making it float.
    `box` is float32 [4] (cx, cy, w, h) in image pixels. A state is a flat dict of tensors that the
    tracker alone interprets, save the key ``box``: float32 [4], the last known target box, which a
    session may overwrite to move the search.
    """

    Settings: ClassVar[type]
    session_settings: Mapping[str, Any] = MappingProxyType({})
    """The preset's settings for the session around the tracker; no part of what is compiled."""
    __jit_ignored_attributes__: ClassVar[list[str]] = ["session_settings"]

    def initialize(self, frame: Tensor, box: Tensor) -> dict[str, Tensor]:
        """Learn the target at `box` in `frame`; return the first state."""
        raise TypeError(f"{type(self).__name__} does not define initialize()")

    def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
        """Return the target's estimate in `frame`, given the state after the frame before."""
        raise TypeError(f"{type(self).__name__} does not define localize()")

    def update(self, frame: Tensor, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
        """Return the next state: moves to `estimate.box` and, where the method learns online, learns."""
        raise TypeError(f"{type(self).__name__} does not define update()")

    @torch.jit.export
    def missed(self, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
        """Return the next state where `estimate` is not believed to be the target: by default the same.

        The box is the session's to move. A method that learns from what it remembers when it fails does so
        here; it must not learn from the frame.
        """
        return state


class SettingsError(ValueError):
    """A setting that is unknown, of the wrong type or out of range. The message names the key."""


def setting(
    default: Any,
    text: str,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Return a dataclass field with its documentation and the range or the choices that it must respect."""
    return dataclasses.field(
        default=default, metadata={"text": text, "low": low, "high": high, "choices": choices}
    )


def make_settings(cls: type, values: Mapping[str, Any], owner: str) -> Any:
    """Fill the frozen settings dataclass `cls` from `values`, checking names, types and ranges.

    Raises:
        SettingsError: naming the owner, the key, the value and what was expected.
    """
    fields = {f.name: f for f in dataclasses.fields(cls)}
    checked = {}
    for key, value in values.items():
        if key in RENAMED.get(owner, {}) and key not in fields:
            raise SettingsError(f"{owner}: the setting '{key}' is called '{RENAMED[owner][key]}' now")
        if key not in fields:
            raise SettingsError(f"{owner}: unknown setting '{key}'; known: {', '.join(sorted(fields))}")
        checked[key] = _checked(owner, fields[key], value)
    return cls(**checked)


def _checked(owner: str, field: dataclasses.Field[Any], value: Any) -> Any:
    kind, meta = type(field.default), field.metadata
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        raise SettingsError(f"{owner}: '{field.name}' must be a {kind.__name__}, got {shown(value)}")
    low, high, choices = meta.get("low"), meta.get("high"), meta.get("choices")
    # Written so that NaN, which compares false with everything, is refused too.
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        bounds = f"[{'-inf' if low is None else low}, {'inf' if high is None else high}]"
        raise SettingsError(f"{owner}: '{field.name}' must be in {bounds}, got {value!r}")
    if choices and value not in choices:
        raise SettingsError(
            f"{owner}: '{field.name}' must be one of {', '.join(choices)}, got {shown(value)}"
        )
    return value


T = TypeVar("T", bound=type[Tracker])
_REGISTRY: dict[str, type[Tracker]] = {}
_LEFT_OUT: dict[str, str] = {}
"""By the name of a module that could not be imported: why."""


def register(name: str, settings: type) -> Callable[[T], T]:
    """Decorate a class: register the tracker as `name` with its frozen settings dataclass."""

    def decorate(cls: T) -> T:
        if name in _REGISTRY:
            raise ValueError(f"tracker '{name}' is registered twice: {_REGISTRY[name]} and {cls}")
        cls.Settings = settings
        _REGISTRY[name] = cls
        return cls

    return decorate


def registered() -> dict[str, type[Tracker]]:
    """Return every known tracker class by name, those of outside packages included.

    An outside package adds its trackers through the entry-point group ``tracker_ros.trackers``, whose
    values name modules that use `register`. One that cannot be imported is left out, and `without` says why.
    """
    for point in entry_points(group=ENTRY_POINT_GROUP):
        import_trackers(point.value, point.load)
    return dict(_REGISTRY)


def import_trackers(name: str, load: Callable[[], object]) -> None:
    """Call `load`, which imports the module `name`; what it raises costs only the trackers of that module.

    The reason is told once, as a warning, and kept for `without`.
    """
    if name in _LEFT_OUT:
        return
    try:
        load()
    except (Exception, SystemExit) as error:
        # Python forgets a module that failed, but not those that it had imported before.
        for key in [key for key, cls in _REGISTRY.items() if cls.__module__ not in sys.modules]:
            del _REGISTRY[key]
        what = (str(error).strip().splitlines() or [""])[0]
        _LEFT_OUT[name] = f"{type(error).__name__}: {what}"
        _log.warning("the trackers of %s are left out: %s", name, _LEFT_OUT[name])


def without() -> str:
    """Explain, for the end of a list of trackers, which modules are left out and why."""
    registered()
    return "".join(f"; left out: {module} ({why})" for module, why in sorted(_LEFT_OUT.items()))


def tracker_class(name: str) -> type[Tracker]:
    """Return the tracker class of this registry name.

    Raises:
        SettingsError: when there is none.
    """
    known = registered()
    if name not in known:
        raise SettingsError(f"unknown tracker '{name}'; known: {', '.join(sorted(known))}{without()}")
    return known[name]


def create(name: str, settings: Mapping[str, Any] | None = None) -> Tracker:
    """Return a tracker by its registry name, with checked settings and freshly initialised parameters.

    Raises:
        SettingsError: when the name or a setting is unknown or invalid.
    """
    cls = tracker_class(name)
    return cls(make_settings(cls.Settings, settings or {}, name)).eval()
