"""The invisible mark, measured: how often it is found after attacks, and where it is not.

    python benchmarks/mark.py [--pictures 60] [--unmarked 10000] [--seed 0]

Every attack is made on `--pictures` pictures of each kind; shares stand with Wilson's 95 %
interval, and the least PSNR of a marked picture beside its original. Unmarked pictures are of the
same kinds, a fifth of them compressed; "least by chance" is how near the worst of them came.
"""

import argparse
import io
import math
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from vino.data.world.tasks import draw
from vino.data.world.vocabulary import FIRST_LIGHT, FULL
from vino.govern.mark import Finding, find_mark, mark
from vino.media import Frames, read_clip

Picture = np.ndarray
Kind = Callable[[int], Picture]
Attack = Callable[[Picture, np.random.Generator], Picture]


def scene(side: int, index: int, plain: bool = False) -> Picture:
    """An emoji scene; plain ones have backgrounds of one colour."""
    vocabulary = FIRST_LIGHT if plain else FULL
    return draw("t2i", 11, index, vocabulary, size=side).target[0]


def noise(side: int, index: int) -> Picture:
    """A field of coloured noise whose amplitudes fall as 1/f to 1/f^2, like photographs'."""
    rng = np.random.default_rng((1, index))
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    f[0, 0] = np.inf
    gray, colours = rng.standard_normal((side, side, 1)), rng.standard_normal((side, side, 3))
    spectrum = np.fft.fft2(0.8 * gray + 0.3 * colours, axes=(0, 1))
    field = np.fft.ifft2(spectrum / f[..., None] ** rng.uniform(1, 2), axes=(0, 1)).real
    field *= rng.uniform(20, 60) / field.std()
    return np.clip(rng.uniform(90, 165) + field, 0, 255).astype(np.uint8)


def gradient(side: int, index: int) -> Picture:
    """One colour running into another."""
    rng = np.random.default_rng((2, index))
    y, x = np.mgrid[:side, :side] / (side - 1)
    angle = rng.uniform(0, 2 * math.pi)
    t = 0.5 + 0.35 * (math.cos(angle) * (2 * x - 1) + math.sin(angle) * (2 * y - 1))
    first, second = rng.uniform(0, 255, (2, 3))
    return np.rint(np.clip(first + t[..., None] * (second - first), 0, 255)).astype(np.uint8)


def frame(side: int, index: int) -> Picture:
    """The middle of a clip of a moving scene."""
    return draw("t2v", 11, index, FULL, size=side, frames=5).target[2]


def encoded(form: str, quality: int, picture: Picture) -> Picture:
    """Saved with Pillow and read again."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, form, quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def cropped(picture: Picture, rng: np.random.Generator) -> Picture:
    """A tenth of height and width gone, at sides that fall at random."""
    height, width = picture.shape[:2]
    down, across = math.ceil(height / 10), math.ceil(width / 10)
    top, left = rng.integers(0, down + 1), rng.integers(0, across + 1)
    return picture[top : top + height - down, left : left + width - across]


def resized(picture: Picture, rng: np.random.Generator) -> Picture:
    size = (round(picture.shape[1] * 0.9), round(picture.shape[0] * 0.9))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


KINDS: dict[str, Kind] = {
    "emoji 256": partial(scene, 256),
    "emoji, plain, 256": partial(scene, 256, plain=True),
    "emoji 512": partial(scene, 512),
    "noise 256": partial(noise, 256),
    "noise 512": partial(noise, 512),
    "gradient 256": partial(gradient, 256),
    "frame of a clip 256": partial(frame, 256),
}
SMALL: dict[str, Kind] = {
    "emoji, plain, 64": partial(scene, 64, plain=True),
    "emoji, plain, 128": partial(scene, 128, plain=True),
    "noise 128": partial(noise, 128),
}
ATTACKS: dict[str, Attack] = {
    "none": lambda x, rng: x,
    "JPEG 90": lambda x, rng: encoded("JPEG", 90, x),
    "JPEG 75": lambda x, rng: encoded("JPEG", 75, x),
    "10 % crop": cropped,
    "crop, JPEG 75": lambda x, rng: encoded("JPEG", 75, cropped(x, rng)),
    "WebP 80": lambda x, rng: encoded("WEBP", 80, x),
    "resized to 0.9": resized,
}


def found(picture: Picture) -> Finding:
    return find_mark(Frames(picture[None]))


def psnr(first: Picture, second: Picture) -> float:
    """dB, of 8-bit values."""
    error = float(np.square(first.astype(np.float64) - second).mean())
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """95 % interval of a share."""
    z, share = 1.96, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def share(hits: int, of: int) -> str:
    low, high = wilson(hits, of)
    return f"{hits / of:7.2%} ({low:.2%} to {high:.2%})"


def attacked(kinds: dict[str, Kind], count: int, seed: int) -> None:
    """Print, for every kind and attack, how often the mark is found."""
    totals = dict.fromkeys(ATTACKS, 0)
    for name, make in kinds.items():
        hits, least = dict.fromkeys(ATTACKS, 0), math.inf
        for index in range(count):
            picture = make(index)
            marked = mark(Frames(picture[None])).pixels[0]
            least = min(least, psnr(picture, marked))
            for attack, apply in ATTACKS.items():
                rng = np.random.default_rng((seed, index))
                hits[attack] += found(apply(marked, rng)).is_marked
        print(f"{name}: {count} pictures, PSNR at least {least:.2f} dB")
        for attack, number in hits.items():
            totals[attack] += number
            print(f"    {attack:16} {share(number, count)}", flush=True)
    print(f"all {len(kinds)} kinds: {count * len(kinds)} pictures")
    for attack, number in totals.items():
        print(f"    {attack:16} {share(number, count * len(kinds))}")


def clips(count: int) -> None:
    """Print how often the mark is found in clips of 17 frames, saved and read again."""
    files = {"mp4": None, "mp4, quality 40": 40, "webp": None, "gif": None}
    hits = dict.fromkeys(files, 0)
    with tempfile.TemporaryDirectory() as folder:
        for index in range(count):
            clip = mark(Frames(draw("t2v", 11, index, FULL, size=256, frames=17).target, 8.0))
            for name, quality in files.items():
                path = Path(folder) / f"clip.{name.partition(',')[0]}"
                hits[name] += find_mark(read_clip(clip.save(path, quality=quality))).is_marked
    print(f"clips 256: {count} of 17 frames")
    for name, number in hits.items():
        print(f"    {name:16} {share(number, count)}")


def unmarked(count: int) -> None:
    """Print how many pictures without the mark are called marked."""
    makers = [*KINDS.values(), *SMALL.values()]
    hits, least = 0, 1.0
    for index in range(count):
        picture = makers[index % len(makers)](100_000 + index)
        if index % 5 == 0:
            picture = encoded("JPEG", 75, picture)
        finding = found(picture)
        hits += finding.is_marked
        least = min(least, finding.by_chance)
    print(f"{count} unmarked: {hits} called marked {share(hits, count)}")
    print(f"least by chance {least:.1g}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=60, help="of each kind")
    parser.add_argument("--unmarked", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="of the crops")
    args = parser.parse_args()
    attacked(KINDS, args.pictures, args.seed)
    print("\nsmaller than 256:")
    attacked(SMALL, args.pictures, args.seed)
    print()
    clips(args.pictures)
    unmarked(args.unmarked)


if __name__ == "__main__":
    main()
