#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Faults put into a copy of the package, one at a time: do the tests fail?

    python scripts/mutants.py                          the named faults of test/mutants.yaml
    python scripts/mutants.py edcf tadt                those whose name contains one of the words
    python scripts/mutants.py --sample 60 losses ops   as many of all mutants of these folders
                                                       (needs `pip install cosmic-ray`)

Prints a line a fault, killed or SURVIVED; the exit status is 0 if all are killed. A sample is drawn with
--seed, the same for everybody, out of the mutants that cosmic-ray's operators make, save those of type
annotations. A mutant of tracker_ros/FOLDER runs those of `SAMPLE_TESTS` that execute its function, the
quickest first: the tests are traced once without a fault.

PyTorch is imported once: each fault has a fork of this process, which imports the package anew.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
#: What a copy needs to run tests.
PARTS = ("tracker_ros", "config", "docs", "examples", "msg", "srv", "test", "package.xml", "pyproject.toml")
SAMPLE_TESTS = {
    "losses": ["test/losses", "test/training/test_loss_terms.py"],
    "ops": ["test/ops", "test/losses", "test/trackers/test_properties.py", "test/trackers/test_dcf.py"],
    "session": ["test/session"],
    "trackers": ["test/trackers", "test/papers"],
    "training": ["test/training"],
}
#: For the tests without a fault. With one they may take this many times as long as without.
SECONDS, SLOWDOWN = 3600.0, 5
QUICK = 0.05


class Fault(NamedTuple):
    """One mutant: its name, the file, the file's text with the fault, and tests that should see it."""

    name: str
    file: str
    text: str
    tests: list[str]


def named(words: list[str]) -> list[Fault]:
    """Return the faults of test/mutants.yaml whose names contain one of the words.

    Raises:
        SystemExit: when the text that a fault replaces is not in its file once: the list follows the code.
    """
    found = []
    for entry in yaml.safe_load((REPOSITORY / "test" / "mutants.yaml").read_text()):
        if words and not any(word in entry["name"] for word in words):
            continue
        text = (REPOSITORY / entry["file"]).read_text()
        if text.count(entry["old"]) != 1:
            count = text.count(entry["old"])
            raise SystemExit(f"{entry['name']}: its text is {count} times in {entry['file']}, not once")
        changed = text.replace(entry["old"], entry["new"])
        found.append(Fault(entry["name"], entry["file"], changed, entry["tests"]))
    return found


def mutants(folder: str) -> Iterator[tuple[str, str, str, int]]:
    """(file, name, operator, occurrence) of every mutant of tracker_ros/FOLDER."""
    from cosmic_ray import plugins
    from cosmic_ray.ast import ast_nodes, get_ast_from_path

    for path in sorted((REPOSITORY / "tracker_ros" / folder).rglob("*.py")):
        tree = get_ast_from_path(path)
        for operator_name in sorted(plugins.operator_names()):
            kind = plugins.get_operator(operator_name)
            if kind.arguments() or "BitOr" in operator_name:
                continue
            operator, occurrence = kind(), 0
            for node in ast_nodes(tree):
                for start, _ in operator.mutation_positions(node):
                    file = str(path.relative_to(REPOSITORY))
                    yield file, f"{file}:{start[0]} {operator_name.split('/')[-1]}", operator_name, occurrence
                    occurrence += 1


def sampled(folders: list[str], count: int, seed: int) -> list[Fault]:
    """So many mutants of the folders, drawn at random."""
    from cosmic_ray import plugins
    from cosmic_ray.mutating import mutate_code

    every = [(folder, *mutant) for folder in folders for mutant in mutants(folder)]
    print(f"{len(every)} mutants of {', '.join(folders)}; {min(count, len(every))} drawn with seed {seed}")
    found = []
    for folder, file, name, operator, occurrence in random.Random(seed).sample(every, min(count, len(every))):
        text = mutate_code((REPOSITORY / file).read_text(), plugins.get_operator(operator)(), occurrence)
        found.append(Fault(name, file, text, SAMPLE_TESTS[folder]))
    return found


def copy_to(folder: Path) -> None:
    """Copy the parts of the repository that tests need."""
    for part in PARTS:
        source = REPOSITORY / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)


