# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Suites of replays, and the drawings for Foxglove in a result bag."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

pytest.importorskip("rosbags", reason="rosbags is not installed")

from rosbags.rosbag2 import Reader  # noqa: E402

from tracker_ros.cli import main  # noqa: E402
from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.replay import bag as bag_module  # noqa: E402
from tracker_ros.replay import suite as suite_module  # noqa: E402
from tracker_ros.replay.annotations import ANNOTATIONS, drawing  # noqa: E402
from tracker_ros.replay.bag import ANNOTATIONS_TOPIC  # noqa: E402
from tracker_ros.replay.messages import Factory, make_types  # noqa: E402
from tracker_ros.replay.scenes import Scene, record  # noqa: E402
from tracker_ros.replay.suite import read_suite  # noqa: E402
from tracker_ros.session import Report, State  # noqa: E402

TYPES = make_types()
SUITES = Path(__file__).resolve().parents[2] / "config" / "replay"


@pytest.fixture
def flight(tmp_path: Path) -> tuple[Path, str]:
    """A bag of a short flight, and its --select."""
    _, box = record(tmp_path / "flight", Scene(0, 8), TYPES)
    return tmp_path / "flight", ",".join(f"{value:.3f}" for value in box.to_xywh())


def run_suite(path: Path, text: str) -> int:
    (path / "suite.yaml").write_text(text)
    return main(["replay", "--suite", str(path / "suite.yaml")])


