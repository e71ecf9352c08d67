# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Write the parts of the documentation that are read off the code; a test keeps them true.

python docs/tables.py          # write the tables of docs/glossary.md and nodes.md and the drawn pictures anew
python docs/tables.py --check  # status 1 where they say something else
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import re
import sys
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "test"))

BEGIN, END = "<!-- settings: python docs/tables.py -->", "<!-- end of settings -->"
SESSION_BEGIN, SESSION_END = "<!-- session: python docs/tables.py -->", "<!-- end of session -->"
WIDTH, ROW, GAP = 760, 34, 10
ABREAST = 6
"""So many boxes stand in a row of the layers, at most: their names need the room."""


def settings_table() -> str:
    """List every settings key with its one meaning and the trackers that have it."""
    from tracker_ros.trackers.base import registered

    found: dict[str, tuple[str, list[str]]] = {}
    for name, cls in sorted(registered().items()):
        if not cls.__module__.startswith("tracker_ros."):
            continue
        for field in dataclasses.fields(cls.Settings):
            text = field.metadata["text"].split(";")[0]
            found.setdefault(field.name, (text, []))[1].append(name)
    rows = [f"| `{key}` | {text} | {', '.join(names)} |" for key, (text, names) in sorted(found.items())]
    return "\n".join([BEGIN, "", "| key | meaning | trackers |", "|---|---|---|", *rows, "", END])


def glossary(text: str) -> str:
    """Put the present table of settings into the glossary's text."""
    return _renewed(text, settings_table(), BEGIN, END)


def _renewed(text: str, table: str, begin: str, end: str) -> str:
    before, _, rest = text.partition(begin)
    return before + table + rest.partition(end)[2]


def session_table() -> str:
    """List the session's settings: name, default, range and meaning."""
    from tracker_ros.session import SessionSettings

    rows = [
        f"| `{field.name}` | {_shown(field.default)} | {_allowed(field)} | {field.metadata['text']} |"
        for field in dataclasses.fields(SessionSettings)
    ]
    head = ["| `session.` | default | range | meaning |", "|---|---|---|---|"]
    return "\n".join([SESSION_BEGIN, "", *head, *rows, "", SESSION_END])


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _allowed(field: dataclasses.Field[object]) -> str:
    if isinstance(field.default, bool):
        return "true, false"
    if choices := field.metadata["choices"]:
        return ", ".join(choices)
    return f"{field.metadata['low']:g} to {field.metadata['high']:g}"


def nodes(text: str) -> str:
    """Put the present table of the session's settings into the text about the nodes."""
    return _renewed(text, session_table(), SESSION_BEGIN, SESSION_END)


def packages() -> set[str]:
    """Name what lies directly in the package: folders and modules."""
    return {path.stem for path in (ROOT / "tracker_ros").iterdir() if path.is_dir() or path.suffix == ".py"}


def layers_svg(_: str) -> str:
    """Draw the layers of test_imports.py, the top one first; what knows ROS is blue."""
    from test_imports import LAYERS, WITH_ROS

    rows = list(chain.from_iterable(map(_lines, LAYERS)))
    height = len(rows) * (ROW + GAP) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif"'
        ' font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for row, names in enumerate(rows):
        width = (WIDTH - GAP) / len(names) - GAP
        for column, name in enumerate(names):
            x, y = GAP + column * (width + GAP), GAP + row * (ROW + GAP)
            fill = "#d9e8fb" if name in WITH_ROS else "#e8f3e4"
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW}" rx="4" fill="{fill}"'
                ' stroke="#7a8694"/>'
            )
            parts.append(
                f'<text x="{x + width / 2:.1f}" y="{y + ROW / 2 + 4}" text-anchor="middle">{name}</text>'
            )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _lines(layer: Iterable[str]) -> list[list[str]]:
    """Break what is there of a layer into rows that are about as long as each other."""
    known = [name for name in layer if name in packages()]
    length = math.ceil(len(known) / math.ceil(len(known) / ABREAST))
    return [known[first : first + length] for first in range(0, len(known), length)]


def accuracy_rows(readme: str) -> list[tuple[str, float, float]]:
    """Read (tracker, success AUC over all sequences, frames a second) off README's table of figures."""
    table = readme.partition("| tracker | aerial | ground | all | FPS |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return [
        (re.sub("[*`]", "", row[0]), float(row[3].split("/")[0]), float(row[4])) for row in rows if row[4]
    ]


