# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Compute scores from result files: per sequence first, then over the sequences of a group."""

from __future__ import annotations

import dataclasses
import fnmatch
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from tracker_ros.data.absences import SCENE_RATE
from tracker_ros.data.sequence import DataError, Sequence, frame_size
from tracker_ros.evaluation import trust, vot
from tracker_ros.evaluation.absence_protocol import AbsenceProtocol
from tracker_ros.evaluation.metrics import (
    Array,
    Curves,
    got10k_overlaps,
    got10k_scores,
    is_box,
    mean_curves,
    ope_curves,
)
from tracker_ros.evaluation.pace import unpaced
from tracker_ros.evaluation.protocols import EvaluationProtocol, Repeated
from tracker_ros.evaluation.runs import Runs, failed_runs, load_runs, was_tried
from tracker_ros.evaluation.vot_protocols import AnchorBased, ResetBased

S = TypeVar("S")


@dataclasses.dataclass(frozen=True)
class TrackerScores(ABC, Generic[S]):
    """One tracker's scores on every sequence that it finished, and on those that it should have finished.

    Attributes:
        tracker: its label.
        runs: what it answered, by the sequence's name.
        parts: what the scores of a group are made of, by the sequence's name; failure where it has no run
            on a sequence that it is measured on.
    """

    tracker: str
    runs: dict[str, Runs]
    parts: dict[str, S]

    @property
    def unfinished(self) -> list[str]:
        """Names of the sequences that count as failures because it has no run on them."""
        return [name for name in self.parts if name not in self.runs]

    def columns(self, names: list[str]) -> dict[str, float]:
        """Return the published scores over those of the sequences `names` that count for it.

        {} without any.
        """
        chosen = {name: self.parts[name] for name in names if name in self.parts}
        return self.score(chosen) if chosen else {}

    @abstractmethod
    def score(self, parts: dict[str, S]) -> dict[str, float]:
        """Return the scores by column over at least one sequence's parts."""

    def fps(self, names: list[str]) -> float:
        """Return the frames per second over all tracked frames of the sequences `names`.

        nan if times are unknown.
        """
        spent = [run.tracked_seconds for name in names for _, run in self.runs.get(name, [])]
        total = np.concatenate(spent) if spent else np.array([])
        return float(len(total) / total.sum()) if total.size else float("nan")


class CurveScores(TrackerScores[Curves]):
    """Success and precision curves of OPE, TRE and SRE; several runs of a sequence are averaged."""

    def mean(self, names: list[str]) -> Curves | None:
        """Return the mean over those of the sequences `names` that have a score; None without any."""
        chosen = [self.parts[name] for name in names if name in self.parts]
        return mean_curves(chosen) if chosen else None

    def score(self, parts: dict[str, Curves]) -> dict[str, float]:
        """Return the means of the sequences' curves."""
        mean = mean_curves(list(parts.values()))
        return {
            "AUC": mean.auc,
            "P@20": mean.dpr,
            "nP@.2": mean.normalised_precision,
            "nAUC": mean.normalised_auc,
            "OSR": mean.osr,
        }


class GotScores(TrackerScores[Array]):
    """AO and SR of GOT-10k over all frames of all sequences."""

    def score(self, parts: dict[str, Array]) -> dict[str, float]:
        """Return the AO and SR over all frames together."""
        ao, sr50, sr75 = got10k_scores(list(parts.values()))
        return {"AO": ao, "SR.5": sr50, "SR.75": sr75}


class TrustScores(TrackerScores[trust.Trust]):
    """Counts of the absence protocol over runs, returns of the target, or frames."""

    def score(self, parts: dict[str, trust.Trust]) -> dict[str, float]:
        """Sum the counts over all runs."""
        return trust.columns(trust.together(parts.values()))

    def trust(self, names: list[str]) -> trust.Trust | None:
        """Return the counts over those of the sequences `names` that it finished; None without any."""
        chosen = [self.parts[name] for name in names if name in self.parts]
        return trust.together(chosen) if chosen else None


