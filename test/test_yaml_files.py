# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""YAML that people write: what hides a mistake or has no end is refused in one line, wherever it is read."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tracker_ros.trackers import SettingsError, given_settings, load, read_preset
from tracker_ros.training.recipes import RecipeError, read_recipe
from tracker_ros.weights.manifest import WeightsError, entries
from tracker_ros.yaml_files import LARGEST, YamlError, parse_yaml, read_yaml, require_types, shown

LAUGHS = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("-2E+5", -2e5),
        ("1.5e3", 1500.0),
        ("{a: &x [1], b: *x}", {"a": [1], "b": [1]}),
        ("{a: {<<: {k: 1}, k: 2}}", {"a": {"k": 2}}),
        ("e3", "e3"),
        ("1e", "1e"),
    ],
)
def test_plain_values_are_what_they_look_like(text: str, value: object) -> None:
    found = parse_yaml(text)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2", "line 2: the key 'a' stands there twice"),
        ("s:\n  k: 1\n  k: 1", "line 3: the key 'k' stands there twice"),
        ("a:\n\t- b", "line 2, column 1: found character '\\\\t' that cannot start any token"),
        ("a: [", "line 1, column 5: "),
        ("!!python/object/apply:os.system ['touch ran']", "could not determine a constructor"),
        ("{[1, 2]: 3}", "found unhashable key"),
        ("a: 2020-13-45", "month must be in 1..12"),
        ("\x00", "unacceptable character"),
        ("[" * 20_000, "it is nested too deeply"),
        ("&a [*a]", f"more than {LARGEST} values"),
        (LAUGHS, f"more than {LARGEST} values"),
    ],
)
def test_what_hides_a_mistake_or_has_no_end_is_refused(text: str, words: str) -> None:
    with pytest.raises(YamlError, match=words) as caught:
        parse_yaml(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [("[1]", r"got \[1\]"), ("7", "got 7"), ("1: 2", "got the key 1"), ("null: 2", "got the key None")],
)
def test_a_file_maps_names_to_values(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(YamlError, match=f"^it must map names to values, {words}$"):
        read_yaml(tmp_path / "a.yaml")
    (tmp_path / "a.yaml").write_text("# nothing\n")
    assert read_yaml(tmp_path / "a.yaml") == {}


@dataclasses.dataclass
class Kind:
    share: float
    count: int
    name: str
    steps: tuple[float, ...]
    any: int | None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"share": float("nan")}, "share must be a finite number, got nan"),
        ({"share": "1"}, "share must be a finite number, got '1'"),
        ({"share": True}, "share must be a finite number, got True"),
        ({"count": 1.0}, r"count must be a whole number, got 1\.0"),
        ({"name": [1]}, r"name must be a text, got \[1\]"),
        ({"steps": 3}, "steps must be a tuple, got 3"),
        ({"other": 3}, "unknown key 'other'; known: any, count, name, share, steps"),
    ],
)
def test_values_have_the_types_of_their_fields(content: dict, words: str) -> None:
    with pytest.raises(YamlError, match=f"^{words}$"):
        require_types(Kind, content)
    require_types(Kind, {"share": 1, "count": 2, "name": "", "steps": [1], "any": "x"})


def test_errors_show_no_more_of_a_value_than_a_line() -> None:
    endless: list = []
    endless.append(endless)
    assert shown([1, 2]) == "[1, 2]" and shown(endless) == "a list" and shown([0] * 100) == "a list"
    assert shown("x" * 500) == f"'{'x' * 76}..."


PRESETS = [
    ("tracker: [dcf]", r"tracker must be a name, got \['dcf'\]"),
    ("tracker: dcf\nweights: 3", "weights must be a name, got 3"),
    ("tracker: dcf\nsettings: [3]", r"settings must map names to values, got \[3\]"),
    ("tracker: dcf\nsettings: {1: 2}", "settings must map names to values, got the key 1"),
    ("tracker: dcf\nsession: keep", "session must map names to values, got 'keep'"),
    ("tracker: dcf\nname: dcf", "unknown key 'name'; known: session, settings, tracker, weights"),
    ("tracker: dcf\nsettings: {cell: 4, cell: 8}", "line 2: the key 'cell' stands there twice"),
    ("tracker:", "it names no tracker"),
    ("- dcf", "it must map names to values"),
    (LAUGHS, f"more than {LARGEST} values"),
]


@pytest.mark.parametrize(("text", "words"), PRESETS)
def test_a_preset_that_is_none_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=f"preset {path}: .*{words}"):
        read_preset(str(path))


def test_a_key_without_a_value_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("tracker: dcf\nweights:\nsettings:\n  # cell: 4\nsession:\n")
    load(str(path))


@pytest.mark.parametrize("value", [".nan", "-.inf", "[1]", "{}", "-1", "1e400", "'0.5'", "true", "~"])
def test_a_setting_of_a_preset_that_is_no_number_in_its_range_is_refused(tmp_path: Path, value: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"tracker: dcf\nsettings: {{learning_rate: {value}}}\n")
    with pytest.raises(SettingsError, match="'learning_rate' must be"):
        load(str(path))


def test_values_on_the_command_line_are_read_alike() -> None:
    assert given_settings(["learning_rate=1e-3"]) == {"learning_rate": 1e-3}
    with pytest.raises(SettingsError, match=r"learning_rate=\[: line 1"):
        given_settings(["learning_rate=["])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("optimizer: {name: sgd, lr: .nan}", "lr must be a finite number, got nan"),
        ("optimizer: [sgd]", r"optimizer must map names to values, got \['sgd'\]"),
        ("epochs: 1.5", "epochs must be a whole number"),
        ("seed: many", "seed must be a whole number, got 'many'"),
        ("data: segmented", "data must be a list"),
        ("validation: {runs: -1.5}", "runs must be a whole number"),
        ("cache: 1", "cache must be a truth value, got 1"),
    ],
)
def test_a_recipe_with_other_values_is_refused(change: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        read_recipe("micro_resnet", parse_yaml(change))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1]", "it must map names to values"),
        ("a: [1]", "a must map names to values"),
        ("a: {file: 3, source: s, licence: l, sha256: '12345678'}", "'a': file must be a text, got 3"),
        ("a: {file: f, source: s, licence: l, sha256: 12345678}", "sha256 must be 8 to 64"),
        ("a: {}\na: {}", "the key 'a' stands there twice"),
    ],
)
def test_a_manifest_of_weights_that_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    (tmp_path / "weights.yaml").write_text(text)
    monkeypatch.setattr("tracker_ros.weights.manifest.config_folders", lambda: [tmp_path])
    with pytest.raises(WeightsError, match=words):
        entries()
