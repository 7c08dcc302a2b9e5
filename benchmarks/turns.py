"""What an edit session saves: turns that find references encoded, and turns that do not.

    python benchmarks/turns.py [--references 3] [--frames 17] [--steps 2] [--rounds 9]

One turn edits a picture by so many reference pictures, another by as many clips; both sides
alternate. The median of the ratios is printed, with the lowest and the highest; above 1, keeping
what was encoded is faster. Everything else in a turn grows with the steps, so few show it best.
"""

import argparse
import statistics
from collections.abc import Sequence
from functools import partial

import numpy as np
from packing import seconds

import vino
from vino.generate import Model
from vino.media import Frames
from vino.model.encoded import Encoded
from vino.prompt import Image, Medium, Video


def references(kind: type[Medium], count: int, frames: int, side: int) -> list[Medium]:
    """Noise as pictures or clips."""
    length = frames if kind is Video else 1
    chance = np.random.default_rng(0)
    shape = (length, side, side, 3)
    return [kind(Frames(chance.integers(0, 255, shape, np.uint8))) for _ in range(count)]


def instruction(media: Sequence[Medium]) -> str:
    names = [f"{type(m).__name__} {i}" for i, m in enumerate(media, 1)]
    return f"put {' and '.join(names)} there"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--references", type=int, default=3)
    parser.add_argument("--frames", type=int, default=17, help="of every clip")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    kept = vino.load(args.model)
    forgetful = Model(kept.vino, kept.defaults, kept.identity, Encoded(0))
    side = round(kept.defaults.reference_area**0.5)
    (base,) = references(Image, 1, 1, round(kept.defaults.area(is_base=True) ** 0.5))
    for kind in (Image, Video):
        media = references(kind, args.references, args.frames, side)
        turn = partial(dict, references=media, steps=args.steps)
        kept.edit(base, instruction(media), **turn())  # the first turn, which encodes
        found = []
        for seed in range(args.rounds):
            made = [partial(m.edit, base, instruction(media), **turn(seed=seed))
                    for m in (forgetful, kept)]  # fmt: skip
            found.append([seconds(one) for one in made])
        ratios = [a / b for a, b in found]
        saved = statistics.median(a - b for a, b in found)
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        print(
            f"picture and {args.references} {kind.__name__.lower()}s: "
            f"{statistics.median(ratios):.2f} x as fast ({spread}), {saved * 1000:.0f} ms a turn"
        )
    print(f"{args.steps} steps, {side} px, {args.rounds} rounds on {kept.vino.device}")


if __name__ == "__main__":
    main()
