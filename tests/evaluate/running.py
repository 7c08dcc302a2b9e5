"""Folders as evaluations write them."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from vino.media import Frames

Scored = Callable[[int, int], dict[str, float]]


def line(scene: int, seed: int = 0, **changes: Any) -> dict[str, Any]:
    """One record; `changes` are written over it."""
    key = f"edit-remove-{scene:03d}-seed{seed}"
    return {
        "suite": "edit",
        "key": key,
        "scene": f"edit-remove-{scene:03d}",
        "seed": seed,
        "task": "remove",
        "group": "remove",
        "prompt": f"remove thing {scene}",
        "references": ["references/source.png"],
        "output": f"answers/{key}.png",
        "judged": {},
        "measured": {},
        "why": [],
    } | changes


def write_run(folder: Path, lines: Iterable[dict[str, Any]], level: int = 0) -> Path:
    """A run with all of its files; pictures are plain, of one level."""
    lines = list(lines)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in lines))
    for number, each in enumerate(lines):
        for name in (*each["references"], each["output"]):
            if not (folder / name).exists():
                width = 32 * each.get("frames", 1)
                pixels = np.full((1, 24, width, 3), level + number % 40, np.uint8)
                pixels[:, 4:12, 4::32] = 200
                Frames(pixels).save(folder / name)
    return folder


def scored(scenes: int, seeds: int, scores: Scored, suite: str = "edit") -> list[dict[str, Any]]:
    """Lines whose judged scores are a function of scene and seed."""
    return [
        line(scene, seed, suite=suite, judged=scores(scene, seed))
        for scene in range(scenes)
        for seed in range(seeds)
    ]
