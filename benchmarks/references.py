"""What references cost: attended to in every step, or apart and remembered, side by side.

    python benchmarks/references.py [--side 128] [--rounds 5]

Two models of the embedded one's sizes and random weights, the second with `apart`, make the same
pictures. The median of the ratios is printed, with the lowest and the highest; above 1, keeping
references apart is faster.
"""

import argparse
import statistics
from dataclasses import replace
from functools import partial

import torch
from packing import seconds

import vino
from vino.generate import Model
from vino.media import Frames
from vino.model.mmdit import MMDiT
from vino.model.vino import Vino
from vino.request import Request


def variant(model: Model, apart: bool) -> Model:
    """The model with a transformer of random weights, its references apart or not."""
    parts, old = model.vino, model.vino.mmdit
    mmdit = MMDiT(replace(old.config, apart=apart)).to(old.final_proj.weight)
    made = Vino(parts.vlm, parts.conditioner, mmdit, parts.vae).eval()
    return Model(made, model.defaults, model.identity)


def request(model: Model, references: int, side: int) -> Request:
    """A picture of `side` pixels from so many pictures of that size."""
    pixels = torch.randint(0, 255, (references, 1, side, side, 3), dtype=torch.uint8).numpy()
    media = [vino.Image(Frames(x)) for x in pixels]
    words = " and ".join(f"the object in Image {i + 1}" for i in range(references))
    prompt = vino.Prompt(*media, vino.Text(words or "a dog"))
    return Request(prompt, model.sampling(prompt, None, {}), (side, side), 1, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--side", type=int, default=128, help="pixels")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    model = vino.load()
    model = Model(model.vino, replace(model.defaults, reference_area=args.side**2), model.identity)
    joint, apart = variant(model, False), variant(model, True)
    for count in (0, 1, 3, 8):
        asked = request(model, count, args.side)
        found = []
        for _ in range(args.rounds + 1):
            times = [seconds(partial(m.run, [asked])) for m in (joint, apart)]
            found.append(times[0] / times[1])
        found = found[1:]  # the first warms up
        spread = f"{min(found):.2f} to {max(found):.2f}"
        print(f"{count} references: apart is {statistics.median(found):.2f} x as fast ({spread})")
    print(f"{args.side} px, {args.rounds} rounds on {model.vino.device}")


if __name__ == "__main__":
    main()