def accuracy_svg(_: str) -> str:
    """Draw accuracy against speed from README's table; the peers are grey."""
    height, left, bottom, low, high = 520, 60, 470, 10.0, 800.0
    rows = accuracy_rows((ROOT / "README.md").read_text())
    top = math.ceil(10 * max(auc for _, auc, _ in rows) + 0.5) / 10

    def place(fps: float, auc: float) -> tuple[float, float]:
        along = math.log(fps / low) / math.log(high / low)
        return left + along * (WIDTH - left - 20), bottom - auc / top * (bottom - 24)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif"'
        ' font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{left}" y="{height - 12}">frames a second on one thread (each line: twice as many);'
        " blue: this package, grey: others</text>",
        f'<text x="{left}" y="14">success AUC</text>',
    ]
    for tenth in range(int(10 * top) + 1):
        _, y = place(low, tenth / 10)
        parts.append(f'<path d="M{left} {y:.1f}H{WIDTH - 20}" stroke="#e3e6ea"/>')
        parts.append(f'<text x="{left - 26}" y="{y + 4:.1f}">.{tenth}</text>')
    for fps in (10, 20, 40, 80, 160, 320, 640):
        x, _ = place(fps, 0)
        parts.append(f'<path d="M{x:.1f} 24V{bottom}" stroke="#e3e6ea"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{fps}</text>')
    points = {name: place(min(max(fps, low), high), auc) for name, auc, fps in rows}
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in points.values()]
    for name, (x, y) in points.items():
        parts += labelled_point(name, x, y, taken)
    return "\n".join([*parts, "</svg>"]) + "\n"


Area = tuple[float, float, float, float]


def labelled_point(name: str, x: float, y: float, taken: list[Area]) -> list[str]:
    """Draw a tracker's point and its name where `taken` leaves room, and add the name's area to that."""
    colour = "#7a8694" if name.startswith("OpenCV") or name.startswith("NanoTrack") else "#1f6fc4"
    label = free_label(name, x, y, taken)
    end, middle = attachment(label, x)
    way = leader(label, x, y)
    taken += [label, way]
    line = f'<path d="M{x:.1f} {y:.1f}L{end:.1f} {middle:.1f}" stroke="{colour}" opacity=".5"/>'
    return [
        *([line] if any(way) else []),  # beside another point it says whose name it is
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>',
        f'<text x="{label[0]:.1f}" y="{label[3] - 3:.1f}" fill="{colour}">{name}</text>',
    ]


def attachment(label: Area, x: float) -> tuple[float, float]:
    """Return where on a label the line from a point at x ends."""
    return min(max(x, label[0]), label[2]), (label[1] + label[3]) / 2


def leader(label: Area, x: float, y: float) -> Area:
    """Return the area of the line from a point's edge to its label; an empty one where it has none."""
    end, middle = attachment(label, x)
    if abs(middle - y) <= 8:
        return (0, 0, 0, 0)
    edge = y + math.copysign(6, middle - y)
    return (min(x, end), min(edge, middle), max(x, end), max(edge, middle))


def free_label(name: str, x: float, y: float, taken: list[Area]) -> Area:
    """Return the area (x1, y1, x2, y2) of the point's label, free of others and their lines if possible."""
    width = 7.3 * len(name)
    tries: list[Area] = []
    for rise in (0, -12, 12, -22, 22, -34, 34, -46, 46, -58, 58, -70, 70):
        for begin in (x + 8, x - 8 - width, x - width / 2):
            if rise or begin != x - width / 2:
                tries.append((begin, y + rise - 7, begin + width, y + rise + 7))
    inside = [area for area in tries if area[0] > 0 and area[2] < WIDTH]
    drawn = ((area, leader(area, x, y)) for area in inside)
    free = (
        area for area, line in drawn if not any(_overlap(part, o) for part in (area, line) for o in taken)
    )
    return next(free, inside[0])


def _overlap(a: Area, b: Area) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


PARTS: dict[Path, Callable[[str], str]] = {
    ROOT / "docs" / "glossary.md": glossary,
    ROOT / "docs" / "nodes.md": nodes,
    ROOT / "docs" / "images" / "layers.svg": layers_svg,
    ROOT / "docs" / "images" / "accuracy.svg": accuracy_svg,
}


def main() -> int:
    """Write or check; 1 where the files are not what the code says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    check, wrong = parser.parse_args().check, []
    for path, make in PARTS.items():
        text = path.read_text() if path.is_file() else ""
        made = make(text)
        if made != text:
            wrong.append(path)
            if not check:
                path.write_text(made)
    for path in wrong:
        news = "is not what the code says: run python docs/tables.py" if check else "written"
        print(f"{path.relative_to(ROOT)} {news}")
    return 1 if wrong and check else 0


if __name__ == "__main__":
    raise SystemExit(main())
