"""What the controls of the page say, as an order."""

from dataclasses import dataclass
from typing import Any

from vino.errors import InputError
from vino.serve.order import Order
from vino.serve.studio.prompts import Composed

Number = float | str | None  # of a field: as written, or empty
PICTURE, CLIP = "Picture", "Clip"


@dataclass(frozen=True, kw_only=True)
class Choices:
    """The controls, in the order the page has them. Empty numbers are the model's own.

    kind: Picture or Clip. frames: of a clip. n: results, seeds counting up. random: a new seed
    each time, whatever `seed` says.
    """

    kind: str = PICTURE
    frames: Number = None
    n: Number = 1
    random: bool = True
    seed: Number = None
    steps: Number = None
    guidance: Number = None
    image_guidance: Number = None
    negative: str | None = None
    width: Number = None
    height: Number = None

    def order(self, composed: Composed, edits_clip: bool) -> Order:
        """The order; the edit of a clip has its length. InputError for a number that is none."""
        sampling: dict[str, Any] = {
            "steps": _whole("steps", self.steps),
            "guidance": _number("text guidance", self.guidance),
            "image_guidance": _number("image guidance", self.image_guidance),
            "negative": (self.negative or "").strip() or None,
            "per_reference": composed.scales,
        }
        frames = _whole("frames", self.frames) if self.kind == CLIP else 1
        return Order(
            parts=composed.parts,
            seed=None if self.random else _whole("the seed", self.seed),
            n=_whole("variations", self.n) or 1,
            size=self._size(),
            frames=None if edits_clip else frames,
            sampling={name: value for name, value in sampling.items() if value is not None},
            shown=True,
        )

    @classmethod
    def of(cls, order: Order, seed: int) -> "Choices":
        """What the controls said when one result was made, with its own seed."""
        sampling = order.sampling
        width, height = order.size or (None, None)
        return cls(
            kind=PICTURE if order.frames == 1 else CLIP,
            frames=order.frames if order.frames != 1 else None,
            random=False,
            seed=seed,
            steps=sampling.get("steps"),
            guidance=sampling.get("guidance"),
            image_guidance=sampling.get("image_guidance"),
            negative=sampling.get("negative"),
            width=width,
            height=height,
        )

    def _size(self) -> tuple[int, int] | None:
        width, height = _whole("width", self.width), _whole("height", self.height)
        if (width is None) != (height is None):
            raise InputError("a size is both width and height: fill in the other, or clear both")
        return None if width is None or height is None else (width, height)


def _number(name: str, value: Number) -> float | None:
    try:
        return None if value is None or value == "" else float(value)
    except ValueError:
        raise InputError(f'{name} must be a number, not "{str(value)[:20]}"') from None


def _whole(name: str, value: Number) -> int | None:
    number = _number(name, value)
    if number is None:
        return None
    if not number.is_integer():
        raise InputError(f"{name} must be a whole number, not {number:g}")
    return int(number)
