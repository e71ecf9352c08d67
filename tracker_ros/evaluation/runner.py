# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Run trackers over sequences: resumable, in parallel, one result file a run."""

from __future__ import annotations

import dataclasses
import functools
import os
import platform
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch

from tracker_ros.data.sequence import DataError, Sequence, random_access
from tracker_ros.evaluation.drivers import Driver
from tracker_ros.evaluation.engines import Engine
from tracker_ros.evaluation.identity import SEQUENCES, known_digests, sequence_digest
from tracker_ros.evaluation.protocols import EvaluationProtocol, Plan
from tracker_ros.evaluation.results import (
    CRASHED,
    SUFFIXES,
    Trajectory,
    read_manifest,
    read_result,
    remove_runs,
    write_crash,
    write_manifest,
    write_run,
)
from tracker_ros.evaluation.specs import TrackerSpec
from tracker_ros.files import WriteError

DETERMINISTIC_AFTER = 3


@dataclasses.dataclass(frozen=True)
class Task:
    """The runs that are missing of one tracker on one sequence, and the folder they go to."""

    spec: TrackerSpec
    sequence: Sequence
    protocol: EvaluationProtocol
    plans: tuple[Plan, ...]
    folder: Path


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The outcome of a task.

    Attributes:
        tracker, sequence: what it was about.
        error: empty, or why it failed; a traceback where the tracker crashed.
        unwritten: empty, or why its result could not be kept.
    """

    tracker: str
    sequence: str
    error: str = ""
    unwritten: str = ""


def plan_tasks(
    specs: Iterable[TrackerSpec],
    sequences: list[Sequence],
    protocol: EvaluationProtocol,
    out: Path,
    fresh: bool = False,
) -> list[Task]:
    """List the tasks below ``out/PROTOCOL/TRACKER`` that have no result yet.

    Finished runs are kept if the folder's manifest says that they were made with the same settings,
    weights and code, and of the same data; otherwise, and with `fresh`, they are deleted and made again.

    Raises:
        DataError: when a folder to fill holds files of another origin.
    """
    tasks = []
    data = {sequence.name: sequence_digest(sequence) for sequence in sequences}
    for spec in specs:
        folder = out / protocol.name / spec.label
        made_with = {**spec.digest(), "protocol": repr(protocol)}
        made_of = _clear_stale(folder, made_with, fresh)
        for sequence in sequences:
            if made_of.get(sequence.name) != data[sequence.name]:
                remove_runs(folder, sequence.name, [plan.name for plan in protocol.plans(sequence)])
        machine = f"{platform.machine()}, {os.cpu_count()} cores"
        content = {"tracker": spec.name, "made_with": made_with, "machine": machine}
        write_manifest(folder, {**content, SEQUENCES: {**made_of, **data}})
        devices = spec.device.split(",")
        for number, sequence in enumerate(sequences):
            plans = protocol.plans(sequence)
            todo = tuple(plan for plan in plans if not (folder / f"{plan.name}.txt").is_file())
            if todo:
                placed = dataclasses.replace(spec, device=devices[number % len(devices)])
                tasks.append(Task(placed, sequence, protocol, todo, folder))
    return tasks


def _clear_stale(folder: Path, made_with: dict[str, str], fresh: bool) -> dict[str, str]:
    """Delete results that were made otherwise, or all if `fresh`; the others' data, by name."""
    manifest, files = read_manifest(folder), [path for s in SUFFIXES for path in folder.rglob(f"*{s}")]
    if files and not manifest:
        raise DataError(f"{folder} holds results that this command did not write; give another --out")
    if not fresh and manifest.get("made_with") == made_with:
        return known_digests(manifest)
    for path in files:
        path.unlink()
    return {}


def run_tasks(tasks: list[Task], engine: Engine, done: Callable[[Outcome], None]) -> list[Outcome]:
    """Run `tasks`, calling `done` after each; the outcomes that failed are returned.

    Raises:
        WriteError: when a result cannot be written. What has not begun does not begin.
    """
    failed = []
    for outcome in engine.run(run_task, tasks):
        if outcome.unwritten:
            raise WriteError(outcome.unwritten)
        done(outcome)
        if outcome.error:
            failed.append(outcome)
    return failed


def run_task(task: Task) -> Outcome:
    """Run and write one task in the calling process, on one thread."""
    try:
        # One process a core is the faster way to use the cores, and one thread makes sums repeatable.
        torch.set_num_threads(1)
        plan = task.plans[0]
        # A single pass in order needs one frame at a time; anything else would decode again and again.
        whole = [range(len(task.sequence))] == [plan.order for plan in task.plans]
        store = None if whole else random_access(task.sequence.frames)
        for plan in task.plans:
            if plan.repetition > DETERMINISTIC_AFTER and _deterministic(task, plan):
                continue
            frames = task.sequence.frames if store is None else [store[i] for i in plan.order]
            run = task.protocol.drive(_driver(task.spec), frames, plan, task.sequence)
            write_run(task.folder, plan.name, run)
            (task.folder / f"{plan.name}{CRASHED}").unlink(missing_ok=True)
    except WriteError as error:
        return Outcome(task.spec.label, task.sequence.name, unwritten=str(error))
    except DataError as error:  # the sequence's fault, not the tracker's
        return Outcome(task.spec.label, task.sequence.name, str(error))
    except Exception:
        return _crash(task, plan, traceback.format_exc())
    return Outcome(task.spec.label, task.sequence.name)


def _crash(task: Task, plan: Plan, why: str) -> Outcome:
    """Note an exception that ended the run `plan` beside the task's results; return the task's outcome."""
    try:
        write_crash(task.folder, plan.name, why)
    except WriteError as error:
        return Outcome(task.spec.label, task.sequence.name, unwritten=str(error))
    return Outcome(task.spec.label, task.sequence.name, why)


def _deterministic(task: Task, plan: Plan) -> bool:
    """Return whether the first repetitions of `plan`'s run agree."""
    names = [f"{plan.name[:-3]}{number + 1:03d}" for number in range(DETERMINISTIC_AFTER)]
    runs = [read_result(task.folder, name, len(plan.order)) for name in names]
    return all(run is not None and runs[0] is not None and _same(run, runs[0]) for run in runs)


def _same(a: Trajectory, b: Trajectory) -> bool:
    return bool(np.array_equal(a.boxes, b.boxes, equal_nan=True))


@functools.lru_cache(maxsize=4)
def _driver(spec: TrackerSpec) -> Driver:
    # Tasks of one tracker follow each other, on a few devices at most; loading its weights for every
    # sequence would cost more than many a sequence.
    return spec.driver()
