# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Every argument of every command with values that cannot be: exit status 2 and a sentence about them."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from eval_helpers import trajectory, write_squares
from video_helpers import write_video

from tracker_ros import cli
from tracker_ros.arguments import integer, join_negative, new_file, number
from tracker_ros.cli import COMMANDS, make_parser
from tracker_ros.config_files import config_file
from tracker_ros.evaluation.results import write_run
from tracker_ros.replay.messages import make_types
from tracker_ros.replay.scenes import Scene, record

# A regular file is no folder to write into, for root neither: {file}/x. {noise} holds bytes of nothing.
NUMBERS = ["nan", "inf", "-1", "many", "1e400", ""]
BOXES = ["1,2,3", "a,b,c,d", "nan,1,2,3", "1,2,inf,4", "1,2,-3,4", "1,2,0,4", "-5,"]
IN = ["/nowhere/at-all", "{noise}"]
OUT = ["{file}/x", "/proc/nowhere/x"]
NAMES = ["nonesuch", "{noise}"]
GIMBAL = ["--kp", "--ki", "--kd", "--feedforward", "--deadband-deg", "--max-rate-deg"]
GIMBAL += ["--max-acceleration-deg", "--smoothing", "--timeout"]
EVALUATION = {
    "--root": ["/nowhere/at-all", "{empty}"],
    "--layout": ["nonsense"],
    "--sequences": ["nonesuch*"],
    "--list": ["nonesuch", "{noise}"],
}
SCORING = {
    "--scenes": NUMBERS,
    "--blackout": NUMBERS,
    "--absences": NUMBERS,
    "--nan-mode": ["nonsense"],
    "--group": ["nonsense", "a=nonesuch*"],
    "--compare-to": ["nonesuch"],
}
TRACKERS = {
    "--trackers": ["nonesuch", "kcf,nonesuch", ","],
    "--set": ["nonsense", "search_size=many"],
    "--weights": ["nonesuch", "random:many", "{noise}"],
    "--nano": ["/nowhere/at-all"],
    "--device": ["abacus", "cuda:99", "meta"],
}
BAD: dict[str, dict[str, list[str]]] = {
    "demo": {
        "--seconds": [*NUMBERS, "0"],
        "--tracker": NAMES,
        "--seed": NUMBERS,
        "--latency": NUMBERS,
        "--drops": [*NUMBERS, "1.5"],
        "--video": IN,
        "--box": BOXES,
        "--truth": IN,
        "--rate": [*NUMBERS, "0"],
        "--out": OUT,
    },
    "track": {
        "source": ["/nowhere/at-all", "{noise}", "{empty}"],
        "--box": [*BOXES, "5000,50,20,20"],
        "--tracker": NAMES,
        "--set": TRACKERS["--set"],
        "--weights": TRACKERS["--weights"],
        "--device": TRACKERS["--device"],
        "--fps": [*NUMBERS, "0"],
        "--csv": OUT,
        "--video": OUT,
    },
    "eval": {
        **EVALUATION,
        **SCORING,
        **TRACKERS,
        "--protocol": ["nonsense", "vot1066"],
        "--repetitions": NUMBERS,
        "--session-set": ["nonsense", "keep_score=7"],
        "--fps": [*NUMBERS, "0"],
        "--out": OUT,
        "--jobs": [*NUMBERS, "0"],
        "--engine": ["nonsense"],
        "--results": ["/nowhere/at-all"],
        "--csv": OUT,
        "--submission": OUT,
    },
    "report": {**EVALUATION, **SCORING, "--results": ["/nowhere/at-all", "{empty}"], "--out": OUT},
    "vot": {**EVALUATION, **TRACKERS, "workspace": OUT, "--year": ["1066", "nan"]},
    "train": {
        "--recipe": NAMES,
        "--adapt": [*IN, "{empty}"],
        "--export": ["{empty}", "{noise}", "{file}/x.safetensors"],
        "--devices": [*NUMBERS[:2], *NUMBERS[3:], "0", "-2"],
        "--num-nodes": [*NUMBERS, "0"],
        "--workers": NUMBERS,
        "--epochs": [*NUMBERS, "0"],
        "--pairs": [*NUMBERS, "0"],
        "--seed": NUMBERS,
        "--time-limit": ["nan", "-1", "many"],
        "--save-every": ["nan", "-1", "many"],
    },
    "select": {"--transport": ["nonsense"], "--port": [*NUMBERS, "70000"]},
    "gimbal": {
        "--seconds": [*NUMBERS, "0"],
        "--seeds": [*NUMBERS, "0"],
        **{name: ["nan", "inf", "-1000"] for name in GIMBAL},
    },
    "replay": {
        "bag": [*IN, "{empty}"],
        "--suite": IN,
        "--junit": ["{file}/x.xml", "/proc/nowhere/x.xml", "report.txt"],
        "--select": [*BOXES, "5000,50,20,20"],
        "--topic": ["/nowhere"],
        "--tracker": NAMES,
        "--weights": TRACKERS["--weights"],
        "--device": TRACKERS["--device"],
        "--out": OUT,
        "--params": [*IN, "{empty}"],
        "--node": ["/nowhere"],
        "--loop": [*NUMBERS, "0", "1001"],
        "--expect": IN,
        "--min-iou": [*NUMBERS, "1.5"],
        "--truth": ["/nowhere/at-all", "{noise}"],
        "--min-truth-iou": [*NUMBERS, "1.5"],
    },
    "export": {
        "--tracker": NAMES,
        "--weights": TRACKERS["--weights"],
        "--set": TRACKERS["--set"],
        "--out": OUT,
        "--half": ["nonsense"],
        "--module": ["nonesuch"],
        "--shape": ["1,3", "1,3,nan,4", "0,3,4,4"],
        "--check": IN,
    },
    "reproduce": {
        "paper": ["nonsense"],
        "--layout": ["nonsense"],
        "--frames": NUMBERS,
        "--starts": [*NUMBERS, "0"],
        "--jobs": [*NUMBERS, "0"],
    },
    "weights list": {},
    "weights download": {"names": ["nonesuch"]},
    "weights verify": {"names": ["nonesuch"]},
    "weights import": {"--from": ["nonsense"], "file": IN},
    "bench": {
        **TRACKERS,
        "--video": IN,
        "--truth": IN,
        "--box": BOXES,
        "--frames": [*NUMBERS, "0", "1", "12"],
        "--threads": [*NUMBERS, "0"],
        "--json": OUT,
    },
    "latency": {
        "--targets": [*NUMBERS, "0"],
        "--tracker": NAMES,
        "--rate": [*NUMBERS, "0"],
        "--seconds": [*NUMBERS, "0"],
        "--only": ["nonesuch"],
        "--json": OUT,
    },
}
LATER = {
    "weights download": {"--mirror"},
    "weights import": {"--out"},
    "train": {
        "--data",
        "--out",
        "--resume",
        "--from",
        "--strategy",
        "--accelerator",
    },
    "reproduce": {
        "item",
        "--root",
        "--sequences",
        "--absences",
        "--scenes",
        "--blackout",
        "--only",
        "--out",
        "--weights",
        "--device",
        "--own",
    },
    "select": {"--image", "--tracker-node", "--namespace", "--host"},
}
"""Looked at only after the data were read, or by the node when it runs: other tests are about those."""
GOOD = {
    "demo": {"--video": "{frames}", "--box": "20,20,20,20", "--out": "{new}"},
    "track": {"source": "{frames}", "--box": "20,20,20,20", "--tracker": "dcf", "--csv": "{new}"},
    "eval": {"--root": "{data}", "--trackers": "dcf", "--jobs": "1", "--out": "{new}"},
    "report": {"--root": "{data}", "--results": "{results}", "--out": "{new}"},
    "vot": {"workspace": "{new}", "--root": "{data}", "--trackers": "dcf"},
    "train": {"--recipe": "siamfc_mobile", "--out": "{new}"},
    "select": {},
    "gimbal": {},
    "replay": {"bag": "{bag}", "--select": "20,20,20,20", "--tracker": "dcf"},
    "export": {"--tracker": "dcf", "--out": "{new}.ts"},
    "reproduce": {"paper": "edcf"},
    "weights list": {},
    "weights download": {"names": "dcf_tiny"},
    "weights verify": {"names": "dcf_tiny"},
    "weights import": {"--from": "pysot", "file": "{noise}", "--out": "{new}.safetensors"},
    "bench": {"--trackers": "dcf", "--video": "{frames}", "--box": "20,20,20,20", "--frames": "20"},
    "latency": {},
}
"""What else a command is given; without it the value might not be looked at."""
WITH = {
    ("eval", "--nano"): {"--trackers": "nanotrack"},
    ("vot", "--nano"): {"--trackers": "nanotrack"},
    ("bench", "--nano"): {"--trackers": "nanotrack"},
    ("eval", "--session-set"): {"--session": ""},
    ("eval", "--fps"): {"--session": ""},
    ("replay", "--node"): {"--params": str(config_file("uav_tracking.yaml"))},
    ("export", "--shape"): {"--module": "features"},
    ("export", "--module"): {"--out": "{new}.pt2"},
    ("demo", "--truth"): {"--video": "{frames}"},
}

