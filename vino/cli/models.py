"""convert and info."""

import json
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vino.cli.console import Console
from vino.flow.sampling import Defaults, Sampling

if TYPE_CHECKING:
    from tqdm import tqdm

    from vino.checkpoints import Checkpoint

PARTS = {
    "transformer": "mmdit",
    "queries and connectors": "conditioner",
    "autoencoder": "vae",
    "vision-language model": "vlm",
}


SAMPLINGS = {
    "making pictures": "picture",
    "making clips": "clip",
    "editing pictures": "picture_edit",
    "editing clips": "clip_edit",
}


def convert(args: Namespace, console: Console) -> int:
    """Write a model in another format."""
    from vino import checkpoints

    bar = _Bar(console)
    try:
        path = checkpoints.convert(
            args.source, args.destination, to=args.to, vlm=args.vlm, vae=args.vae, watch=bar
        )
    finally:
        bar.close()
    if args.to == "diffusers":
        console.note(
            "this layout holds the transformer alone (and HunyuanVideo's autoencoder): queries and "
            "connectors are not in it, so it is read as a base for training"
        )
    print(json.dumps({"path": str(path), "format": args.to}) if args.json else path)
    return 0


def info(args: Namespace, console: Console) -> int:
    """What a model is, read without keeping its weights."""
    from vino import checkpoints

    checkpoint = checkpoints.read(args.model, device="meta")
    facts = _facts(args.model, checkpoint, checkpoints.resolve(args.model))
    print(json.dumps(facts) if args.json else _described(facts))
    return 0


def _facts(model: str, checkpoint: "Checkpoint", path: Path) -> dict[str, Any]:
    """All that --json prints."""
    card = checkpoint.card
    parts = {title: getattr(checkpoint, name) for title, name in PARTS.items()}
    counts = {
        title: sum(p.numel() for p in part.parameters())
        for title, part in parts.items()
        if part is not None
    }
    files = [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file()]
    return {
        "model": model,
        "path": str(path),
        "bytes": sum(file.stat().st_size for file in files),
        "parameters": {**counts, "total": sum(counts.values())},
        "transformer": asdict(checkpoint.mmdit.config),
        "defaults": asdict(Defaults.parse(card.sampling)),
        "licence": card.licence or None,
        "provenance": [asdict(origin) for origin in card.provenance],
        "hash": card.hash,
        "generates": checkpoint.refusal is None,
        "refusal": checkpoint.refusal,
    }


def _described(facts: dict[str, Any]) -> str:
    """The facts for a person: one line each."""
    sizes = facts["transformer"]
    width = sizes["heads"] * sizes["head_dim"]
    blocks = f"{sizes['dual_blocks']} dual and {sizes['single_blocks']} single blocks"
    lines = [
        ("model", f"{facts['model']} ({facts['path']}, {facts['bytes'] / 2**20:,.1f} MiB)"),
        *((title, f"{count:,} parameters") for title, count in facts["parameters"].items()),
        ("network", f"{blocks} of width {width}"),
        *(_abilities(facts["defaults"]) if facts["generates"] else []),
        ("licence", facts["licence"] or "not stated"),
        *(("from", f"{o['part']}: {o['source']}; {o['licence']}") for o in facts["provenance"]),
        ("hash", facts["hash"] or "unknown"),
        *([] if facts["generates"] else [("note", facts["refusal"])]),
    ]
    column = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:<{column}}  {value}" for name, value in lines)


def _abilities(defaults: dict[str, Any]) -> list[tuple[str, str]]:
    """What it makes when it is not told more."""
    largest = int(defaults["max_area"] ** 0.5)
    clips = f"{_size(defaults['clip_size'])}, {defaults['frames']} frames"
    return [
        ("pictures", f"{_size(defaults['size'])}; up to the area of {largest}x{largest}"),
        (
            "clips",
            f"{clips} at {defaults['fps']:g} a second; up to {defaults['max_frames']} frames",
        ),
        *((name, _sampling(defaults[key])) for name, key in SAMPLINGS.items()),
    ]


def _sampling(values: dict[str, Any]) -> str:
    s = Sampling(**values)
    text = f"{s.steps} steps ({s.solver}), guidance {s.guidance:g}, shift {s.shift:g}"
    return f"{text}, image guidance {s.image_guidance:g}" if s.image_guidance > 1 else text


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


class _Bar:
    """Shows how far reading and writing are; what is called `watch` by vino.checkpoints."""

    def __init__(self, console: Console):
        self.console = console
        self._what = ""
        self._bar: tqdm | None = None

    def __call__(self, what: str, done: int, total: int) -> None:
        if not self.console.shows_progress:
            return
        if self._bar is None or self._what != what:
            from tqdm import tqdm

            self.close()
            self._what = what
            self._bar = tqdm(desc=what, total=total, leave=False, unit="", unit_scale=True)
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
