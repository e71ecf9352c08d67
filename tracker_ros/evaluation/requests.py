# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What a command line asks for and would not get, refused before anything is run."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from tracker_ros.data.sequence import DataError, Sequence

_SCORED = {"--csv": "csv", "--attributes": "attributes", "--results": "results", "--group": "group"}
"""Options that only say something of scores, with their place among the arguments."""


def has_truth(sequence: Sequence) -> bool:
    """Return whether a sequence can be scored: some test sets publish the first box only."""
    return len(sequence.truth) == len(sequence)


def require_scores(args: argparse.Namespace, sequences: list[Sequence]) -> None:
    """Refuse options about scores where no sequence can be scored.

    Raises:
        DataError: naming the option.
    """
    if any(map(has_truth, sequences)):
        if args.attributes and not any(s.attributes for s in sequences):
            raise DataError("--attributes is without effect: none of the chosen sequences has attributes")
        return
    for option, place in _SCORED.items():
        if getattr(args, place):
            raise DataError(f"{option} is without effect: the data set publishes no truth to score with")


def require_scored_groups(
    sequences: list[Sequence], groups: Mapping[str, list[str]], patterns: Mapping[str, str]
) -> None:
    """Refuse a group that cannot have a row.

    Args:
        sequences: what is evaluated.
        groups: names of sequences by group.
        patterns: of the groups, as they were given.

    Raises:
        DataError: naming the group, its pattern and its sequences.
    """
    scored = {s.name for s in sequences if has_truth(s)}
    for group, names in groups.items():
        if scored and scored.isdisjoint(names):
            given = f"{group}={patterns[group]}" if group in patterns else group
            raise DataError(f"group '{given}': no truth is published to score {', '.join(names)} with")