ALONE = {("export", "--check")}
"""Options beside which those of `GOOD` would have no effect."""


def parsers() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command and command of a command."""

    def inner(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
        found = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        return dict(found[0].choices) if found else {}

    for name in COMMANDS:
        parser = inner(make_parser(name))[name]
        yield from ((f"{name} {sub}", part) for sub, part in inner(parser).items() or [("", parser)])


def test_every_argument_is_tried() -> None:
    for name, parser in parsers():
        taken = {
            a.option_strings[-1] if a.option_strings else a.dest for a in parser._actions if a.nargs != 0
        }
        assert taken == set(BAD[name.strip()]) | LATER.get(name.strip(), set()), name


def test_every_argument_is_explained() -> None:
    unexplained = [(name, a.dest) for name, parser in parsers() for a in parser._actions if not a.help]
    assert unexplained == []


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("places")
    write_squares(root / "data")
    (root / "noise").write_bytes(np.random.default_rng(0).bytes(500))
    (root / "file").write_text("a file")
    (root / "empty").mkdir()
    write_video(root / "film.avi", range(0, 100, 20))
    found = {name: str(root / name) for name in ("data", "noise", "file", "empty")}
    write_run(root / "results" / "ope" / "perfect", "down", trajectory(24))
    record(root / "bag", Scene(0, 3, "mcap", False, False), make_types())
    made = {name: str(root / name) for name in ("bag", "results")}
    return {**found, **made, "frames": str(root / "data" / "down")}


CASES = [(command, name, value) for command, found in BAD.items() for name in found for value in found[name]]


@pytest.mark.parametrize(("command", "name", "value"), CASES, ids=lambda part: str(part) or "empty")
def test_a_bad_value_ends_in_a_sentence(
    command: str,
    name: str,
    value: str,
    places: dict[str, str],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("no node is started for such a request")

    monkeypatch.setattr("subprocess.Popen", refuse)
    places = {**places, "new": str(tmp_path / "new")}
    beside = {} if (command, name) in ALONE else GOOD[command]
    given = {**beside, **WITH.get((command, name), {}), name: value}
    words = command.split()
    for key, text in given.items():
        filled = text.format(**places)
        words += [filled] if not key.startswith("-") else [key] if key == "--session" else [key, filled]
    try:
        status = cli.main(words)
    except SystemExit as ended:
        status = ended.code
    said = "".join(capfd.readouterr())
    assert "Traceback" not in said and "this should not happen" not in said, said
    assert status == 2, said
    # Of a path, the part that cannot be will do; of a list, its last.
    filled = value.format(**places)
    named = [filled, str(Path(filled).parent)] if value in OUT else [re.split("[=,]", filled)[-1]]
    assert any(text in "".join(said.split("\n")) for text in named), said


def test_values_that_begin_with_a_minus_are_values() -> None:
    assert join_negative(["track", "f", "--box", "-5,50,20,20"]) == ["track", "f", "--box=-5,50,20,20"]
    assert join_negative(["--box=1,2,3,4", "-5", "-x", "--fps", "-.5"]) == [
        "--box=1,2,3,4",
        "-5",
        "-x",
        "--fps=-.5",
    ]


def test_why_a_file_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("a file")
    assert new_file(str(tmp_path / "new.csv")) == tmp_path / "new.csv"
    for name, why in (
        ("absent/x", f"its folder {tmp_path / 'absent'} does not exist"),
        ("file/x", f"its folder {tmp_path / 'file'} is no folder"),
    ):
        with pytest.raises(
            argparse.ArgumentTypeError, match=f"'{tmp_path / name}' cannot be written: {why}$"
        ):
            new_file(str(tmp_path / name))
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write everywhere
    with pytest.raises(argparse.ArgumentTypeError, match=f"you may not write to {tmp_path}$"):
        new_file(str(tmp_path / "new.csv"))


def test_numbers_have_ranges() -> None:
    assert number(0.0, 1.0)("0.25") == 0.25 and integer(1)("7") == 7
    for read, text, words in (
        (number(above=0.0), "0", "not a number above 0"),
        (integer(1), "1.5", "not a whole number from 1 to 2147483647"),
        (integer(0), "99999999999", "not a whole number from 0 to 2147483647"),
        (integer(0, 9), "10", "from 0 to 9"),
        (number(), "nan", "not a finite number"),
    ):
        with pytest.raises(argparse.ArgumentTypeError, match=f"'{text}' is {words}|{words}"):
            read(text)
