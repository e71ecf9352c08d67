# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Every number of the papers' implementation sections stands where its table says.

The tables beside this file hold one number a row: the quantity, the paper's value, ours where it differs, the
section, where it stands and under which key, and a note. A row that differs says why. `where` is:

    recipe:NAME      a field of config/recipes/NAME.yaml; ``lr@E`` is the learning rate at epoch E
    preset:NAME      a setting of config/trackers/NAME.yaml, defaults included; A/B is a ratio
    tracker:NAME     an attribute of the tracker that the preset makes
    training:NAME    an attribute of the module that config/recipes/NAME.yaml trains
    python:MODULE    a constant, or NAME.defaults.PARAMETER of a function or class
    test:FILE        a test that holds the number, where it stands in no single place
"""

from __future__ import annotations

import csv
import functools
import inspect
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tracker_ros.trackers import create, make_settings, read_preset, tracker_class
from tracker_ros.training.recipes import Recipe, build, read_recipe

FOLDER = Path(__file__).parent
REPOSITORY = FOLDER.parents[1]


def rows() -> list[Any]:
    found = []
    for path in sorted(FOLDER.glob("*.csv")):
        with path.open() as file:
            for row in csv.DictReader(file):
                found.append(pytest.param(row, id=f"{path.stem}-{row['quantity']}"))
    return found


@functools.cache
def holder(where: str) -> Any:
    """The object in which a row's key is looked up."""
    kind, _, name = where.partition(":")
    if kind == "recipe":
        return read_recipe(name)
    if kind == "training":
        return build(read_recipe(name), smoke=True)
    if kind == "python":
        return import_module(name)
    preset = read_preset(name)
    if kind == "preset":
        return make_settings(tracker_class(preset.tracker).Settings, preset.settings, name)
    assert kind == "tracker", f"no place is called '{kind}'"
    return create(preset.tracker, preset.settings)


def step(value: Any, part: str, rest: list[str]) -> tuple[Any, list[str]]:
    """One step of a path: a key, an index, an attribute, a length or a parameter's default."""
    if part == "len":
        return len(value), rest
    if part == "defaults":
        return inspect.signature(value).parameters[rest[0]].default, rest[1:]
    if isinstance(value, Mapping):
        # Keys such as network.iou have dots themselves.
        whole = ".".join([part, *rest])
        if whole in value:
            return value[whole], []
        return value[part] if part in value else value[int(part)], rest
    if inspect.isclass(value) and part in getattr(value, "_field_defaults", {}):
        return value._field_defaults[part], rest
    return (value[int(part)] if part.isdigit() else getattr(value, part)), rest


def looked_up(where: str, key: str) -> Any:
    """What stands under a row's key."""
    value = holder(where)
    if isinstance(value, Recipe) and key.startswith("lr@"):
        share = value.schedule.share(float(key[3:]), value.epochs, value.optimizer.lr)
        return value.optimizer.lr * share
    if "/" in key:
        above, below = (float(looked_up(where, part)) for part in key.split("/"))
        return above / below
    parts = key.split(".")
    while parts:
        value, parts = step(value, parts[0], parts[1:])
    return value


@pytest.mark.parametrize("row", rows())
def test_a_number_of_the_papers_stands_where_the_table_says(row: dict[str, str]) -> None:
    assert None not in row and None not in row.values(), "a row has another number of cells"
    if row["ours"]:
        assert row["note"], "a difference without a reason"
        assert row["ours"] != row["value"]
    if row["where"].startswith("test:"):
        assert f"def {row['key']}(" in (REPOSITORY / row["where"].removeprefix("test:")).read_text()
        return
    expected, found = row["ours"] or row["value"], looked_up(row["where"], row["key"])
    if isinstance(found, (str, bool)):
        assert str(found) == expected
    else:
        assert float(found) == pytest.approx(float(expected), rel=1e-8)


def test_a_wrong_number_is_noticed() -> None:
    """The resolver reads the file and not the table: another recipe has other numbers."""
    assert looked_up("recipe:cfnet", "epochs") != looked_up("recipe:adacfnet", "epochs")
    assert looked_up("preset:edcf", "scale_step") != looked_up("preset:adacfnet", "scale_step")
    with pytest.raises(AttributeError):
        looked_up("recipe:adacfnet", "epoch")


def test_siamfc_sl_s_rate_falls_by_the_code_s_factor() -> None:
    rates = [float(looked_up("recipe:siamfc_sl_reference", f"lr@{epoch}")) for epoch in (10, 11, 12)]
    assert [b / a for a, b in zip(rates, rates[1:], strict=False)] == pytest.approx([0.8685] * 2, rel=2e-4)
