"""The model card: a README.md that says what a folder holds, from where, under which licence."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from huggingface_hub import ModelCardData
from torch import nn

from vino.checkpoints.card import Card
from vino.checkpoints.checkpoint import Checkpoint
from vino.checkpoints.save import file_hash
from vino.checkpoints.upstream import hub_licence
from vino.model.vae import HunyuanVAE

Layout = Literal["native", "diffusers"]

TASKS = ("text-to-video", "text-to-image", "image-to-image", "image-to-video", "video-to-video")
"""What it does, in the words of model hubs; the first is where it is listed."""

_USE = {
    "native": (
        "```python\nimport vino\n\n"
        'model = vino.load("{name}")\n'
        'model.generate("a red apple on a green background").save("a.png")\n```'
    ),
    "diffusers": (
        "```python\nfrom diffusers import HunyuanVideoTransformer3DModel\n\n"
        'model = HunyuanVideoTransformer3DModel.from_pretrained("{name}", subfolder="transformer")'
        "\n```\n\nThis layout has no place for the queries and connectors (nor for an autoencoder "
        "other than HunyuanVideo's), so VINO reads it as a base for training. The weights of the "
        "pooled CLIP text, which the class insists on and VINO does not have, are zero."
    ),
}


def write_readme(
    folder: Path,
    name: str,
    layout: Layout,
    checkpoint: Checkpoint,
    card: Card,
    files: Sequence[Path],
) -> None:
    """Write README.md into `folder`, hashing the weight files that lie there."""
    sections = (
        f"---\n{_front_matter(checkpoint, layout, card)}\n---",
        f"# {name}",
        "A VINO model: pictures and clips from interleaved text, pictures and videos "
        "(arXiv 2601.02358)." + _base_note(checkpoint, layout),
        "## Use\n\n" + _USE[layout].format(name=name),
        "## Parts\n\n" + _table(("part", "parameters"), _parts(checkpoint, layout)),
        "## Licence and provenance\n\n" + _licence(card),
        "## Files\n\n"
        + _table(
            ("file", "SHA-256"),
            [(str(f.relative_to(folder)), f"`{file_hash(f)}`") for f in files],
        )
        + (f"\n\nHash of all tensors: `{card.hash}`" if layout == "native" else ""),
    )
    (folder / "README.md").write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def _front_matter(checkpoint: Checkpoint, layout: Layout, card: Card) -> str:
    """YAML by which a model hub lists and finds the model."""
    generates = layout == "native" and checkpoint.conditioner is not None
    fields = ModelCardData(
        **hub_licence(card),
        library_name="vino" if layout == "native" else "diffusers",
        pipeline_tag=TASKS[0] if generates else None,
        tags=["vino", *TASKS[1:]] if generates else ["vino"],
    )
    return str(fields.to_yaml())


def _base_note(checkpoint: Checkpoint, layout: Layout) -> str:
    if layout == "native" and checkpoint.conditioner is None:
        return " This is a base for training: it has no connectors and queries and cannot generate."
    return ""


def _parts(checkpoint: Checkpoint, layout: Layout) -> list[tuple[str, str]]:
    parts: dict[str, nn.Module | None] = {"transformer": checkpoint.mmdit}
    if layout == "native":
        parts |= {"conditioner": checkpoint.conditioner, "vlm": checkpoint.vlm}
    if layout == "native" or isinstance(checkpoint.vae, HunyuanVAE):
        parts |= {"vae": checkpoint.vae}
    return [
        (part, f"{sum(p.numel() for p in module.parameters()):,}")
        for part, module in parts.items()
        if module is not None
    ]


def _licence(card: Card) -> str:
    rows = [(origin.part, origin.source, origin.licence) for origin in card.provenance]
    own = f"Licence of the model as a whole: {card.licence or 'not stated'}."
    return own + ("\n\n" + _table(("part", "from", "licence"), rows) if rows else "")


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