def test_every_way_to_store_images_gives_the_same_boxes(
    flight: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bag, select = flight
    words = ["replay", str(bag), "--select", select, "--out", str(tmp_path / "expected")]
    assert main(words) == 0
    assert (
        run_suite(
            tmp_path,
            f"""
cases:
  a bag: {{bag: flight, select: '{select}', expect: expected, min_iou: 0.999, max_without_box: 0}}
""",
        )
        == 0
    )
    assert (
        run_suite(
            tmp_path,
            """
defaults: {scene: 0, frames: 8, min_truth_iou: 0.7, max_without_box: 0}
cases:
  sqlite3: {storage: sqlite3}
  JPEG: {jpeg: true}
  both: {storage: sqlite3, jpeg: true, session: {confirm_frames: 1}}
""",
        )
        == 0
    )
    assert capsys.readouterr().out.count("good") == 4


def test_a_report_in_xml_tells_every_case(flight: tuple[Path, str], tmp_path: Path) -> None:
    bag, select = flight
    assert main(["replay", str(bag), "--select", select, "--out", str(tmp_path / "expected")]) == 0
    (tmp_path / "flights.yaml").write_text(
        f"""
defaults: {{select: '{select}', expect: expected}}
cases:
  kept: {{bag: flight, min_iou: 0.999}}
  "mi\\x07ssed & <moved>": {{bag: flight, select: '0,0,30,30', min_iou: 0.5, max_without_box: 0}}
  absent: {{bag: nowhere}}
"""
    )
    words = ["replay", "--suite", str(tmp_path / "flights.yaml"), "--junit", str(tmp_path / "report.xml")]
    assert main(words) == 2
    (group,) = ElementTree.parse(tmp_path / "report.xml").getroot()
    assert group.attrib.items() >= {"name": "flights", "tests": "3", "failures": "1", "errors": "1"}.items()
    kept, missed, absent = group
    assert [case.get("name") for case in group] == ["kept", "mi\\x07ssed & <moved>", "absent"]
    assert [[part.tag for part in case] for case in group] == [
        ["system-out"],
        ["failure", "system-out"],
        ["error", "system-out"],
    ]
    assert "images: 8\nlate: 0\nno box: 0\nlowest IoU: 1.000" in (kept[0].text or "")
    assert "IoU 0.000 with the expected box" in missed[0].get("message", "")
    assert "nowhere" in absent[0].get("message", "")
    assert sum(float(case.get("time", "")) for case in group) == pytest.approx(
        float(group.get("time", "")), abs=0.01
    )


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["flight", "--select", "1,1,9,9", "--junit", "r.xml"], "--junit needs --suite"),
        (["--suite", "suite.yaml", "--junit", "suite.yaml"], "'suite.yaml' must end in .xml"),
        (["--suite", "suite.yaml", "--junit", "nowhere/r.xml"], "its folder nowhere does not exist"),
    ],
)
def test_a_report_that_cannot_be_is_refused_first(
    words: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        assert main(["replay", *words]) == 2
    except SystemExit as ended:  # argparse
        assert ended.code == 2
    assert reason in capsys.readouterr().err


def test_a_case_takes_a_robot_s_parameters(tmp_path: Path) -> None:
    (tmp_path / "robot.yaml").write_text(
        "tracker: {ros__parameters: {tracker: dcf, session: {keep_score: 0.3, coast_seconds: 9.0}}}\n"
        "/b/tracker: {ros__parameters: {tracker: dcf_tiny, settings.learning_rate: 0.1}}\n"
        "/c/tracker: {ros__parameters: {tracker: mine.yaml}}\n"
    )
    (tmp_path / "suite.yaml").write_text(
        """
defaults: {bag: flight, select: '1,2,30,40', params: robot.yaml}
cases:
  robot: {}
  its own: {session: {coast_seconds: 0.5}}
  another: {node: /b/tracker}
  elsewhere: {tracker: siamfc_mobile}
  files: {tracker: mine.yaml, weights: w/net.safetensors}
  names: {weights: 'random:0'}
  flown: {node: /c/tracker}
"""
    )
    cases = dict(read_suite(tmp_path / "suite.yaml", tmp_path, TYPES))
    assert [case.tracker for case in cases.values()][:4] == ["dcf", "dcf", "dcf_tiny", "siamfc_mobile"]
    # As every path in a suite, from its folder on.
    assert cases["files"].tracker == str(tmp_path / "mine.yaml") and cases["names"].weights == "random:0"
    assert cases["flown"].tracker == str(tmp_path / "mine.yaml")
    assert cases["files"].weights == str(tmp_path / "w" / "net.safetensors")
    assert cases["robot"].session == {"keep_score": 0.3, "coast_seconds": 9.0}
    assert cases["its own"].session == {"keep_score": 0.3, "coast_seconds": 0.5}
    assert cases["another"].session == {} and cases["another"].settings == {"learning_rate": 0.1}


def test_a_bag_that_starts_over_is_lost_for_a_moment_only(tmp_path: Path) -> None:
    assert (
        run_suite(
            tmp_path,
            """
cases:
  loop: {tracker: dcf_tiny, scene: 0, frames: 24, loop: true, max_without_box: 4, min_truth_iou: 0.8}
  the default: {scene: 0, frames: 24, loop: true, max_without_box: 4, min_truth_iou: 0.7}
""",
        )
        == 0
    )


def test_the_verdict_of_the_worst_case_counts(
    flight: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, select = flight
    text = f"""
defaults: {{bag: flight}}
cases:
  elsewhere: {{select: '5,5,30,30', truth: /truth, min_truth_iou: 0.5}}
  good: {{select: '{select}', truth: /truth, min_truth_iou: 0.5}}
"""
    assert run_suite(tmp_path, text) == 1
    shown = capsys.readouterr().out
    assert "elsewhere: mean IoU" in shown and "is below 0.5" in shown and "good" in shown
    assert run_suite(tmp_path, text + "  none: {bag: none, select: '5,5,30,30'}\n") == 2
    assert "none cannot be read as a bag" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cases: {}", "needs a mapping 'cases'"),
        ("cases: {a: {}}\nextra: 1", "unknown key 'extra'"),
        ("cases: {a: [", "not valid YAML"),
        ("cases: {a: {bag: x, scene: 0}}", "case 'a': give either 'bag' or 'scene'"),
        ("cases: {a: {bag: x}}", "'select' (x,y,w,h in the first image) is missing"),
        ("cases: {a: {scene: 0, shade: 1}}", "unknown setting 'shade'"),
        ("cases: {a: {scene: 0, loop: 1}}", "'loop' cannot be 1"),
        ("cases: {a: {scene: true}}", "'scene' cannot be True"),
        ("cases: {a: {scene: 0, min_truth_iou: 2}}", "'min_truth_iou' must be between 0 and 1, got 2"),
        ("cases: {a: {scene: 0, storage: tape}}", "'storage' must be one of mcap, sqlite3, got 'tape'"),
        ("cases: {a: {scene: -1}}", "suite.yaml, case 'a': 'scene' must be at least 0, got -1"),
        ("cases: {a: {scene: 0, max_without_box: -1}}", "'a': 'max_without_box' must be at least 0, got -1"),
        ("cases: {a: {scene: 0, node: /b/tracker}}", "case 'a': 'node' needs 'params'"),
        ("cases: {a: {scene: 0, params: no.yaml}}", "no.yaml: No such file or directory"),
        ("cases: {a: {scene: 0, frames: 1}}", "'frames' must be at least 2, got 1"),
        ("cases: {a: {bag: x, select: 'a,b'}}", "case 'a': 'select': 'a,b' is not x,y,w,h in pixels"),
        ("cases: {a: {bag: x, select: '1,2,0,4'}}", "case 'a': 'select': '1,2,0,4' is no box"),
        ("cases: {a: {bag: x, select: '1,2,3,4', min_truth_iou: 1}}", "'a': 'min_truth_iou' needs 'truth'"),
        ("defaults: {min_iou: 1}\ncases: {a: {scene: 0}}", "case 'a': 'min_iou' needs 'expect'"),
        ("cases: {a: {scene: 0, truth: '', min_truth_iou: 1}}", "case 'a': 'truth' is empty"),
        ("cases: {a: {scene: 0, select: '1,2,3,4'}}", "case 'a': 'select' does not go with 'scene'"),
        ("cases: {a: {bag: x, select: '1,2,3,4', jpeg: true}}", "case 'a': 'jpeg' does not go with 'bag'"),
    ],
)
def test_a_wrong_suite_ends_with_one_line(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_suite(tmp_path, text) == 2
    shown = capsys.readouterr().err
    assert message in shown and shown.count("\n") == 1


def test_a_suite_that_is_no_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path, why in ((tmp_path / "none.yaml", "No such file or directory"), (tmp_path, "Is a directory")):
        assert main(["replay", "--suite", str(path)]) == 2
        assert capsys.readouterr().err == f"tracker_ros replay: the suite {path} cannot be read: {why}\n"


def test_a_result_bag_that_cannot_be_written_leaves_nothing(
    flight: tuple[Path, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Half a bag was in the way of the next try."""
    bag, select = flight
    words = [
        "replay",
        str(bag),
        "--select",
        select,
        "--tracker",
        "dcf_tiny",
        "--out",
        str(tmp_path / "result"),
    ]
    with monkeypatch.context() as full:

        def fail(*given: Any) -> None:
            raise OSError(28, "No space left on device")

        full.setattr(bag_module, "drawing", fail)
        assert main(words) == 2
    assert "result cannot be written: [Errno 28] No space left" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [bag]
    assert main(words) == 0
    assert sorted(path.name for path in (tmp_path / "result").iterdir()) == ["metadata.yaml", "result.mcap"]


@pytest.mark.parametrize("path", sorted(SUITES.glob("*.yaml")), ids=lambda path: path.name)
def test_the_suites_that_ship_can_be_read(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite_module, "record", lambda *_: ("/truth", Box(9, 9, 9, 9)))
    assert len(read_suite(path, tmp_path, TYPES)) >= 1


def test_options_that_a_suite_does_not_read_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "replay",
        "flight",
        "--suite",
        "s.yaml",
        "--tracker",
        "dcf",
        "--min-truth-iou",
        "1",
        "--loop",
        "2",
    ]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "--suite s.yaml says everything about its cases: leave out the bag, --tracker" in said
    assert "--min-truth-iou" in said and "--loop" in said


def test_a_bag_or_a_suite_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay"]) == 2
    assert "give a bag and --select" in capsys.readouterr().err


def test_the_result_bag_draws_its_boxes(flight: tuple[Path, str], tmp_path: Path) -> None:
    bag, select = flight
    assert main(["replay", str(bag), "--select", select, "--out", str(tmp_path / "result")]) == 0
    drawn: list[Any] = []
    with Reader(tmp_path / "result") as reader:
        for connection, _, data in reader.messages():
            if connection.topic == ANNOTATIONS_TOPIC:
                assert connection.msgtype == ANNOTATIONS
                drawn.append(TYPES.deserialize_cdr(data, ANNOTATIONS))
    assert len(drawn) == 8
    (outline,), (label,) = drawn[-1].points, drawn[-1].texts
    assert outline.type == 2 and label.text.startswith("TRACKING") and outline.timestamp.sec > 0


def test_drawings_by_hand() -> None:
    header = Factory(TYPES, "dcf").header(5, "camera")
    report = Report(State.COASTING, "t", Box(10, 20, 4, 6), 0.5, 0.0, 0.0, None, "")
    made = drawing(TYPES, header, report)
    assert [(p.x, p.y) for p in made.points[0].points] == [(8, 17), (12, 17), (12, 23), (8, 23)]
    assert made.texts[0].text == "COASTING 0.50" and made.points[0].outline_color.r == 1.0
    gone = drawing(TYPES, header, report._replace(box=None, state=State.LOST))
    assert not gone.points and not gone.texts