@dataclasses.dataclass(frozen=True)
class ResetScores(TrackerScores[list[vot.ResetRun]]):
    """Accuracy, robustness and EAO of the reset-based VOT challenges."""

    year: int

    def score(self, parts: dict[str, list[vot.ResetRun]]) -> dict[str, float]:
        """Return the accuracy, robustness and EAO."""
        scores = vot.reset_scores(parts, self.year)
        return {"EAO": scores.eao, "A": scores.accuracy, "R": scores.robustness, "failures": scores.failures}

    def vot_scores(self) -> vot.VotScores:
        """Return the scores over all sequences, with the EAO curve."""
        return vot.reset_scores(self.parts, self.year)


@dataclasses.dataclass(frozen=True)
class AnchorScores(TrackerScores[list[vot.AnchorRun]]):
    """Accuracy, robustness and EAO of the anchor-based VOT challenges."""

    year: int
    lengths: dict[str, int]

    def score(self, parts: dict[str, list[vot.AnchorRun]]) -> dict[str, float]:
        """Return the accuracy, robustness and EAO."""
        scores = vot.anchor_scores(parts, self.lengths, self.year)
        return {"EAO": scores.eao, "A": scores.accuracy, "R": scores.robustness}

    def vot_scores(self) -> vot.VotScores:
        """Return the scores over all sequences, with the EAO curve."""
        return vot.anchor_scores(self.parts, self.lengths, self.year)


def score_folder(
    folder: Path,
    sequences: list[Sequence],
    protocol: EvaluationProtocol,
    mode: str = "got10k",
    label: str = "",
    expected: Collection[str] = (),
) -> TrackerScores:
    """Return the scores of the result files in one tracker's folder.

    Sequences that the tracker did not finish count as failures if they are `expected`, else not at all.
    Those without published truth are left out.

    Args:
        folder: of one tracker, in any layout that `read_result` reads.
        sequences: what to score.
        protocol: whose runs the files are.
        mode: what becomes of frames without truth in success and precision, one of `NAN_MODES`.
        label: of the tracker, in place of the folder's name.
        expected: names of sequences that other trackers finished, or that this one crashed on.

    Raises:
        DataError: when there is no result for any of the sequences.
    """
    scored = [s for s in sequences if len(s.truth) == len(s)]
    loaded = {s.name: load_runs(folder, s, protocol) for s in scored}
    answered = {name: found for name, found in loaded.items() if found}
    done = [s for s in scored if s.name in answered or s.name in expected]
    if not done:
        raise DataError(f"{folder} holds no results for any of the {len(scored)} sequences with truth")
    label, inner = label or folder.name, unpaced(protocol)
    runs = {s.name: answered.get(s.name) or failed_runs(s, protocol) for s in done}
    scores = _score(label, runs, done, inner, mode)
    return dataclasses.replace(scores, runs=answered)


def score_folders(
    folders: Mapping[Path, str], sequences: list[Sequence], protocol: EvaluationProtocol, mode: str = "got10k"
) -> list[TrackerScores]:
    """Return the scores of several trackers on the same sequences, by folder and label.

    A sequence that one tracker finished, or crashed on, counts for each of them: a tracker that crashes
    where it is hard must not gain by it.

    Raises:
        DataError: when a folder is missing, or has neither a result nor a crash for any sequence.
    """
    for folder in folders:
        if not folder.is_dir():
            raise DataError(f"there is no folder of results {folder}")
    tried = {s.name for s in sequences for folder in folders if was_tried(folder, s, protocol)}
    return [score_folder(f, sequences, protocol, mode, label, tried) for f, label in folders.items()]


