# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What stood beside the target is not the target: who is followed, and what that excludes and proves."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.session.absence import Absence
from tracker_ros.session.bystanders import DRIFT, GATE, MOST, Bystanders, Sight
from tracker_ros.session.identity import Identity
from tracker_ros.session.recovery import Recovery
from tracker_ros.session.states import SessionSettings
from tracker_ros.session.surroundings import FRESH_SECONDS, Surroundings
from tracker_ros.trackers.base import Estimate, Tracker

SIZE = 20.0
BOX = Box(200.0, 80.0, SIZE, SIZE)
TWIN = 280.0
"""Where the twin stands, 4 sizes beside the target."""


def view(kind: int = 0) -> Tensor:
    """A description [289] of one of two kinds of objects that are not alike at all."""
    made = torch.zeros(289)
    made[[3 + 20 * kind, 40 + 20 * kind, 70 + 20 * kind]] = 1.0
    made[-1] = 1.0
    return made


def sight(x: float, kind: int = 0) -> Sight:
    return Sight((x, 50.0), view(kind))


def following(*places: float) -> Bystanders:
    bystanders = Bystanders()
    bystanders.start(SIZE, [sight(x) for x in places], 0.0)
    return bystanders


def test_one_is_followed_by_its_way_wherever_that_leads() -> None:
    bystanders = following(100.0)
    for step in range(1, 31):
        x = 100.0 + 4.0 * step
        assert bystanders.follow([sight(x)], 0.1 * step) == [], "a fifth of its size each time"
        assert bystanders.stand_at((x + 0.9 * GATE * SIZE, 50.0))
        assert not bystanders.stand_at((x + 1.1 * GATE * SIZE, 50.0))
    # Unseen for half a second, in which it goes on for a whole size.
    assert bystanders.follow([], 3.4) == []
    assert not bystanders.stand_at((236.0, 50.0)), "nobody is seen there"
    assert bystanders.follow([sight(240.0)], 3.5) == []


def test_what_leaps_or_looks_otherwise_is_another() -> None:
    leapt = sight(100.0 + SIZE * GATE + 1.0)
    assert following(100.0).follow([leapt], 0.1) == [leapt]
    other = sight(100.0, kind=1)
    assert following(100.0).follow([other], 0.1) == [other]
    assert following(100.0).follow([sight(104.0)], 0.1) == []


def test_of_two_beside_one_the_nearer_is_the_one() -> None:
    bystanders = following(100.0, 112.0)
    between = [sight(103.0), sight(106.0), sight(111.0)]
    assert bystanders.follow(between, 0.1) == [between[1]]


def test_who_is_elsewhere_is_ever_less_certain() -> None:
    bystanders = following(100.0)
    at = (100.0 + SIZE * (GATE + 0.2), 50.0)
    bystanders.follow([sight(100.0)], 0.1)
    assert len(bystanders.elsewhere(at)) == 1 and len(bystanders.elsewhere((100.0, 50.0))) == 0
    bystanders.follow([], 0.1 + 0.9 * 0.2 / DRIFT)
    assert len(bystanders.elsewhere(at)) == 1
    bystanders.follow([], 0.1 + 1.1 * 0.2 / DRIFT)
    assert len(bystanders.elsewhere(at)) == 0


def test_so_many_are_followed_and_those_that_were_seen_last() -> None:
    bystanders = following(*(100.0 * k for k in range(10)))
    bystanders.follow([], 1.0)
    bystanders.add([sight(2000.0 + 100.0 * k) for k in range(10)])
    assert len(bystanders.elsewhere((9999.0, 50.0))) == MOST
    assert all(bystanders.stand_at((2000.0 + 100.0 * k, 50.0)) for k in range(10))


# -- in pictures -------------------------------------------------------------------------------------


def scene(*cars: float, paint: tuple[int, int, int] = (200, 60, 50)) -> Tensor:
    """A frame [3, 160, 400] of noise with cars at some x, all of which look the same."""
    generator = torch.Generator().manual_seed(1)
    frame = (torch.rand(3, 160, 400, generator=generator) * 60).to(torch.uint8)
    car = F.interpolate(torch.rand(1, 1, 5, 5, generator=generator), size=(20, 20))[0] * 0.5 + 0.5
    pixels = (car * torch.tensor(paint).view(3, 1, 1)).to(torch.uint8)
    for x in cars:
        frame[:, 70:90, round(x) - 10 : round(x) + 10] = pixels
    return frame


