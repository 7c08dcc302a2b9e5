"""Pictures and clips in and out; the only importer of Pillow and PyAV.

- frames: Frames, Limits, hashing, resizing
- files: opening a file safely and telling what it is
- arrays: arrays to 8-bit RGB
- pictures: read_picture
- animations: GIF, WebP and PNG that move
- containers: MP4, WebM and the like
- clips: read_clip
- probing: read_size
- timing: timestamps to a constant rate
- sound: sound carried from a source clip to the saved one
- recipes: how a file was made, in its metadata
- saving: Frames.save
"""

from vino.media.clips import is_clip_file, read_clip
from vino.media.frames import (
    DEFAULT_LIMITS,
    Frames,
    Limits,
    MediaWarning,
    content_hash,
    resize,
)
from vino.media.pictures import read_picture
from vino.media.probing import read_size
from vino.media.recipes import read_recipe, recipe_media, without_metadata
from vino.media.saving import check_output
from vino.media.sound import Sound

__all__ = [
    "DEFAULT_LIMITS",
    "Frames",
    "Limits",
    "MediaWarning",
    "Sound",
    "check_output",
    "content_hash",
    "is_clip_file",
    "read_clip",
    "read_picture",
    "read_recipe",
    "read_size",
    "recipe_media",
    "resize",
    "without_metadata",
]
