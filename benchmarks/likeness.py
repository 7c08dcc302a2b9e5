"""The likeness of pictures, measured: how far copies drift, and how near other pictures come.

    python benchmarks/likeness.py [--pictures 60]

Copies are compressed, scaled, or both. Bits of 256; copies within `MOST_DIFFERENT` are recognised.
"""

import argparse
from collections.abc import Callable
from itertools import combinations

import numpy as np
from mark import KINDS, SMALL, Picture, encoded
from PIL import Image

from vino.govern.likeness import MOST_DIFFERENT, distance, likeness


def scaled(share: float, picture: Picture) -> Picture:
    size = (round(picture.shape[1] * share), round(picture.shape[0] * share))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


COPIES: dict[str, Callable[[Picture], Picture]] = {
    "JPEG 75": lambda x: encoded("JPEG", 75, x),
    "WebP 80": lambda x: encoded("WEBP", 80, x),
    "scaled to 0.6": lambda x: scaled(0.6, x),
    "scaled to 1.7": lambda x: scaled(1.7, x),
    "scaled to 0.6, JPEG 60": lambda x: encoded("JPEG", 60, scaled(0.6, x)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=60, help="of each kind")
    count = parser.parse_args().pictures
    seen: list[str] = []
    for name, make in {**KINDS, **SMALL}.items():
        if "gradient" in name or "512" in name:  # gradients are all alike, sizes make no difference
            continue
        pictures = [make(i) for i in range(count)]
        own = [likeness(picture) for picture in pictures]
        print(f"{name}: {count} pictures")
        for copy, change in COPIES.items():
            far = [distance(a, likeness(change(p))) for a, p in zip(own, pictures, strict=True)]
            known = sum(bits <= MOST_DIFFERENT for bits in far)
            print(f"    {copy:24} {known / count:7.2%} recognised, at most {max(far)} bits")
        seen += own if "256" in name else []  # smaller ones are of the same scenes
    apart = np.array([distance(a, b) for a, b in combinations(seen, 2)])
    alike = int((apart <= MOST_DIFFERENT).sum())
    print(
        f"{len(apart)} pairs of different pictures: {alike} taken for copies, nearest {min(apart)}"
    )


if __name__ == "__main__":
    main()
