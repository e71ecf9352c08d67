# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Pairs: crops and boxes against painted rectangles, sampling rules, rendered scenes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tracker_ros.data.sequence import DataError
from tracker_ros.training.clips import BadImage, Clip, Decoded, ImageFiles
from tracker_ros.training.contract import PairSpec
from tracker_ros.training.cropping import cut, exemplar_extent
from tracker_ros.training.materials import polygons, read_photos, segmented, stamps, trimmed
from tracker_ros.training.sampling import ClipPairs, PairDataset, RenderedPairs, capped, collate
from tracker_ros.training.smoke import clouds
from tracker_ros.training.sources import mine_folder, open_sources
from tracker_ros.training.synthesis import Chances, Cutout, SyntheticPairs

SPEC = PairSpec(64, 96, "area", 3.0, "replicate", max_shift=12.0, max_scale=1.2)


def painted(box: np.ndarray, width: int = 160, height: int = 120) -> np.ndarray:
    image = np.zeros((height, width, 3), np.uint8)
    x, y = np.round(box[:2] - box[2:] / 2).astype(int)
    w, h = np.round(box[2:]).astype(int)
    image[y : y + h, x : x + w] = 255
    return image


def extent_of_white(crop: np.ndarray) -> np.ndarray:
    """Box of the bright pixels; bilinear edges make it exact to about half a crop pixel's stretch."""
    share = crop[..., 0].astype(np.float64) / 255
    rows, columns = share.max(1), share.max(0)
    w, h = columns.sum(), rows.sum()
    middle = (np.arange(len(columns)) + 0.5, np.arange(len(rows)) + 0.5)
    return np.array([(middle[0] * columns).sum() / w, (middle[1] * rows).sum() / h, w, h])


@pytest.mark.parametrize("context,amount", [("area", 3.0), ("siamfc", 0.5), ("padding", 1.5)])
def test_cut_box_matches_what_is_seen(context: str, amount: float) -> None:
    spec = PairSpec(64, 96, context, amount, "zero")
    box = np.array([70.0, 50.0, 20.0, 30.0])
    crop, inside = cut(painted(box), box, spec, 96, np.array([7.0, -5.0]), 1.3)
    np.testing.assert_allclose(extent_of_white(crop), inside, atol=0.6)
    np.testing.assert_allclose(inside[:2], [55, 43])


def test_exemplar_extents() -> None:
    assert exemplar_extent(PairSpec(127, 255), 40, 60) == pytest.approx(np.sqrt(90 * 110))
    np.testing.assert_allclose(exemplar_extent(PairSpec(1, 1, "padding", 1.5), 40, 60), [100, 150])
    assert exemplar_extent(PairSpec(1, 1, "area", 5.0), 40, 90) == pytest.approx(300)
    with pytest.raises(ValueError, match="unknown context"):
        exemplar_extent(PairSpec(1, 1, "round"), 4, 4)


@pytest.mark.parametrize("border,expected", [("zero", 0), ("replicate", 200), ("mean", 200)])
def test_border_outside_the_image(border: str, expected: int) -> None:
    image = np.full((40, 40, 3), 200, np.uint8)
    crop, _ = cut(image, np.array([2.0, 2.0, 10.0, 10.0]), PairSpec(64, 64, "area", 4.0, border), 64)
    assert crop[1, 1, 0] == expected


def numbered_clip(name: str, frames: int, level: int = 0) -> Clip:
    """Frame i is grey of the value level + i, so that a crop tells which frame it is from."""
    images = tuple(np.full((60, 60, 3), level + i, np.uint8) for i in range(frames))
    return Clip(name, Decoded(images), np.tile([30.0, 30.0, 16.0, 16.0], (frames, 1)))


def test_gap_is_kept_and_pairs_repeat() -> None:
    pairs = ClipPairs([numbered_clip("a", 100)], SPEC, gap=5)
    drawn = [pairs.draw(np.random.default_rng(seed)) for seed in range(50)]
    gaps = [abs(int(p.exemplar[0, 32, 32, 0]) - int(p.search[0, 48, 48, 0])) for p in drawn]
    assert max(gaps) == 5
    again = pairs.draw(np.random.default_rng(7))
    np.testing.assert_array_equal(again.search, drawn[7].search)


def test_negative_pairs_come_from_other_clips_at_the_asked_rate() -> None:
    clips = [numbered_clip("a", 5), numbered_clip("b", 5, 100)]
    pairs = ClipPairs(clips, SPEC, negative=0.4)
    drawn = [pairs.draw(np.random.default_rng(seed)) for seed in range(300)]
    assert np.mean([not p.positive for p in drawn]) == pytest.approx(0.4, abs=0.08)
    for pair in drawn:
        same = (pair.exemplar[0, 32, 32, 0] < 100) == (pair.search[0, 48, 48, 0] < 100)
        assert same or not pair.positive


def test_several_frames_a_sample() -> None:
    spec = PairSpec(32, 48, "area", 3.0, frames=3)
    dataset = PairDataset([(ClipPairs([numbered_clip("a", 9)], spec), 1.0)], 4)
    batch = collate([dataset[0], dataset[1]])
    assert batch["exemplar"].shape == (2, 3, 3, 32, 32) and batch["search_box"].shape == (2, 3, 4)


