# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""One self-contained HTML page, and figures as PNG and PDF, of everything in a results folder."""

from __future__ import annotations

import html
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from tracker_ros.data.sequence import DataError, Sequence
from tracker_ros.evaluation import filmstrips, plots, vot
from tracker_ros.evaluation.comparison import require_compared, rows_of
from tracker_ros.evaluation.metrics import NAN_MODES
from tracker_ros.evaluation.protocol_names import make_protocol
from tracker_ros.evaluation.runs import was_tried
from tracker_ros.evaluation.scores import (
    AnchorScores,
    CurveScores,
    ResetScores,
    TrackerScores,
    TrustScores,
    attribute_groups,
    score_folders,
)
from tracker_ros.evaluation.tables import (
    Row,
    format_value,
    is_best,
    unfinished_lines,
    unscored_lines,
)
from tracker_ros.evaluation.trust_report import lock_section, risk_figure
from tracker_ros.files import write_whole

STRIPS = 6
NOTES = (
    "Success: share of frames with an overlap above each of 21 thresholds from 0 to 1; AUC is their mean,"
    " so that a perfect tracker has 20/21. P@20: share of frames with a centre error of at most 20 px."
    " nP@.2: the same with the error divided by the target's size, at 0.2; nAUC is its mean from 0 to 0.5."
    " OSR: success at 0.5. Sequences weigh the same. FPS: frames over the trackers' own time, without"
    " decoding and starting, on the machine and under the load of that run. VOT: overlaps are counted in"
    " pixels; EAO is averaged over the year's interval of lengths, shaded in its figure, which suits that"
    " year's data. Diff, low, high: the difference in AUC to the tracker of --compare-to, and the bounds of"
    " its 90 % interval, by a bootstrap over the sequences."
)
_STYLE = """
:root { color-scheme: light dark; --line: #d0d7de; --soft: #f6f8fa; --text: #1f2328; --back: #ffffff; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3d444d; --soft: #151b23; --text: #e6edf3; --back: #0d1117; }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back);
  max-width: 1180px; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.4rem; border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .8rem 0; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid var(--line); }
th { background: var(--soft); } td.name, th.name { text-align: left; }
tr.last td { border-bottom: 2px solid var(--line); }
.wide { overflow-x: auto; } .plots { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 0 0 1rem; }
.plots figure { background: #fff; border: 1px solid var(--line); padding: .4rem; }
figure svg { width: 360px; max-width: 100%; height: auto; } figure img { max-width: 100%; }
figcaption { font-size: .9rem; }
.key { display: inline-block; width: .8em; height: .8em; margin: 0 .25em 0 .8em; }
"""


def write_report(
    results: Path,
    sequences: list[Sequence],
    groups: dict[str, list[str]],
    out: Path,
    mode: str = "got10k",
    reference: str | None = None,
) -> Path:
    """Write ``report.html`` and the figures of all protocols and trackers below `results`.

    Args:
        results: the folder that ``tracker_ros eval`` wrote, PROTOCOL/TRACKER.
        sequences: what was evaluated.
        groups: names of sequences by group.
        out: folder to write to.
        mode: what becomes of frames without truth in success and precision.
        reference: the tracker to whose success AUC the others' differences are shown.

    Raises:
        DataError: when there is nothing to report, or a protocol has results for no group.
        SettingsError: when the reference has no success curves.
    """
    evaluated = load_results(results, sequences, mode)
    require_compared(reference, evaluated)
    order = sorted({s.tracker for scores in evaluated.values() for s in scores})
    body = [f"<h1>Visual tracking: {len(order)} trackers on {len(sequences)} sequences</h1>"]
    for protocol, scores in evaluated.items():
        notes = [*unscored_lines(scores, groups), *unfinished_lines(scores)]
        rows = rows_of(scores, groups, reference)
        body += [f"<h2>{html.escape(protocol)}</h2>", html_table(rows)]
        body += [f"<p>{html.escape(line)}</p>" for line in notes]
        figures = protocol_figures(scores, sequences, groups, order)
        for name, figure in figures.items():
            plots.save(figure, out / "plots", f"{protocol}_{name}")
        body.append(f'<div class="plots">{"".join(map(html_figure, figures.values()))}</div>')
        body += attribute_section(scores, sequences)
        body += lock_section([s for s in scores if isinstance(s, TrustScores)], sequences, order)
        if isinstance(scores[0], CurveScores):
            body += sequence_section(scores, sequences)
        if protocol == "ope":
            body += failure_section(scores, sequences, order)
    body.append(
        f"<h2>How the numbers are made</h2><p>{html.escape(NOTES)} Frames without a true box "
        f"(mode {mode}): {html.escape(NAN_MODES[mode])}.</p>"
    )
    page = out / "report.html"
    write_whole(
        page,
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Visual tracking report</title>'
        f"<style>{_STYLE}</style></head><body>\n" + "\n".join(body) + "\n</body></html>\n",
    )
    return page


