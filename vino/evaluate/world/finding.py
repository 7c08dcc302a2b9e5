"""Which visible pixels belong together: parts, and the groups of parts that may be one object."""

from dataclasses import dataclass

import cv2
import numpy as np

VISIBLE = 40.0  # RGB distance from the background
SPECK = 0.0009  # of the frame: smaller parts are dirt
MOST_PARTS = 9
SPLIT = 0.12  # of a part's pixels: pieces that only a thin bridge holds together may be objects
JOINED = 0.16  # of the frame: parts further apart are never one object
WIDEST = 0.95  # of the frame

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels, right and bottom exclusive


@dataclass(frozen=True, eq=False)
class Group:
    """A part, its pieces being its children if it has some, or two groups taken together.

    region: H W bool, its visible pixels
    """

    box: Box
    region: np.ndarray
    children: tuple["Group", ...] = ()

    @property
    def area(self) -> int:
        return int(self.region.sum())


def noise_of(picture: np.ndarray) -> float:
    """The standard deviation of a picture's noise, from its median absolute second difference."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rough = cv2.filter2D(picture.astype(np.float32), -1, kernel)[1:-1, 1:-1]
    return float(np.median(np.abs(rough))) / 0.6745 / 6


def visible(difference: np.ndarray, noise: float) -> np.ndarray:
    """What can be told from the background (H W bool; difference: H W 3, noise: its deviation)."""
    smooth = cv2.GaussianBlur(difference, (0, 0), 0.5 + noise / 22)
    return np.linalg.norm(smooth, axis=-1) > VISIBLE


def find_groups(mask: np.ndarray) -> list[Group]:
    """Trees of groups: the roots are certainly different objects, below them it is open."""
    height, width = mask.shape
    least = max(3, SPECK * height * width)
    parts = [_part(region, box, least) for region, box in _components(mask, least)]
    groups = sorted(parts, key=lambda part: -part.area)[:MOST_PARTS]
    side = min(height, width)
    while len(groups) > 1:
        pairs = [
            (_gap(a.box, b.box), i, j)
            for j, b in enumerate(groups)
            for i, a in enumerate(groups[:j])
            if max(_span(_union(a.box, b.box))) <= WIDEST * side
        ]
        nearest = min(pairs, default=(side, 0, 0))
        if nearest[0] > JOINED * side:
            break
        _, i, j = nearest
        a, b = groups[i], groups[j]
        joined = Group(_union(a.box, b.box), a.region | b.region, (a, b))
        groups = [g for k, g in enumerate(groups) if k not in (i, j)] + [joined]
    return groups


def _components(mask: np.ndarray, least: float) -> list[tuple[np.ndarray, Box]]:
    """Connected regions of at least so many pixels, each as a mask and its box."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    return [
        (labels == label, (x, y, x + w, y + h))
        for label, (x, y, w, h, area) in enumerate(stats.tolist())
        if label > 0 and area >= least
    ]


def _part(region: np.ndarray, box: Box, least: float) -> Group:
    """A connected region; its children are the pieces that are left when it is worn off."""
    kernel = np.ones((3, 3), np.uint8)
    worn: np.ndarray = region.astype(np.uint8)
    least = max(least, SPLIT * region.sum())
    for wear in (1, 2):
        worn = cv2.erode(worn, kernel, borderValue=1)
        pieces = [piece.astype(np.uint8) for piece, _ in _components(worn, least)]
        if len(pieces) > 1:
            regions = [cv2.dilate(p, kernel, iterations=wear).astype(bool) for p in pieces]
            return Group(box, region, tuple(Group(_box(r), r) for r in regions))
    return Group(box, region)


def _box(region: np.ndarray) -> Box:
    x, y, width, height = cv2.boundingRect(region.astype(np.uint8))
    return x, y, x + width, y + height


def _gap(a: Box, b: Box) -> int:
    return max(a[0] - b[2], b[0] - a[2], a[1] - b[3], b[1] - a[3], 0)


def _union(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _span(box: Box) -> tuple[int, int]:
    return box[2] - box[0], box[3] - box[1]