def test_shift_and_scale_stay_within_the_spec() -> None:
    pairs = ClipPairs([numbered_clip("a", 5)], SPEC)
    boxes = np.array([pairs.draw(np.random.default_rng(s)).search_box[0] for s in range(200)])
    offset = np.abs(boxes[:, :2] - 48)
    assert 10 < offset.max() <= 12.0
    sides = boxes[:, 2] / (64 / 3.0)
    assert 1.15 < sides.max() <= 1.2 and 1 / 1.2 <= sides.min() < 0.87


def test_bad_images_are_counted_and_named_and_never_fatal(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no image")
    bad = Clip("bad", ImageFiles((broken,)), np.array([[30.0, 30, 16, 16]]))
    spec = PairSpec(32, 32)
    sources = [(ClipPairs([bad], spec), 1.0), (ClipPairs([numbered_clip("a", 5)], spec), 1.0)]
    batch = collate([PairDataset(sources, 20)[i] for i in range(20)])
    assert len(batch["exemplar"]) == 20
    assert batch["bad"] and all("broken.jpg" in name for name in batch["bad"])
    with pytest.raises(BadImage, match="in a row"):
        PairDataset(sources[:1], 1)[0]


def test_epochs_differ_and_runs_do_not() -> None:
    dataset = PairDataset([(ClipPairs([numbered_clip("a", 50)], SPEC), 1.0)], 8, seed=3)
    first, again = dataset[2], dataset[2]
    assert torch.equal(first["search"], again["search"])
    dataset.epoch = 1
    assert not torch.equal(first["search_box"], dataset[2]["search_box"])


def white_disc(width: int = 60, height: int = 40) -> Cutout:
    alpha = np.zeros((height, width), np.uint8)
    cv2.ellipse(alpha, (width // 2, height // 2), (width // 2 - 2, height // 2 - 2), 0, 0, 360, 255, -1)
    return Cutout.from_rgba(np.dstack([np.full((height, width, 3), 255, np.uint8), alpha]), "disc")


def test_rendered_boxes_are_exact() -> None:
    black = np.zeros((80, 80, 3), np.uint8)
    chances = Chances(distractor=0.0, occlusion=0.0, loose=0.0)
    scenes = SyntheticPairs([black], [white_disc()], SPEC, chances)
    rng = np.random.default_rng(0)
    errors = []
    for _ in range(40):
        exemplar, box, search, later = scenes.render(rng)
        for crop, truth in ((exemplar, box), (search, later)):
            crop = crop.max(2)
            rows, columns = np.nonzero(crop > 0.5 * np.quantile(crop, 0.999))
            found = [
                (columns.min() + columns.max() + 1) / 2,
                (rows.min() + rows.max() + 1) / 2,
                np.ptp(columns) + 1,
                np.ptp(rows) + 1,
            ]
            errors.append(np.abs(found - truth))
    # Blur, low resolution and noise make single edges wrong by a few pixels, not on average.
    assert np.median(errors, axis=0).max() < 1.5


def test_rendered_shift_and_size_follow_the_spec() -> None:
    scenes = SyntheticPairs([np.zeros((80, 80, 3), np.uint8)], [white_disc()], SPEC)
    rng = np.random.default_rng(1)
    pairs = [scenes.render(rng) for _ in range(60)]
    exemplars, searches = (np.array([p[i] for p in pairs]) for i in (1, 3))
    np.testing.assert_allclose(exemplars[:, :2], 32.0)
    np.testing.assert_allclose(np.sqrt(exemplars[:, 2:].prod(1)), 64 / 3.0, rtol=1e-6)
    assert np.abs(searches[:, :2] - 48).max() <= 12.0
    ratio = np.sqrt(searches[:, 2:].prod(1)) / (64 / 3.0)
    assert ratio.min() >= 1 / 1.2 - 1e-6 and ratio.max() <= 1.2 + 1e-6


def test_rendered_pairs_are_seeded_and_say_which_are_negative() -> None:
    scenes = SyntheticPairs([np.zeros((80, 80, 3), np.uint8)], [white_disc(), white_disc(30, 50)], SPEC)
    source = RenderedPairs(scenes, negative=0.5)
    drawn = [source.draw(np.random.default_rng(s)) for s in range(30)]
    assert 5 < sum(p.positive for p in drawn) < 25
    np.testing.assert_array_equal(drawn[3].search, source.draw(np.random.default_rng(3)).search)


def test_materials(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    photo = cv2.GaussianBlur(rng.integers(0, 60, (120, 160, 3), dtype=np.uint8), (5, 5), 0)
    cv2.circle(photo, (80, 60), 30, (40, 200, 240), -1)
    cv2.imwrite(str(tmp_path / "a.png"), photo)
    (tmp_path / "a.txt").write_text("3 0.3 0.25 0.7 0.25 0.7 0.75 0.3 0.75\n")
    (cutout,) = polygons(tmp_path)
    assert cutout.group == "class:3"
    np.testing.assert_allclose(cutout.rgba.shape[:2], (60, 64), atol=2)
    (found,) = segmented(tmp_path)
    assert found.rgba.shape[0] == pytest.approx(61, abs=4)
    assert stamps(tmp_path) == []
    cv2.imwrite(str(tmp_path / "b.png"), np.dstack([photo, np.full(photo.shape[:2], 255, np.uint8)]))
    assert len(stamps(tmp_path)) == 1
    assert trimmed(np.zeros((40, 40, 4), np.uint8), "empty") == []
    large = np.full((400, 300, 4), 255, np.uint8)
    assert trimmed(large, "large")[0].rgba.shape[0] == 192


def test_materials_that_cannot_be_read_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    grey = np.full((40, 40, 3), 90, np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), grey)
    whole = (tmp_path / "a.png").read_bytes()
    for name in ("b.png", "c.png"):
        (tmp_path / name).write_bytes(whole[:-20])
    cv2.imwrite(str(tmp_path / "d.png"), np.full((40, 40), 7000, np.uint16))
    assert len(read_photos(tmp_path)) == 1
    assert "3 files left out, the first" in caplog.text and "b.png: PNG is cut off" in caplog.text
    caplog.clear()
    assert stamps(tmp_path) == []
    assert "4 files left out" in caplog.text and "no 8-bit image with an alpha channel" in caplog.text
    caplog.clear()
    (tmp_path / "short.avi").write_bytes(b"no film")
    with pytest.raises(DataError, match="no consistent track"):
        mine_folder(tmp_path)
    assert "1 files left out" in caplog.text and "short.avi is no video" in caplog.text


def test_unlabelled_videos_become_clips(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    wide = clouds(rng, 120, 400) // 2 + rng.integers(0, 128, (120, 400, 3), dtype=np.uint8) // 2
    writer = cv2.VideoWriter(str(tmp_path / "pan.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (160, 120))
    for i in range(30):
        writer.write(np.ascontiguousarray(wide[:, 4 * i : 4 * i + 160]))
    writer.release()
    (named,) = open_sources([{"kind": "unlabelled", "gap": 10}], {"unlabelled": [tmp_path]}, SPEC)
    clips = named.source.clips
    # The camera pans by 4 px a frame over a still scene, and every track says so.
    steps = np.concatenate([np.diff(clip.boxes[:, 0]) for clip in clips])
    assert np.median(steps) == pytest.approx(-4, abs=0.1)
    assert len(named.fingerprint) == 64 and named.source.draw(rng).positive
    (tmp_path / "pan.avi").unlink()
    with pytest.raises(DataError, match="no consistent track"):
        open_sources([{"kind": "unlabelled"}], {"unlabelled": [tmp_path]}, SPEC)


def test_sources_name_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--data got10k=FOLDER"):
        open_sources([{"kind": "got10k"}], {}, SPEC)
    with pytest.raises(DataError, match="unknown kind of data 'films'"):
        open_sources([{"kind": "films"}], {}, SPEC)
    picture = tmp_path / "p.png"
    cv2.imwrite(str(picture), np.zeros((30, 30, 3), np.uint8))
    with pytest.raises(DataError, match="cut-outs"):
        open_sources([{"kind": "synthetic"}], {"photos": [tmp_path]}, SPEC)
    for kind, options in (
        ("synthetic", "distractor, occlusion, turn, stretch, loose, fresh_background, negative, weight"),
        ("boxes", "gap, every, cap, negative, weight"),
        ("vid", "gap, every, cap, negative, weight, splits"),
    ):
        with pytest.raises(DataError, match=f"data '{kind}' has no option foo; it has {options}$"):
            open_sources([{"kind": kind, "foo": 1}], {"photos": [tmp_path]}, SPEC)


def test_no_group_of_clips_has_more_than_its_cap() -> None:
    groups = ["drone"] * 90 + ["dog"] * 6 + ["car"] * 4
    shares = capped(groups, 0.5)
    assert shares.sum() == pytest.approx(1.0)
    assert shares[:90].sum() == pytest.approx(0.5)
    # The others share the rest in proportion to their clips, until they are at the cap too.
    assert shares[90:96].sum() == pytest.approx(0.3) and shares[96:].sum() == pytest.approx(0.2)
    assert capped(groups, 0.4)[:96].sum() == pytest.approx(0.76)
    assert capped(groups, 0.1).reshape(-1)[[0, 90, 96]] == pytest.approx([1 / 270, 1 / 18, 1 / 12])
    assert capped(["one"] * 4, 0.2) == pytest.approx([0.25] * 4)


def test_capped_groups_are_drawn_as_often_as_said() -> None:
    image = np.zeros((60, 60, 3), np.uint8)
    boxes = np.array([[30.0, 30.0, 20.0, 20.0]])
    clips = [Clip("x", Decoded((image,)), boxes, group="many" if i else "few") for i in range(10)]
    pairs = ClipPairs(clips, PairSpec(exemplar=16, search=32), cap=0.6)
    rng = np.random.default_rng(0)
    drawn = [pairs.draw(rng).domain for _ in range(400)]
    assert 0.33 < drawn.count(0) / 400 < 0.47
