# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What the README shows works as it stands there."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from tracker_ros.cli import COMMANDS
from tracker_ros.data.footage import film
from tracker_ros.data.synthetic import AerialScene
from tracker_ros.export import optimized
from tracker_ros.ops.boxes import iou
from tracker_ros.ops.frames import to_tensor
from tracker_ros.trackers import create

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "CONTRIBUTING.md"]


def test_the_tracker_in_34_lines_follows_a_flight_compiled(tmp_path, monkeypatch):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    (code,) = [block for block in blocks if "@register" in block]
    assert sum(bool(line.strip()) for line in code.splitlines()) == 34  # as the docs say
    # TorchScript reads a class's source, so it has to be a file.
    (tmp_path / "readme_tracker.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    __import__("readme_tracker")
    shots = list(itertools.islice(film(AerialScene(seed=0), 30.0), 30))
    frames = [to_tensor(shot.image).contiguous() for shot in shots]
    tracker = optimized(create("ncc"))
    state = tracker.initialize(frames[0], shots[0].box.to_tensor())
    for frame in frames[1:]:
        estimate = tracker.localize(frame, state)
        state = tracker.update(frame, state, estimate)
    assert float(iou(estimate.box, shots[-1].box.to_tensor())) > 0.5


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_and_commands_exist(page):
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
    for script in re.findall(r"bash (scripts/\S+\.sh)", text):
        assert (ROOT / script).is_file(), f"{page.name} calls {script}"
    for command in re.findall(r"^\s+(?:\.venv/bin/)?tracker_ros (\w+)", text, re.M):
        assert command in COMMANDS, f"{page.name} calls tracker_ros {command}"


def test_what_the_index_of_papers_names_exists():
    for line in (ROOT / "docs" / "papers.md").read_text().splitlines():
        for name in re.findall(r"`([^`]+)`", line) if line.startswith("|") else []:
            path, _, member = name.partition(": ")
            if path.endswith(".py"):
                file = ROOT / path if path.startswith("test/") else ROOT / "tracker_ros" / path
                assert file.is_file(), f"{path} does not exist"
                assert not member or re.search(rf"^(def|class) {member}\b", file.read_text(), re.M), name
            else:
                folders = ("recipes", "trackers")
                assert any((ROOT / "config" / kind / f"{name}.yaml").is_file() for kind in folders), name


def test_tests_and_scripts_that_pages_name_exist():
    pages = [*PAGES, ROOT / "QUALITY_DECLARATION.md", ROOT / "SECURITY.md"]
    for page in pages:
        for path in re.findall(r"(?<![\w/.])((?:test|scripts)/[a-z_\d./*]+)", page.read_text()):
            assert list(ROOT.glob(path.rstrip("./"))), f"{page.name} names {path}"