def around(*cars: float) -> tuple[Identity, Surroundings]:
    """What is known from a frame with the target and others."""
    identity = Identity()
    surroundings = Surroundings(identity)
    frame = scene(BOX.cx, *cars)
    identity.start(frame, BOX)
    surroundings.start(frame, BOX)
    surroundings.keep(frame, BOX, 0.0)
    frame.zero_()  # its owner uses the memory again
    return identity, surroundings


def at(x: float) -> Box:
    return BOX._replace(cx=x)


def test_a_twin_that_stood_beside_the_target_stays_one_where_the_target_is_expected() -> None:
    _, surroundings = around(TWIN)
    for step in range(1, 17):
        x = TWIN - 5.0 * step
        surroundings.watch(scene(x), Absence(0.1 * step, BOX), 0.6, 0.1 * step)
        assert surroundings.is_bystander(at(x)), step
    assert x == BOX.cx
    # And what turns up there is none.
    _, surroundings = around(TWIN)
    for step in range(1, 17):
        surroundings.watch(scene(TWIN), Absence(0.1 * step, BOX), 0.6, 0.1 * step)
    back = scene(BOX.cx, TWIN)
    surroundings.watch(back, Absence(1.7, BOX), 0.6, 1.7)
    assert not surroundings.is_bystander(BOX) and surroundings.is_bystander(at(TWIN))
    assert surroundings.rival(back, BOX, None) > 0.9
    assert surroundings.rival(back, BOX, Absence(20.0, BOX)) < 0.6, "in reach is only who is known"


def test_a_twin_whose_box_touches_the_target_s_is_one_too() -> None:
    """Side by side, and 1.2 sizes apart with boxes that are longer than high."""
    box = BOX._replace(w=30.0, h=13.4)
    identity = Identity()
    surroundings, frame = Surroundings(identity), scene(BOX.cx, BOX.cx + 25.0)
    identity.start(frame, box)
    surroundings.start(frame, box)
    surroundings.keep(frame, box, 0.0)
    surroundings.watch(scene(BOX.cx + 25.0), Absence(0.1, box), 0.6, 0.1)
    assert surroundings.is_bystander(at(BOX.cx + 25.0))


def test_the_target_itself_is_no_bystander_and_a_picture_that_is_old_shows_none() -> None:
    _, surroundings = around()
    surroundings.watch(scene(BOX.cx), Absence(0.1, BOX), 0.6, 0.1)
    assert not surroundings.is_bystander(BOX)
    _, surroundings = around(TWIN)
    surroundings.watch(scene(TWIN), Absence(0.1, BOX), 0.6, FRESH_SECONDS + 0.1)
    assert not surroundings.is_bystander(at(TWIN))
    _, surroundings = around(TWIN)
    surroundings.forget()
    surroundings.watch(scene(TWIN), Absence(0.1, BOX), 0.6, 0.1)
    assert not surroundings.is_bystander(at(TWIN)), "times begin anew"


@pytest.mark.parametrize(
    ("x", "beside", "seconds", "stranger"),
    [
        (15.0, [TWIN], 0.2, True),
        (120.0, [TWIN], 0.2, False),
        (15.0, [TWIN], 100.0, False),
        (15.0, [], 0.2, False),
    ],
)
def test_who_comes_over_the_edge_out_of_reach_is_another(
    x: float, beside: list[float], seconds: float, stranger: bool
) -> None:
    """Not in the middle of the image, not where the target may be by now, not if nothing is as it was."""
    _, surroundings = around(TWIN)
    surroundings.watch(scene(*beside), Absence(0.1, BOX), 0.6, 0.1)
    surroundings.watch(scene(x, *beside), Absence(seconds, BOX), 0.6, 0.2)
    assert surroundings.is_bystander(at(x)) is stranger


def test_who_came_in_does_not_tell_that_the_scene_is_as_it_was() -> None:
    _, surroundings = around(TWIN)
    for step, cars in enumerate(([TWIN], [15.0, TWIN], [20.0, 385.0]), 1):
        surroundings.watch(scene(*cars), Absence(0.1 * step, BOX), 0.6, 0.1 * step)
    assert surroundings.is_bystander(at(20.0)) and not surroundings.is_bystander(at(385.0))


def test_who_is_not_like_the_target_is_nobody_to_be_told_from_it() -> None:
    identity = Identity()
    surroundings, frame = Surroundings(identity), scene(BOX.cx, TWIN, 120.0)
    frame[:, 70:90, 270:290] = scene(TWIN, paint=(140, 120, 60))[:, 70:90, 270:290]
    identity.start(frame, BOX)
    surroundings.start(frame, BOX)
    surroundings.keep(frame, BOX, 0.0)
    surroundings.watch(frame, Absence(0.1, BOX), 0.6, 0.1)
    assert surroundings.is_bystander(at(120.0)) and not surroundings.is_bystander(at(TWIN))


