# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Outcomes of a suite's cases, as JUnit XML too, which services of continuous integration show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from xml.etree import ElementTree as XML

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped (section 2.2): a file's name may."""


class Outcome(NamedTuple):
    """A case of a suite that was run, or could not be.

    Attributes:
        name: of the case.
        tracker: its preset.
        seconds: that it took.
        figures: what was measured, by name; empty where it could not be run.
        missed: the limits that were missed.
        remark: on images that ended in ERROR; '' where none did.
        problem: why it could not be run; '' where it was.
    """

    name: str
    tracker: str
    seconds: float
    figures: dict[str, str]
    missed: tuple[str, ...] = ()
    remark: str = ""
    problem: str = ""

    @property
    def verdict(self) -> str:
        """The outcome in a word or two."""
        return "not run" if self.problem else "missed" if self.missed else "good"


def junit(suite: str, outcomes: Sequence[Outcome]) -> bytes:
    """Return a document with one test suite: a missed limit is a failure, a problem an error."""
    root = XML.Element("testsuites")
    numbers = {
        "name": _legal(suite),
        "tests": str(len(outcomes)),
        "failures": str(sum(outcome.verdict == "missed" for outcome in outcomes)),
        "errors": str(sum(outcome.verdict == "not run" for outcome in outcomes)),
        "time": f"{sum(outcome.seconds for outcome in outcomes):.3f}",
    }
    group = XML.SubElement(root, "testsuite", numbers)
    for outcome in outcomes:
        told = {"classname": _legal(suite), "name": _legal(outcome.name), "time": f"{outcome.seconds:.3f}"}
        case = XML.SubElement(group, "testcase", told)
        if outcome.problem:
            XML.SubElement(case, "error", message=_legal(outcome.problem))
        elif outcome.missed:
            XML.SubElement(case, "failure", message=_legal("; ".join(outcome.missed)))
        lines = [
            f"{name}: {value}" for name, value in {"tracker": outcome.tracker, **outcome.figures}.items()
        ]
        XML.SubElement(case, "system-out").text = _legal("\n".join([*lines, outcome.remark]).strip())
    XML.indent(root)
    return XML.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _legal(text: str) -> str:
    return _ILLEGAL.sub(lambda found: ascii(found[0])[1:-1], text)
