# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The page of a table or figure, in Markdown."""

from __future__ import annotations

from tracker_ros.reproduce.items import Finding, Item, Request
from tracker_ros.reproduce.rows import protocol_of


def page(paper: str, item: Item, request: Request, finding: Finding, command: str) -> str:
    """Describe the measurement: sequences, the paper's data, what is missing, and the command."""
    frames = sum(len(sequence) for sequence in request.sequences)
    here = f"{len(request.sequences)} sequences, {frames} frames" if request.sequences else "no data"
    lines = [f"# {paper}, {item.key}: {item.title}", "", f"    {command}", ""]
    if item.data:
        lines += [f"- the paper measured on {item.data}; here: {here}"]
    if item.rows:
        starts = f", {request.starts} starts a sequence" if request.starts > 1 else ""
        lines += [f"- protocol {protocol_of(request).name}{starts}; intervals: sequences resampled"]
    if request.light:
        lines += ["- light presets: other networks than the paper's, so only the order of rows compares"]
    if item.missing:
        lines += [f"- missing: {item.missing}"]
    lines += ["", finding.text, ""]
    lines += [f"![{picture.stem}]({picture.relative_to(request.out)})" for picture in finding.pictures]
    return "\n".join(lines).rstrip() + "\n"
