"""What a task's sample holds, before rendering (`Plan`) and after (`Sample`)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vino.data.world.compose import Draft
from vino.data.world.scene import Scene


@dataclass(frozen=True)
class Shot:
    """A medium still to be rendered: a scene as a picture or as a clip."""

    scene: Scene
    is_clip: bool = False


@dataclass(frozen=True)
class Plan:
    """A sample before rendering.

    segments: the prompt in order, text and media
    target: what is to be generated
    base: index, among the segments, of the medium that is edited; None if nothing is
    source: the scene that was edited into the target's, None if nothing was
    references: scenes of the media that are not the base
    withhold_latents: the references are for the VLM's eyes only
    """

    segments: tuple[str | Shot, ...]
    target: Shot
    base: int | None = None
    source: Scene | None = None
    references: tuple[Scene, ...] = ()
    withhold_latents: bool = False

    @property
    def prompt(self) -> str:
        """The text segments alone."""
        return " ".join(segment for segment in self.segments if isinstance(segment, str))

    def scenes(self) -> list[Scene]:
        """All scenes of the sample, the target's last."""
        media = [segment.scene for segment in self.segments if isinstance(segment, Shot)]
        return [*media, self.target.scene]


@dataclass(frozen=True, eq=False)
class Sample:
    """One rendered sample: a `Plan` whose media are arrays.

    segments: text, or T H W 3 uint8 (T == 1 for a picture), in prompt order
    base: index, among the segments, of the medium that is edited
    target: T H W 3 uint8
    caption_long, caption_short: of the target; the short one names the objects alone
    """

    task: str
    segments: tuple[str | np.ndarray, ...]
    base: int | None
    target: np.ndarray
    source_scene: Scene | None
    target_scene: Scene
    references: tuple[Scene, ...]
    caption_long: str
    caption_short: str
    withhold_latents: bool = False

    @property
    def prompt(self) -> str:
        """The text segments alone."""
        return " ".join(segment for segment in self.segments if isinstance(segment, str))


Planner = Callable[[Draft], Plan]
