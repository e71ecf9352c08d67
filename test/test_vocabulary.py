# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""One word for one thing: settings keys, the glossary, and words that are gone."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tracker_ros.trackers import SettingsError, create, registered
from tracker_ros.trackers.presets import preset_files, read_preset
from tracker_ros.trackers.renamed import RENAMED
from tracker_ros.training.recipes import RENAMED as RENAMED_RECIPE_KEYS
from tracker_ros.training.recipes import RecipeError, read_recipe, recipe_files

ROOT = Path(__file__).resolve().parents[1]
GONE = r"\b(in hand|obey(s|ed)?|curable|unasked|wishes|trouble|patience|a box that is none)\b"
"""Private words of earlier versions, which the field does not use."""
MADE = ("build", "install", "log", "out", "site")
"""Folders that are not part of the source."""
OWN = {name: cls for name, cls in registered().items() if cls.__module__.startswith("tracker_ros.")}


def meaning(field: dataclasses.Field[object]) -> str:
    """What a key means; after a semicolon stands what is special to one tracker."""
    return str(field.metadata["text"]).split(";")[0]


def test_a_key_means_the_same_in_every_tracker() -> None:
    meanings: dict[str, dict[str, list[str]]] = {}
    for name, cls in OWN.items():
        for field in dataclasses.fields(cls.Settings):
            meanings.setdefault(field.name, {}).setdefault(meaning(field), []).append(name)
    assert {key: texts for key, texts in meanings.items() if len(texts) > 1} == {}


def test_a_thing_has_one_key() -> None:
    keys: dict[str, set[str]] = {}
    for cls in OWN.values():
        for field in dataclasses.fields(cls.Settings):
            keys.setdefault(meaning(field), set()).add(field.name)
    assert {text: names for text, names in keys.items() if len(names) > 1} == {}


def test_the_documentation_says_what_the_code_says() -> None:
    command = [sys.executable, str(ROOT / "docs" / "tables.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("tracker", sorted(RENAMED))
def test_former_keys_are_refused_with_the_present_name(tracker: str) -> None:
    fields = {field.name for field in dataclasses.fields(OWN[tracker].Settings)}
    for former, present in RENAMED[tracker].items():
        if former in fields or present not in fields:
            continue  # of another member of the family, or a name with a new meaning
        with pytest.raises(SettingsError, match=f"'{former}' is called '{present}' now"):
            create(tracker, {former: 1})


def test_no_preset_uses_a_former_key() -> None:
    for name in preset_files():
        preset = read_preset(name)
        fields = {field.name for field in dataclasses.fields(registered()[preset.tracker].Settings)}
        assert set(preset.settings) <= fields, name


def test_no_page_gives_a_former_key_a_value() -> None:
    present = {field.name for cls in OWN.values() for field in dataclasses.fields(cls.Settings)}
    # Words that are keys of other things: `rate` of nodes, `step` and `size` of recipes and scenes.
    present |= {"rate", "size", "step", "share", "a", "c"}
    former = {key for keys in RENAMED.values() for key in keys} - present
    pattern = re.compile(rf"(?<![\w.])({'|'.join(sorted(former))})(: ?|=)-?[.\d]")
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    code = re.compile(r"`[^`\n]+`|settings: *\{.*\}")
    parts = [(page.name, part) for page in pages for part in code.findall(page.read_text())]
    assert [named for named in parts if pattern.search(named[1])] == []


@pytest.mark.parametrize("former", sorted(RENAMED_RECIPE_KEYS))
def test_former_keys_of_recipes_are_refused_with_the_present_name(former: str, tmp_path: Path) -> None:
    part, _, key = former.rpartition(".")
    text = recipe_files()["siamfc"].read_text()
    added = f"{part}: {{{key}: 1}}\n" if part else f"{key}: 1\n"
    kept = re.sub(rf"^{part}:.*\n", "", text, flags=re.M) if part else text
    (tmp_path / "mine.yaml").write_text(kept + added)
    with pytest.raises(RecipeError, match=f"'{former}' is called '{RENAMED_RECIPE_KEYS[former]}' now"):
        read_recipe(str(tmp_path / "mine.yaml"))


def test_words_that_are_gone_do_not_come_back() -> None:
    found = []
    for path in [*ROOT.rglob("*.py"), *ROOT.rglob("*.md"), *ROOT.rglob("*.js"), *ROOT.rglob("*.yaml")]:
        parts = path.relative_to(ROOT).parts
        if (
            parts[0].startswith(".")
            or parts[0] in ("build", "install", "log", "out")
            or path == Path(__file__)
        ):
            continue
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if re.search(GONE, line, re.I):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert found == []


def test_docstrings_begin_with_a_verb_or_a_noun() -> None:
    stiff = re.compile(r'"""(What|Whether|How|Where|That|Who|Which|When|Of|From|As|Tell|Say|Return what)\b')
    found = []
    for path in [*(ROOT / "tracker_ros").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")]:
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if stiff.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert found == []