def _score(
    label: str, runs: dict[str, Runs], done: list[Sequence], inner: EvaluationProtocol, mode: str
) -> TrackerScores:
    if isinstance(inner, ResetBased):
        return ResetScores(label, runs, {s.name: reset_runs(s, runs[s.name]) for s in done}, inner.year)
    if isinstance(inner, AnchorBased):
        anchored = {s.name: anchor_runs(s, runs[s.name]) for s in done}
        return AnchorScores(label, runs, anchored, inner.year, {s.name: len(s) for s in done})
    if isinstance(inner, AbsenceProtocol):
        return TrustScores(label, runs, {s.name: judge(s, runs[s.name]) for s in done})
    if isinstance(inner, Repeated):
        return GotScores(label, runs, {s.name: got_overlaps(s, runs[s.name]) for s in done})
    return CurveScores(label, runs, {s.name: sequence_curves(s, runs[s.name], mode) for s in done})


def sequence_curves(sequence: Sequence, runs: Runs, mode: str) -> Curves:
    """Return the mean curves over the runs on one sequence, each against its part of the truth."""
    absent = np.zeros(len(sequence), dtype=bool) if sequence.absent is None else sequence.absent
    return mean_curves(
        [ope_curves(run.boxes, sequence.truth[plan.order], mode, absent[plan.order]) for plan, run in runs]
    )


def judge(sequence: Sequence, runs: Runs) -> trust.Trust:
    """Score the tracker's claims in the one run on a sequence.

    Raises:
        DataError: when the run came without what the session said.
    """
    ((_, run),) = runs
    if run.says is None:
        raise DataError(f"the result of {sequence.name} does not tell states: it was not made by absence")
    return trust.judge(run.boxes, run.scores, run.says, sequence.truth, SCENE_RATE)


def got_overlaps(sequence: Sequence, runs: Runs) -> Array:
    """Count GOT-10k's measures for one sequence, over all repetitions."""
    size, truth, absent = frame_size(sequence.frames), sequence.truth, sequence.absent
    return np.concatenate([got10k_overlaps(run.boxes, truth, size, absent) for _, run in runs])


def reset_runs(sequence: Sequence, runs: Runs) -> list[vot.ResetRun]:
    """Return the supervised runs on one sequence, with overlaps."""
    measured = []
    for plan, run in runs:
        # Result files always give codes: -1 for every line that is no single number.
        codes = np.full(len(run.boxes), vot.BOX, np.int8) if run.codes is None else run.codes
        overlaps = vot.truth_overlaps(run.boxes, sequence, plan.order)
        measured.append(vot.ResetRun(codes, np.where(codes == vot.BOX, overlaps, 0.0)))
    return measured


def anchor_runs(sequence: Sequence, runs: Runs) -> list[vot.AnchorRun]:
    """Return the runs from the anchors of one sequence, with overlaps, in the order of tracking."""
    given = is_box(sequence.truth)
    return [
        vot.anchor_run(vot.truth_overlaps(run.boxes, sequence, plan.order), given[plan.order])
        for plan, run in runs
    ]


def make_groups(sequences: list[Sequence], patterns: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return the names of sequences by group, for globs by group; one group ``all`` when no globs are given.

    Raises:
        DataError: for a group without a sequence.
    """
    every = [s.name for s in sequences]
    if not patterns:
        return {"all": every}
    groups = {
        group: [
            s.name for s in sequences if any(s.name == g or fnmatch.fnmatchcase(s.name, g) for g in globs)
        ]
        for group, globs in patterns.items()
    }
    for group, names in groups.items():
        if not names:
            raise DataError(f"group '{group}': no sequence is named like {', '.join(patterns[group])}")
    return groups


def attribute_groups(sequences: list[Sequence]) -> dict[str, list[str]]:
    """Return the names of sequences by attribute, for the attribute tables."""
    every = sorted(set().union(*(s.attributes for s in sequences)))
    return {attribute: [s.name for s in sequences if attribute in s.attributes] for attribute in every}
