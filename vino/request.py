"""A request, and the recipe that every output carries so that it can be made again."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from vino.errors import InputError
from vino.flow.sampling import Sampling, counted, whole
from vino.media import content_hash
from vino.prompt import Image, Medium, Prompt, Segment, Text, Video

RECIPE_VERSION = 1
MAX_SEED = 2**63 - 1


@dataclass(frozen=True, eq=False)
class Request:
    """One picture or clip to make.

    size: (width, height) asked, or None for the base's or the model's. frames: 1 is a picture,
    None the base's length or 1. seed: decides the noise, on every device.
    """

    prompt: Prompt
    sampling: Sampling
    size: tuple[int, int] | None = None
    frames: int | None = None
    seed: int = field(default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", whole("the seed", self.seed))
        if self.frames is not None:
            object.__setattr__(self, "frames", counted("frames", self.frames))
        if self.size is not None:
            object.__setattr__(self, "size", _two(self.size))
        if not 0 <= self.seed <= MAX_SEED:
            raise InputError(f"the seed must be from 0 to {MAX_SEED}, not {self.seed}")


def _two(size: object) -> tuple[int, int]:
    """A size as two positive whole numbers."""
    message = f"a size is two positive whole numbers, width and height, not {size}"
    if not isinstance(size, tuple | list) or len(size) != 2:
        raise InputError(message)
    width, height = (whole("a side of the size", side) for side in size)
    if width < 1 or height < 1:
        raise InputError(message)
    return width, height


def write_recipe(request: Request, model: dict[str, Any], worked_at: str) -> dict[str, Any]:
    """JSON-able description of how an output was made; references by hash and file name."""
    return {
        "vino": RECIPE_VERSION,
        "model": model,
        "prompt": [_segment_recipe(s) for s in request.prompt.segments],
        "seed": request.seed,
        "size": None if request.size is None else list(request.size),
        "frames": request.frames,
        "sampling": asdict(request.sampling),
        "worked_at": worked_at,
    }


def read_request(recipe: dict[str, Any], references: Sequence[Medium]) -> Request:
    """The request a recipe describes; references are found among the given ones by hash.

    InputError when a reference is missing or the recipe is not one.
    """
    try:
        if recipe["vino"] != RECIPE_VERSION:
            raise InputError(
                f"the recipe is of version {recipe['vino']}, this vino reads {RECIPE_VERSION}: "
                "update vino"
            )
        known = {content_hash(m.frames): m for m in references}
        segments = [_read_segment(s, known) for s in recipe["prompt"]]
        settings = dict(recipe["sampling"])
        settings["per_reference"] = tuple(settings.get("per_reference", ()))
        size = recipe["size"]
        return Request(
            prompt=Prompt(*segments),
            sampling=Sampling(**settings),
            size=None if size is None else (size[0], size[1]),
            frames=recipe["frames"],
            seed=recipe["seed"],
        )
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise InputError(
            f"the file's recipe is damaged ({error!r}): it cannot be made again"
        ) from None


def _segment_recipe(segment: Segment) -> dict[str, Any]:
    if isinstance(segment, Text):
        return {"kind": "text", "text": segment.text}
    return {
        "kind": "image" if isinstance(segment, Image) else "video",
        "sha256": content_hash(segment.frames),
        "name": segment.name,
        "base": segment.base,
    }


def _read_segment(recipe: dict[str, Any], known: dict[str, Medium]) -> Segment:
    if recipe["kind"] == "text":
        return Text(recipe["text"])
    medium = known.get(recipe["sha256"])
    if medium is None:
        name = recipe.get("name") or "unnamed"
        raise InputError(
            f"the reference {name} ({recipe['kind']}, sha256 {recipe['sha256'][:12]}…) is needed "
            "to make this again: give the file with --ref"
        )
    kind = Image if recipe["kind"] == "image" else Video
    return kind(medium.frames, base=recipe.get("base", False), name=medium.name)
