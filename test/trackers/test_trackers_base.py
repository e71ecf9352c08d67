# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Settings, registry, presets and weights: what is refused is refused by name."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from tracker_ros.trackers import (
    SettingsError,
    create,
    load,
    make_settings,
    preset_files,
    read_preset,
    registered,
    setting,
)
from tracker_ros.weights.loader import WeightsError, fill, randomize, read_state_dict


@dataclass(frozen=True)
class Example:
    gain: float = setting(0.5, "gain", 0.0, 1.0)
    count: int = setting(3, "count", low=1)
    mode: str = setting("fast", "mode", choices=("fast", "exact"))
    learn: bool = setting(True, "learn")


@given(st.floats(0, 1), st.integers(1, 10**6), st.sampled_from(["fast", "exact"]), st.booleans())
def test_valid_settings_are_taken_as_they_are(gain, count, mode, learn):
    values = {"gain": gain, "count": count, "mode": mode, "learn": learn}
    assert vars(make_settings(Example, values, "example")) == values


def test_a_whole_number_serves_as_a_float():
    assert make_settings(Example, {"gain": 1}, "example").gain == 1.0


@pytest.mark.parametrize(
    "values, words",
    [
        ({"gian": 0.5}, "unknown setting 'gian'; known: count, gain, learn, mode"),
        ({"gain": 1.5}, "'gain' must be in [0.0, 1.0], got 1.5"),
        ({"gain": math.nan}, "'gain' must be in [0.0, 1.0], got nan"),
        ({"count": 0}, "'count' must be in [1, inf], got 0"),
        ({"count": 2.0}, "'count' must be a int, got 2.0"),
        ({"count": True}, "'count' must be a int, got True"),
        ({"gain": True}, "'gain' must be a float, got True"),
        ({"mode": "slow"}, "'mode' must be one of fast, exact, got 'slow'"),
        ({"learn": "yes"}, "'learn' must be a bool, got 'yes'"),
    ],
)
def test_a_bad_setting_is_refused_by_name(values, words):
    with pytest.raises(SettingsError) as caught:
        make_settings(Example, values, "example")
    assert words in str(caught.value) and str(caught.value).startswith("example: ")


def test_every_setting_of_every_tracker_says_what_it_is():
    for name, cls in registered().items():
        for key, field in cls.Settings.__dataclass_fields__.items():
            assert field.metadata.get("text"), f"{name}.{key} has no text"


def test_a_preset_names_a_file_of_weights_from_its_own_folder(tmp_path, monkeypatch):
    folder = tmp_path / "mine"
    (folder / "w").mkdir(parents=True)
    preset = folder / "mine.yaml"
    preset.write_text("tracker: siamfc\nweights: w/net.safetensors\nsettings: {width_multiplier: 0.125}\n")
    tracker = load(preset, weights="random:7")
    save_file({n: t.contiguous() for n, t in tracker.state_dict().items()}, folder / "w" / "net.safetensors")
    monkeypatch.chdir(tmp_path)
    for name in (preset, "mine/mine.yaml"):
        found = load(name).state_dict()
        assert all(torch.equal(tensor, found[n]) for n, tensor in tracker.state_dict().items())
    monkeypatch.chdir(folder)
    load("mine.yaml")
    (folder / "w" / "net.safetensors").unlink()
    with pytest.raises(WeightsError, match=f"weights file {folder}/w/net.safetensors does not exist"):
        load(preset)
    for weights in ("siamban_mobile", "random:0", str(tmp_path / "x.safetensors"), '""'):
        preset.write_text(f"tracker: siamfc\nweights: {weights}\n")
        assert read_preset(str(preset)).weights == weights.strip('"')


def test_an_archive_is_no_file_of_weights(tmp_path):
    (tmp_path / "a.ts").write_bytes(b"PK")
    with pytest.raises(WeightsError, match="a.ts is an archive, a whole tracker: the tracker node takes it"):
        load("dcf_tiny", weights=str(tmp_path / "a.ts"))
    with pytest.raises(SettingsError, match="a.ts is an archive and no preset: the tracker node takes it"):
        load(tmp_path / "a.ts")


def test_unknown_names_list_the_known_ones():
    with pytest.raises(SettingsError, match="unknown tracker 'none'; known: .*dcf"):
        create("none")
    with pytest.raises(SettingsError, match="there is no preset file none.yaml"):
        read_preset("none.yaml")
    with pytest.raises(SettingsError, match="unknown preset 'none'; known: .*dcf"):
        read_preset("none")


@pytest.mark.parametrize("name", sorted(preset_files()))
def test_every_preset_is_valid(name):
    preset = read_preset(name)
    make_settings(registered()[preset.tracker].Settings, preset.settings, name)


@pytest.mark.parametrize(
    "text, words",
    [
        ("tracker: [", "preset"),
        ("trakcer: dcf", "trakcer"),
        ("settings: {}", "tracker"),
    ],
)
def test_a_broken_preset_file_is_refused_by_path(tmp_path, text, words):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_preset(str(path))
    assert str(path) in str(caught.value) and words in str(caught.value)


def test_a_preset_file_of_the_user_is_loaded_with_overrides(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("tracker: dcf\nsettings: {learning_rate: 0.5}\n")
    assert read_preset(str(path)).settings == {"learning_rate": 0.5}
    load(str(path), {"learning_rate": 0.25})
    with pytest.raises(SettingsError, match="'learning_rate'"):
        load(str(path), {"learning_rate": -1.0})


def layers() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))


def test_random_weights_repeat_and_leave_the_global_generator_alone():
    one, two, other = layers(), layers(), layers()
    before = torch.random.get_rng_state()
    randomize(one, 7)
    randomize(two, 7)
    randomize(other, 8)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(one[0].weight, two[0].weight)
    assert not torch.equal(one[0].weight, other[0].weight)


def test_weights_that_do_not_fit_are_listed():
    tensors = layers().state_dict()
    tensors["0.weight"] = torch.zeros(4, 3, 5, 5)
    tensors["extra"] = torch.zeros(1)
    del tensors["0.bias"]
    with pytest.raises(WeightsError) as caught:
        fill(layers(), tensors, "some.pth")
    for words in ("some.pth", "missing 0.bias", "unexpected extra", "(4, 3, 5, 5), expected (4, 3, 3, 3)"):
        assert words in str(caught.value)


class Malicious:
    def __reduce__(self):
        return print, ("code ran",)


def test_a_pickle_that_would_run_code_is_refused(tmp_path, capsys):
    path = tmp_path / "bad.pth"
    torch.save({"weight": Malicious()}, path)
    with pytest.raises(WeightsError, match="cannot be read as plain tensors"):
        read_state_dict(path)
    assert "code ran" not in capsys.readouterr().out


def test_truncated_and_missing_files_are_named(tmp_path):
    path = tmp_path / "cut.pth"
    torch.save({"weight": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(WeightsError, match="cut.pth"):
        read_state_dict(path)
    with pytest.raises(WeightsError, match="absent.pth does not exist"):
        read_state_dict(tmp_path / "absent.pth")