def load_results(results: Path, sequences: list[Sequence], mode: str) -> dict[str, list[TrackerScores]]:
    """Load the scores of every tracker by protocol; folders whose name is no protocol are passed over.

    Raises:
        DataError: when nothing is found.
    """
    evaluated: dict[str, list[TrackerScores]] = {}
    for folder in sorted(path for path in results.glob("*") if path.is_dir()):
        try:
            protocol = make_protocol(folder.name)
        except DataError:
            continue
        trackers = sorted(path for path in folder.iterdir() if path.is_dir())
        # The absence protocol has sequences of its own: a folder may hold results for others than these.
        here = [path for path in trackers if any(was_tried(path, s, protocol) for s in sequences)]
        evaluated[folder.name] = score_folders({path: path.name for path in here}, sequences, protocol, mode)
    found = {name: scores for name, scores in evaluated.items() if scores}
    if not found:
        raise DataError(f"{results} holds no results: expected PROTOCOL/TRACKER from `tracker_ros eval`")
    return found


def protocol_figures(
    scores: list[TrackerScores], sequences: list[Sequence], groups: dict[str, list[str]], order: list[str]
) -> dict[str, Figure]:
    """Return the figures that a protocol's scores allow, by name."""
    figures: dict[str, Figure] = {}
    for group, names in groups.items():
        tail, title = (f"_{group}", f" ({group})") if len(groups) > 1 else ("", "")
        curves = {
            s.tracker: mean for s in scores if isinstance(s, CurveScores) for mean in [s.mean(names)] if mean
        }
        for kind, text in (
            ("success", "Success"),
            ("precision", "Precision"),
            ("normalised", "Normalised precision"),
        ):
            if curves:
                figures[f"{kind}{tail}"] = plots.threshold_plot(kind, curves, order, f"{text}{title}")
    every = [s.name for s in sequences]
    figures.update(_vot_figures(scores, order))
    if trusted := [s for s in scores if isinstance(s, TrustScores)]:
        figures["risk"] = risk_figure(trusted, every, order)
    columns = {s.tracker: (s.fps(every), s.columns(every)) for s in scores}
    label = next(iter(next(iter(columns.values()))[1]))
    points = {
        name: (fps, scored[label])
        for name, (fps, scored) in columns.items()
        if np.isfinite(fps) and np.isfinite(scored[label])
    }
    if points:
        figures["speed"] = plots.speed_plot(points, order, label, "Speed and accuracy")
    figures.update(attribute_figures(scores, sequences, label, order))
    return figures


def _vot_figures(scores: list[TrackerScores], order: list[str]) -> dict[str, Figure]:
    measured = {s.tracker: s.vot_scores() for s in scores if isinstance(s, (ResetScores, AnchorScores))}
    if not measured:
        return {}
    year = next(s.year for s in scores if isinstance(s, (ResetScores, AnchorScores)))
    interval = vot.EAO_INTERVALS[year]
    curves = {name: result.curve for name, result in measured.items()}
    ranks = {name: result.eao for name, result in measured.items()}
    return {
        "eao_curve": plots.eao_curve_plot(curves, order, interval, f"Expected overlap, VOT{year}"),
        "eao_rank": plots.eao_rank_plot(ranks, order, f"EAO rank, VOT{year}"),
    }


