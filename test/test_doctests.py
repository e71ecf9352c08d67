# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The examples in docstrings give what they say."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest
import torch

PACKAGE = Path(__file__).resolve().parents[1] / "tracker_ros"
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py" and ">>>" in path.read_text()
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    torch.set_printoptions(profile="default")
    done = doctest.testmod(import_module(name), extraglobs={"torch": torch})
    assert done.attempted > 0 and done.failed == 0


def test_what_users_call_has_examples() -> None:
    wanted = {
        "geometry",
        "losses.shrinkage",
        "losses.classification",
        "ops.crop",
        "ops.ridge",
        "session.machine",
    }
    assert {f"tracker_ros.{name}" for name in wanted} <= set(MODULES)
