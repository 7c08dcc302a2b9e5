"""Settings of one sampling run, and a model's defaults for pictures and clips."""

import math
import operator
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from numbers import Real
from typing import Any

from vino.errors import CheckpointError, InputError
from vino.flow.guidance import Guidance
from vino.flow.sampler import SOLVERS

MAX_STEPS = 1000


def whole(name: str, value: object) -> int:
    """A whole number of any integer type; InputError otherwise."""
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise InputError(f"{name} must be a whole number, not {value!r}") from None


def _number(name: str, value: object) -> float:
    """A finite number of any real type; InputError otherwise."""
    with suppress(OverflowError):  # of whole numbers larger than any float
        if isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    raise InputError(f"{name} must be a number, not {value!r}")


def _scale(name: str, value: object) -> float:
    if (number := _number(name, value)) < 0:
        raise InputError(f"{name} must be a number of at least 0, not {value!r}")
    return number


def _positive(name: str, value: object) -> float:
    if (number := _number(name, value)) <= 0:
        raise InputError(f"{name} must be a number above 0, not {value!r}")
    return number


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How a latent is drawn (SPEC, section 4). Defaults are the paper's for a picture.

    steps, solver, shift: the schedule. guidance, image_guidance: see `Guidance`; scales of 1 or
    less switch their branch off. per_reference: scales of single references; 1 is neutral, below
    it a reference counts less. negative: the negative prompt.
    """

    steps: int = 50
    guidance: float = 5.0
    image_guidance: float = 1.0
    per_reference: tuple[float, ...] = ()
    shift: float = 5.0
    solver: str = "euler"
    negative: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", whole("steps", self.steps))
        if not 1 <= self.steps <= MAX_STEPS:
            raise InputError(f"steps must be from 1 to {MAX_STEPS}, not {self.steps}")
        if not isinstance(self.per_reference, tuple | list):
            raise InputError(
                f"per_reference is a list of numbers, one a reference, not {self.per_reference!r}"
            )
        references = enumerate(self.per_reference, 1)
        scales = tuple(_scale(f"guidance of reference {i}", value) for i, value in references)
        object.__setattr__(self, "per_reference", scales)
        object.__setattr__(self, "guidance", _scale("guidance", self.guidance))
        object.__setattr__(self, "image_guidance", _scale("image guidance", self.image_guidance))
        object.__setattr__(self, "shift", _positive("shift", self.shift))
        if not isinstance(self.negative, str):
            raise InputError(f"the negative prompt is text, not {self.negative!r}")
        if self.solver not in SOLVERS:
            raise InputError(f'unknown solver "{self.solver}": choose from {", ".join(SOLVERS)}')

    @property
    def scales(self) -> Guidance:
        return Guidance(self.guidance, self.image_guidance, self.per_reference)

    def changed(self, **settings: Any) -> "Sampling":
        """With the given settings that are not None; InputError for unknown names."""
        known = {f.name for f in fields(self)}
        if unknown := set(settings) - known:
            raise InputError(
                f"unknown setting {', '.join(sorted(unknown))}: "
                f"choose from {', '.join(sorted(known))}"
            )
        return replace(self, **{k: v for k, v in settings.items() if v is not None})


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What a model does when it is not told: sampling, sizes in pixels, frames, frame rate.

    reference_area: pixels references are scaled to; base_area: pixels of what is edited, 0 for
    those of other references. max_frames: longest clip it makes or edits;
    max_area: most pixels of a picture. picture and clip: sampling of text-only requests;
    picture_edit, clip_edit: of requests with references.
    """

    picture: Sampling = Sampling()
    clip: Sampling = Sampling(guidance=7.0, shift=7.0)
    picture_edit: Sampling = Sampling()
    clip_edit: Sampling = Sampling(guidance=7.0, shift=7.0)
    size: tuple[int, int] = (640, 640)
    clip_size: tuple[int, int] = (848, 480)
    frames: int = 85
    max_frames: int = 241
    max_area: int = 2048 * 2048
    fps: float = 24.0
    reference_area: int = field(default=480 * 848)
    base_area: int = 0

    def area(self, is_base: bool) -> int:
        """Pixels a reference is scaled to."""
        return (self.base_area if is_base else 0) or self.reference_area

    def sampling(self, clip: bool, references: bool) -> Sampling:
        """The defaults for a kind of request."""
        if clip:
            return self.clip_edit if references else self.clip
        return self.picture_edit if references else self.picture

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> "Defaults":
        """From a model folder's `sampling` table; CheckpointError names what does not fit."""
        parsed: dict[str, Any] = {}
        known = {f.name: f for f in fields(cls)}
        for name, value in values.items():
            if name not in known:
                raise CheckpointError(f'unknown sampling default "{name}" in the model folder')
            try:
                parsed[name] = _in_place_of(known[name].default, name, value)
            except (TypeError, InputError) as error:
                raise CheckpointError(f'bad sampling default "{name}": {error}') from None
        return cls(**parsed)


def _in_place_of(default: Any, name: str, value: Any) -> Any:
    """The value, of the default's kind; InputError or TypeError when it is of another."""
    if value == default:
        return default
    if isinstance(default, Sampling):
        return default.changed(**value)
    if isinstance(default, tuple):
        if not isinstance(value, tuple | list) or len(value) != len(default):
            raise InputError(f"{name} is two whole numbers, width and height, not {value!r}")
        return tuple(counted(f"a side of {name}", side) for side in value)
    return _positive(name, value) if isinstance(default, float) else counted(name, value)


def counted(name: str, value: object) -> int:
    """A whole number of at least 1; InputError otherwise."""
    if (count := whole(name, value)) < 1:
        raise InputError(f"{name} must be at least 1, not {value!r}")
    return count
