# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Every recipe trains on miniature data sets in their published layouts, is ended by SIGTERM, and goes on."""

from __future__ import annotations

import dataclasses
import os
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest
from dataset_trees import TREES, vid_val

from tracker_ros.training import keeping
from tracker_ros.training.checkpoints import read_checkpoint
from tracker_ros.training.contract import PairTraining
from tracker_ros.training.recipes import Recipe, Validation, build, read_recipe, recipe_files
from tracker_ros.training.smoke import STEPS, clouds, smoke_recipe
from tracker_ros.training.sources import Named, open_sources
from tracker_ros.training.stopping import SIGNAL
from tracker_ros.training.trainer import Fit, train


def pan(root: Path) -> None:
    """A video whose camera pans by 4 px a frame."""
    rng = np.random.default_rng(0)
    wide = clouds(rng, 60, 180) // 2 + rng.integers(0, 128, (60, 180, 3), dtype=np.uint8) // 2
    film = cv2.VideoWriter(str(root / "pan.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (80, 60))
    for index in range(24):
        film.write(np.ascontiguousarray(wide[:, 4 * index : 4 * index + 80]))
    film.release()


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """A folder of each kind of data."""
    found = {}
    for kind in [*TREES, "unlabelled", "photos", "stamps"]:
        found[kind] = [tmp_path_factory.mktemp(kind)]
        if kind in TREES:
            TREES[kind](found[kind][0])
    vid_val(found["vid"][0])
    pan(found["unlabelled"][0])
    rng = np.random.default_rng(0)
    for index in range(2):
        cv2.imwrite(str(found["photos"][0] / f"{index}.png"), clouds(rng, 90, 120))
        stamp = np.dstack([clouds(rng, 40, 40), np.full((40, 40), 255, np.uint8)])
        cv2.imwrite(str(found["stamps"][0] / f"{index}.png"), stamp)
    return found


def two_steps(name: str) -> Recipe:
    return dataclasses.replace(smoke_recipe(read_recipe(name)), validation=Validation(share=0), cache=False)


def fitted(recipe: Recipe, sources: list[Named], out: Path, **options: object) -> Fit:
    return train(build(recipe, smoke=True), recipe, sources, out, accelerator="cpu", **options)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", sorted(recipe_files()))
def test_a_recipe_trains_on_its_data_and_goes_on_after_sigterm(
    name: str, roots: dict[str, list[Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    recipe = two_steps(name)
    sources = open_sources(recipe.data, roots, build(recipe, smoke=True).spec)
    with monkeypatch.context() as patch:
        # The first step is still running when the signal comes.
        call = PairTraining.__call__
        patch.setattr(
            PairTraining, "__call__", lambda *given: (os.kill(os.getpid(), signal.SIGTERM), call(*given))[1]
        )
        ended = fitted(recipe, sources, tmp_path)
    assert (ended.steps_done, ended.stopped) == (1, SIGNAL)
    last = tmp_path / keeping.LAST
    # The interval between checkpoints is ten minutes; after a signal not even a step is lost.
    content = read_checkpoint(last)
    assert content["global_step"] == 1 and set(content["data"]) == {str(e["kind"]) for e in recipe.data}
    whole = fitted(recipe, sources, tmp_path / "again", resume=last)
    assert (whole.steps_done, whole.stopped) == (STEPS, "") and np.isfinite(whole.last_loss)
    assert read_checkpoint(tmp_path / "again" / keeping.LAST)["global_step"] == STEPS