class Watch:
    """A pytest plugin that notes the first failure, each test's time, and which lines it executed."""

    def __init__(self, folder: Path, trace: bool) -> None:
        self.first = ""
        self.times: dict[str, float] = {}
        self.tracer: Any = None
        if trace:
            import coverage

            self.tracer = coverage.Coverage(
                data_file=None, config_file=False, include=[f"{folder}/tracker_ros/*"]
            )
            self.tracer.start()

    def pytest_runtest_setup(self, item: Any) -> None:
        """Book what is executed from now on to this test."""
        if self.tracer:
            self.tracer.switch_context(item.nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Remember the first test that fails, and how long each takes."""
        self.times[report.nodeid] = self.times.get(report.nodeid, 0.0) + report.duration
        if report.failed and not self.first:
            self.first = report.nodeid.split("::", 1)[-1]

    def pytest_collectreport(self, report: Any) -> None:
        """Remember the first file that cannot be collected."""
        if report.failed and not self.first:
            self.first = f"{report.nodeid}, which cannot be collected"

    def lines(self, folder: Path) -> dict[str, dict[int, list[str]]]:
        """Index by file and line the tests that executed it."""
        if not self.tracer:
            return {}
        self.tracer.stop()
        data = self.tracer.get_data()
        return {str(Path(f).relative_to(folder)): data.contexts_by_lineno(f) for f in data.measured_files()}


class Outcome(NamedTuple):
    """The end of a pytest run; with a trace also seconds by test, and tests by file and line."""

    status: int
    first: str
    times: dict[str, float]
    lines: dict[str, dict[int, list[str]]]


def _tests(folder: Path, tests: list[str], trace: bool, answer: Any) -> None:
    """Run in a fork: pytest on a copy, which ends at the first failure."""
    import pytest

    os.chdir(folder)
    os.environ["PYTHONPATH"] = str(folder)
    sys.dont_write_bytecode = True
    sys.path[:] = [str(folder), *(entry for entry in sys.path if Path(entry or ".").resolve() != REPOSITORY)]
    watch = Watch(folder, trace)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        status = pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests], plugins=[watch])
    answer.send(Outcome(int(status), watch.first, watch.times, watch.lines(folder)))
    answer.close()
    os._exit(0)


def run_tests(folder: Path, tests: list[str], seconds: float = SECONDS, trace: bool = False) -> Outcome:
    """Run tests of a copy up to the first failure; so many seconds without an end are one."""
    fork = multiprocessing.get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)
    child = fork.Process(target=_tests, args=(folder, tests, trace, sender))
    child.start()
    sender.close()
    try:
        if receiver.poll(seconds):
            return receiver.recv()
        return Outcome(1, f"none in {seconds:.0f} s", {}, {})
    except EOFError:
        return Outcome(1, "the process, which ended", {}, {})
    finally:
        child.kill()
        child.join()


def quickest(fault: Fault, line: int, clean: Outcome) -> list[str]:
    """Return the tests that execute the function around a line, quickest first; all where none does.

    A line outside functions is executed by the import: all tests that execute a function of its file count,
    and those of less than `QUICK` seconds, which may read a constant alone. Compiled
    TorchScript leaves no trace, so that a function which only archives execute has all tests.
    """
    executed = clean.lines.get(fault.file, {})
    inside = [
        (node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(ast.parse((REPOSITORY / fault.file).read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.lineno <= line <= (node.end_lineno or 0)
    ]
    first, last = max(inside, default=(0, max(executed, default=0)))
    # The line of `def` itself is executed when the module is imported.
    tests = {test for n in range(first + bool(inside), last + 1) for test in executed.get(n, []) if test}
    if tests and not inside:
        quick = {test for test, took in clean.times.items() if took < QUICK}
        tests |= {test for test in quick if test.startswith(tuple(fault.tests))}
    return sorted(tests, key=lambda test: clean.times.get(test, 0.0)) or fault.tests


def judge(fault: Fault, folder: Path, clean: Outcome) -> tuple[bool, str]:
    """Return whether the tests see this fault, and the test that did."""
    path = folder / fault.file
    text = path.read_text()
    path.write_text(fault.text)
    # Folders and files among the tests stand for all that lies below them.
    usual = sum(took for test, took in clean.times.items() if test.startswith(tuple(fault.tests)))
    try:
        first = run_tests(folder, fault.tests, 60 + SLOWDOWN * usual).first
    finally:
        path.write_text(text)
    # Not the status: a module that cannot be imported leaves no test to fail.
    return bool(first), first


def main(words: list[str]) -> int:
    """Run the faults; 1 if one survives."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("words", nargs="*", help="parts of names; with --sample, folders of tracker_ros")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="N mutants of the folders")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (default: 0)")
    args = parser.parse_args(words)
    faults = sampled(args.words, args.sample, args.seed) if args.sample else named(args.words)
    for heavy in ("torch", "scipy.ndimage", "cv2", "hypothesis", "_pytest.assertion.rewrite"):
        __import__(heavy)
    killed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_to(folder)
        everything = sorted({test for fault in faults for test in fault.tests})
        clean = run_tests(folder, everything, trace=bool(args.sample))
        if clean.status:
            raise SystemExit(f"without any fault pytest ends with {clean.status}; failed: {clean.first}")
        if args.sample:
            faults = [
                f._replace(tests=quickest(f, int(f.name.split()[0].rpartition(":")[2]), clean))
                for f in faults
            ]
        for fault in faults:
            start = time.monotonic()
            seen, first = judge(fault, folder, clean)
            killed += seen
            word = f"killed   {fault.name}: by {first}" if seen else f"SURVIVED {fault.name}"
            print(f"{word} ({time.monotonic() - start:.0f} s)", flush=True)
    print(f"{killed} of {len(faults)} killed")
    return int(killed < len(faults))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