def attribute_figures(
    scores: list[TrackerScores], sequences: list[Sequence], label: str, order: list[str]
) -> dict[str, Figure]:
    """Return a radar chart of the score `label`; none with fewer than three attributes."""
    groups = attribute_groups(sequences)
    values = {
        s.tracker: {name: s.columns(members).get(label, np.nan) for name, members in groups.items()}
        for s in scores
    }
    known = {tracker: by for tracker, by in values.items() if np.isfinite(list(by.values())).all()}
    if len(groups) < 3 or not known:
        return {}
    return {"attributes": plots.radar_plot(known, order, f"{label} by attribute")}


def attribute_section(scores: list[TrackerScores], sequences: list[Sequence]) -> list[str]:
    """Return a table by attribute; nothing without attributes."""
    groups = attribute_groups(sequences)
    rows = rows_of(scores, groups)
    return ["<h3>By attribute</h3>", html_table(rows)] if rows else []


def sequence_section(scores: list[TrackerScores], sequences: list[Sequence]) -> list[str]:
    """Render the AUC of every tracker on every sequence, folded away."""
    head = _cell("th", "group", "sequence") + "".join(_cell("th", "", s.tracker) for s in scores)
    lines = []
    for sequence in sequences:
        values = [s.columns([sequence.name]).get("AUC", float("nan")) for s in scores]
        cells = "".join(_cell("td", "", format_value("AUC", value)) for value in values)
        lines.append(f"<tr>{_cell('td', 'group', sequence.name)}{cells}</tr>")
    return [
        "<details><summary>AUC by sequence</summary>",
        f'<div class="wide"><table><tr>{head}</tr>{"".join(lines)}</table></div></details>',
    ]


def failure_section(scores: list[TrackerScores], sequences: list[Sequence], order: list[str]) -> list[str]:
    """Render filmstrips of the longest losses, with the boxes of the trackers of the report."""
    best_first = sorted(scores, key=lambda s: -s.columns([q.name for q in sequences]).get("AUC", 0.0))
    boxes = {s.tracker: {name: runs[0][1].boxes for name, runs in s.runs.items()} for s in best_first}
    scored = [s for s in sequences if len(s.truth) == len(s)]
    failures = filmstrips.worst_failures(boxes, scored, STRIPS)
    if not failures:
        return []
    by_name = {s.name: s for s in scored}
    parts = ["<h3>Longest losses</h3>", "<p>White is the truth; numbers count frames from 0.</p>"]
    for failure in failures:
        sequence = by_name[failure.sequence]
        shown = {name: found[failure.sequence] for name, found in boxes.items() if failure.sequence in found}
        colors = {name: plots.line_style(order.index(name))["color"] for name in shown}
        frames = filmstrips.strip_frames(failure.frame, len(sequence))
        strip = filmstrips.draw_strip(sequence, frames, shown, colors)
        text = f"{failure.sequence}: {failure.tracker} is lost from frame {failure.frame} of {len(sequence)}."
        keys = "".join(
            f'<span class="key" style="background:{color}"></span>{html.escape(name)}'
            for name, color in colors.items()
        )
        parts.append(filmstrips.html_strip(strip, text, keys))
    return parts


def html_figure(figure: Figure) -> str:
    """Return a figure as an element of the page."""
    return f"<figure>{plots.to_svg(figure)}</figure>"


def html_table(rows: list[Row]) -> str:
    """Render the rows of `summary_rows` as a table, the best of each column of a group in bold."""
    columns = [c for c in rows[0] if c != "group" or len({row["group"] for row in rows}) > 1]
    head = "".join(_cell("th", column, column) for column in columns)
    lines = []
    for index, row in enumerate(rows):
        last = index + 1 < len(rows) and rows[index + 1]["group"] != row["group"]
        cells = "".join(_cell("td", c, format_value(c, row[c]), is_best(c, row, rows)) for c in columns)
        lines.append(f'<tr class="last">{cells}</tr>' if last else f"<tr>{cells}</tr>")
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(lines)}</table></div>'


def _cell(tag: str, column: str, text: str, bold: bool = False) -> str:
    kind = ' class="name"' if column in ("group", "tracker") else ""
    content = html.escape(text)
    return f"<{tag}{kind}>{f'<b>{content}</b>' if bold else content}</{tag}>"
