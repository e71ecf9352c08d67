# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The parts of a paper's table or figure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracker_ros.data.sequence import Sequence

#: Scores that rows may print, as `evaluation.scores` names them, and what papers call them.
METRICS = {"AUC": "success AUC", "P@20": "precision at 20 px", "OSR": "overlap above 0.5"}


@dataclass(frozen=True)
class Row:
    """A tracker of a table.

    Attributes:
        label: its name in the paper.
        paper: the paper's scores by metric, as shares.
        preset: what the paper ran; '' where this package has no such tracker.
        light: a preset with weights of this package in its place; '' for none.
        settings: in place of either preset's.
        light_settings: of the light preset alone.
    """

    label: str
    paper: dict[str, float] = field(default_factory=dict)
    preset: str = ""
    light: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    light_settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """The input of a run.

    Attributes:
        sequences: to evaluate on; empty where an item needs none.
        out: folder for results, pictures and the page.
        light: use `Row.light`.
        starts: passes of temporal robustness (TRE) a sequence; 1 for one pass from the first frame.
        jobs, device: for evaluation.
        weights: files by row or preset.
        words: what an item's own command takes besides, as it would on a command line.
    """

    sequences: list[Sequence]
    out: Path
    light: bool = False
    starts: int = 1
    jobs: int = 1
    device: str = "cpu"
    weights: dict[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """The findings of a run: Markdown for the page, and files of `Request.out` that it shows."""

    text: str
    pictures: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Item:
    """One table or figure.

    Attributes:
        key: of the command line, such as ``table5``.
        title: what it shows.
        data: on what the paper measured; '' where nothing is measured.
        rows: trackers to evaluate; empty for an item with a run of its own.
        metrics: the columns.
        by_attribute: one table an attribute of the sequences too.
        run: for items that are no plain table.
        own: what `run` takes with ``--own``, for the listing.
        missing: what keeps this item from being the paper's, or ''.
    """

    key: str
    title: str
    data: str = ""
    rows: tuple[Row, ...] = ()
    metrics: tuple[str, ...] = ("AUC", "P@20")
    by_attribute: bool = False
    run: Callable[[Item, Request], Finding] | None = None
    own: str = ""
    missing: str = ""
