"""What a file says of its origin, and how far that can be believed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vino.errors import InputError
from vino.govern.credentials import BROKEN, VALID, Credentials, read_credentials
from vino.govern.likeness import Fingerprint, fingerprint
from vino.govern.mark import Finding, find_mark
from vino.media import Limits, is_clip_file, read_clip, read_picture, read_recipe

LIMITS = Limits(
    max_pixels=50_000_000, max_frames=600, max_clip_pixels=300_000_000, max_bytes=256 << 20
)
"""Files of strangers are looked at: less is taken than for files of one's own."""


@dataclass(frozen=True)
class Origin:
    """What was found in one file.

    recipe: in the metadata, where anybody may write one. signed: it is also in credentials that
    hold. mark: how likely the invisible mark is there by chance. picture: names it in a policy.
    """

    path: Path
    credentials: Credentials
    recipe: dict[str, Any] | None
    mark: Finding
    picture: Fingerprint

    @property
    def signed(self) -> bool:
        return self.credentials.is_intact and self.credentials.recipe is not None

    @property
    def is_broken(self) -> bool:
        """Whether credentials are there that do not hold."""
        return self.credentials.state == BROKEN

    @property
    def is_vouched(self) -> bool:
        """Whether somebody trusted signed it, or the mark is in it."""
        return self.credentials.state == VALID or (self.mark.is_marked and not self.is_broken)


def verify(
    path: str | Path,
    trusted: tuple[str, ...] = (),
    key: str | None = None,
    limits: Limits = LIMITS,
) -> Origin:
    """Look a picture or clip through; InputError when it cannot be read.

    trusted: PEM certificates that are believed. key: of the mark, by default `mark_key()`.
    """
    path = Path(path)
    read = read_clip if is_clip_file(path, limits) else read_picture
    frames = read(path, limits)
    credentials = read_credentials(path, trusted, limits)
    try:
        recipe = read_recipe(path, limits)
    except InputError:
        recipe = None
    return Origin(path, credentials, recipe, find_mark(frames, key), fingerprint(frames))