@pytest.mark.parametrize(("stamp", "is_kept"), [(0.05, False), (0.1, True)])
def test_a_picture_is_kept_ten_times_a_second(stamp: float, is_kept: bool) -> None:
    _, surroundings = around(TWIN)
    surroundings.keep(scene(BOX.cx), BOX, stamp)
    surroundings.watch(scene(BOX.cx, TWIN), Absence(0.1, BOX), 0.6, stamp + 0.1)
    assert surroundings.is_bystander(at(TWIN)) is not is_kept


def test_no_window_is_spent_on_a_bystander() -> None:
    _, surroundings = around(TWIN)
    absence = Absence(0.1, BOX)

    def looked_into() -> set[float]:
        return {round(x, -1) for x, _ in surroundings.turns(scene(TWIN, 120.0), absence, 1e9, 0.6, 9)}

    assert looked_into() == {TWIN, 120.0}
    surroundings.watch(scene(TWIN), absence, 0.6, 0.1)
    assert looked_into() == {120.0}


def test_a_likeness_to_who_is_elsewhere_speaks_for_nobody_here() -> None:
    identity, surroundings = around(TWIN)
    identity.meet(scene(BOX.cx, TWIN), BOX, [(TWIN, 80.0)])
    surroundings.watch(scene(TWIN), Absence(0.1, BOX), 0.6, 0.1)
    back = scene(BOX.cx, TWIN)
    surroundings.watch(back, Absence(0.2, BOX), 0.6, 0.2)
    here = identity.looks(back, BOX)
    assert here.margin < 0.05
    assert surroundings.unaccounted(back, BOX, here, 0.03) == here._replace(rival=-1.0)
    there = identity.looks(back, at(TWIN))
    assert surroundings.unaccounted(back, at(TWIN), there, 0.03) == there, "it is that one itself"
    # Once nobody like it is in sight, it may be here.
    surroundings.watch(scene(BOX.cx), Absence(9.0, BOX), 0.6, 20.0)
    assert surroundings.unaccounted(scene(BOX.cx), BOX, here, 0.03).rival > 0.9


class Sure(Tracker):
    """Knows anything, at once."""

    def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
        """Find the target where it is looked for."""
        return Estimate(state["box"], torch.ones(()), torch.zeros(3, 3), state["box"], {})


class Watcher:
    """Has seen the target beside its twin, with its looks remembered or not, and asks for proofs later."""

    def __init__(self, met: bool) -> None:
        self.recovery = Recovery(Sure(), SessionSettings(look_margin=0.05))
        start = scene(BOX.cx, TWIN)
        self.recovery.start(start, BOX, {}, 0.0)
        if met:
            self.recovery.well_seen(start, BOX, self.recovery.looks(start, BOX), 0.3)
        else:
            self.recovery._surroundings.keep(start, BOX, 0.3)

    def worth(self, x: float, *cars: float, seconds: float = 3.0) -> float:
        frame, absence = scene(*cars), Absence(seconds, BOX)
        self.recovery.watch(frame, absence, 0.3 + seconds)
        return self.recovery.proof(frame, at(x), self.recovery.looks(frame, at(x)), absence)


@pytest.mark.parametrize("met", [True, False])
def test_by_elimination_the_target_is_proved_beside_its_twin_and_the_twin_never(met: bool) -> None:
    watcher = Watcher(met)
    assert [watcher.worth(TWIN, TWIN, seconds=0.1 * step) for step in range(1, 31)] == [0.0] * 30
    assert watcher.worth(BOX.cx, BOX.cx, TWIN) > 0, "it is where the target may be, and its twin is not"
    far = BOX.cx - 60.0
    assert watcher.worth(far, far, TWIN) == 0, "out of reach either may be the other"


def test_out_of_reach_whoever_went_out_of_sight_may_be_there() -> None:
    watcher = Watcher(met=True)
    for step in range(1, 30):
        watcher.worth(TWIN, TWIN, seconds=0.1 * step)
    assert watcher.worth(BOX.cx, BOX.cx) > 0
    far = BOX.cx - 60.0
    assert watcher.worth(far, far) == 0


def test_when_times_begin_anew_nobody_knows_who_stood_where() -> None:
    watcher = Watcher(met=False)
    assert watcher.worth(TWIN, TWIN, seconds=0.1) == 0
    watcher.recovery.forget_times(0.0)
    assert watcher.worth(TWIN, TWIN) > 0
