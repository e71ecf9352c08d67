# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Where files of the package and of its user are, for users without a home folder too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tracker_ros.cli import main
from tracker_ros.config_files import RETIRED, retired, user_cache, yaml_file, yaml_files
from tracker_ros.data.sequence import DataError
from tracker_ros.networks.siamfc import SiamFCModel
from tracker_ros.trackers import load, preset_files, read_preset
from tracker_ros.training.frames import cache_folder
from tracker_ros.training.recipes import RecipeError, read_recipe
from tracker_ros.weights import WeightsError, load_weights, manifest


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user by number only, as a container may have: no HOME, and the system does not know them."""

    def unknown(user: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {user}")

    monkeypatch.setattr("pwd.getpwuid", unknown)
    for name in ("HOME", "XDG_CACHE_HOME", manifest.VARIABLE):
        monkeypatch.delenv(name, raising=False)


def test_the_cache_is_where_the_user_says_or_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/anna")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert user_cache() == Path("/home/anna/.cache/tracker_ros")
    monkeypatch.setenv("XDG_CACHE_HOME", "/big")
    assert user_cache() == Path("/big/tracker_ros")
    assert Path("/big/tracker_ros/weights") in manifest.search_path()


def test_a_user_without_a_home_tracks_and_is_told_what_to_set(homeless: None) -> None:
    assert user_cache() is None
    load("dcf_tiny")
    with pytest.raises(WeightsError, match="no home folder; set TRACKER_ROS_WEIGHTS"):
        manifest.cache()
    with pytest.raises(DataError, match="no home folder; set XDG_CACHE_HOME"):
        cache_folder()


def test_a_name_finds_the_first_folder_s_file_and_a_path_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = tmp_path / "install"
    recipes = prefix / "share" / "tracker_ros" / "config" / "recipes"
    recipes.mkdir(parents=True)
    for name in ("siamfc", "mine"):
        (recipes / f"{name}.yaml").write_text("")
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(prefix))
    files = yaml_files("recipes")
    assert files["mine"] == recipes / "mine.yaml" and files["siamfc"] != recipes / "siamfc.yaml"
    assert yaml_file("recipes", "recipe", "mine") == recipes / "mine.yaml"
    assert yaml_file("recipes", "recipe", str(recipes / "siamfc.yaml")) == recipes / "siamfc.yaml"
    with pytest.raises(FileNotFoundError, match="unknown recipe 'hers'; known: .*mine.*siamfc"):
        yaml_file("recipes", "recipe", "hers")
    with pytest.raises(FileNotFoundError, match="there is no recipe file hers.yaml"):
        yaml_file("recipes", "recipe", "hers.yaml")


@pytest.mark.parametrize(("old", "new"), sorted(RETIRED.items()))
def test_a_retired_preset_gives_its_successor_and_a_warning(old: str, new: str) -> None:
    assert new in preset_files() and old not in preset_files()
    with pytest.warns(FutureWarning, match=f"^tracker preset '{old}' was retired: use {new}, which"):
        described = read_preset(old)
    assert described == read_preset(new)


def test_the_warning_points_at_whoever_named_the_preset() -> None:
    for name in (lambda: load("siamfc_tiny", weights="random:0"), lambda: read_preset("siamfc_tiny")):
        with pytest.warns(FutureWarning, match="was retired") as warned:
            name()
        assert [warning.filename for warning in warned] == [__file__]


@pytest.mark.parametrize("action", ["error", "default"])
def test_a_command_tells_a_retired_preset_in_one_line(action: str, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    words = [
        "track",
        str(tmp_path),
        "--box",
        "9,9,30,30",
        "--tracker",
        "siamfc_tiny",
        "--weights",
        "random:0",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "tracker_ros.cli", *words],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONWARNINGS": f"{action}::FutureWarning"},
    )
    said = "tracker preset 'siamfc_tiny' was retired: use siamfc_mobile, which now takes its place"
    assert (done.returncode, done.stderr) == (0, f"tracker_ros track: {said}\n")


def test_a_retired_recipe_and_weights_are_answered_alike(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RecipeError, match="^recipe 'dcfst_tiny' was retired: use dcfst_mobile$"):
        read_recipe("dcfst_tiny")
    words = "set of weights 'siamfc_tiny' was retired: use siamfc_mobile"
    with pytest.raises(WeightsError, match=f"^{words}$"):
        load_weights(SiamFCModel(8, width=0.1), "siamfc_tiny")
    assert main(["weights", "verify", "siamfc_tiny"]) == 2
    assert words in capsys.readouterr().err


def test_only_what_is_there_is_named_instead() -> None:
    """TADT has neither recipe nor weights of its own, and a user may have a preset of a retired name."""
    with pytest.raises(RecipeError, match="unknown recipe 'tadt_tiny'; known: "):
        read_recipe("tadt_tiny")
    assert retired("preset", "siamfc_tiny", ("siamfc_mobile", "siamfc_tiny")) == ""
