"""Where to look for a target that is gone: around the last place first, then everywhere."""

from __future__ import annotations

from collections.abc import Iterator


def spiral(center: tuple[float, float], step: tuple[float, float],
           size: tuple[int, int]) -> list[tuple[float, float]]:
    """Centres (x, y) of windows a `step` apart that cover an image, those nearest to `center` first.

    They form rings around `center`, which itself is left out: the caller looks there anyway. Centres
    lie inside the image of `size` (width, height) or on its border.
    """
    across = _places(center[0], step[0], size[0])
    down = _places(center[1], step[1], size[1])
    cells = [(max(abs(i), abs(j)), i, j) for i in across for j in down if i or j]
    return [(across[i], down[j]) for _, i, j in sorted(cells)]


def _places(middle: float, step: float, length: int) -> dict[int, float]:
    """Coordinates by their number of steps from `middle`, the outermost on the border or inside."""
    low, high = int(middle / step) + 1, int((length - middle) / step) + 1
    return {i: min(max(middle + i * step, 0.0), float(length)) for i in range(-low, high + 1)}


class Search:
    """Deals the windows of a spiral a few at a time; after the last it begins a new one."""

    def __init__(self) -> None:
        self._left: Iterator[tuple[float, float]] = iter(())

    def restart(self) -> None:
        """Begin with the innermost ring again."""
        self._left = iter(())

    def next(self, count: int, center: tuple[float, float], step: tuple[float, float],
             size: tuple[int, int]) -> list[tuple[float, float]]:
        """The next `count` centres; arguments as of `spiral`, which count when a new one begins."""
        dealt = []
        for _ in range(count):
            place = next(self._left, None)
            if place is None:
                self._left = iter(spiral(center, step, size))
                place = next(self._left)
            dealt.append(place)
        return dealt
