"""What packing buys: the same requests together and one by one, side by side in one run.

    python benchmarks/packing.py [--model tiny] [--rounds 5]

Machines are shared and noisy, so both sides alternate and the median of the ratios is printed,
with the lowest and the highest. A ratio above 1 says packing is faster.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

import vino
from vino.generate import Model
from vino.request import Request

WORDS = "a red apple and a dog on a plain {} background"
COLOURS = ("green", "blue", "yellow", "white", "red", "pink", "navy", "gray")


def pictures(model: Model, count: int) -> list[Request]:
    """Requests of equal size."""
    prompts = [vino.Prompt(WORDS.format(c)) for c in COLOURS[:count]]
    return [Request(p, model.sampling(p, None, {}), seed=i) for i, p in enumerate(prompts)]


def mixed(model: Model) -> list[Request]:
    """A picture, an edit, a reference and a short clip: different sizes in one pass."""
    source = model.generate(WORDS.format("green"))
    edit = vino.Prompt(vino.Image(source, base=True), "remove the dog")
    reuse = vino.Prompt("the object in ", vino.Image(source), " on a plain blue background")
    wanted = [(vino.Prompt(WORDS.format("blue")), 1), (edit, 1), (reuse, 1)]
    wanted.append((vino.Prompt("a dog slides to the right"), 5))
    return [
        Request(p, model.sampling(p, None, {}), frames=frames, seed=i)
        for i, (p, frames) in enumerate(wanted)
    ]


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def ratios(model: Model, requests: Sequence[Request], rounds: int) -> list[float]:
    """Time one by one over time packed, alternating."""
    found = []
    for _ in range(rounds):
        alone = seconds(lambda: [model.run([r]) for r in requests])
        packed = seconds(lambda: model.run(requests))
        found.append(alone / packed)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    model = vino.load(args.model)
    prompt = pictures(model, 1)[0].prompt
    same = [Request(prompt, model.sampling(prompt, None, {}), seed=i) for i in range(8)]
    suites = {
        "8 pictures, one prompt, 8 seeds": same,
        "8 pictures, 8 prompts": pictures(model, 8),
        "picture + edit + reference + clip": mixed(model),
    }
    model.run(same[:1])  # warm
    for name, requests in suites.items():
        found = ratios(model, requests, args.rounds)
        spread = f"{min(found):.2f} to {max(found):.2f}"
        print(f"{name:<36} packed is {statistics.median(found):.2f} x as fast ({spread})")
    print(f"{args.rounds} rounds on {model.vino.device}")


if __name__ == "__main__":
    main()
