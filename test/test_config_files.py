# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Where files of the package and of its user are, for users without a home folder too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker_ros.config_files import user_cache, yaml_file, yaml_files
from tracker_ros.data.sequence import DataError
from tracker_ros.trackers import load
from tracker_ros.training.frames import cache_folder
from tracker_ros.weights import WeightsError, manifest


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
