"""The size of a picture or clip without decoding it."""

from pathlib import Path

from vino.errors import InputError
from vino.media.animations import measure_animation
from vino.media.containers import measure_container
from vino.media.files import open_file, open_picture, quiet, reason
from vino.media.frames import DEFAULT_LIMITS, Limits
from vino.media.pictures import is_turned
from vino.sizes import PixelSize


def read_size(
    path: str | Path,
    *,
    is_clip: bool,
    limits: Limits = DEFAULT_LIMITS,
    most: int | None = None,
) -> PixelSize:
    """Frames, height and width as `read_picture` or `read_clip` (`is_clip`) would give them.

    Read from headers and packets; GIF, WebP and PNG that move are decoded frame by frame. A clip
    damaged further on may turn out to have fewer frames. Raises InputError: unreadable, more than
    `limits` allows, or a clip where a picture is meant.
    """
    name = str(path)
    with open_file(Path(path), limits) as (file, kind):
        if kind.is_container:
            if not is_clip:
                raise InputError(f"{name} is a clip: give it as a video, or a picture instead")
            return measure_container(file, kind, name, limits, most)
        if is_clip and not kind.may_move:
            raise InputError(f"{name} is a still picture: give it as a picture, or a clip instead")
        if is_clip:
            return measure_animation(file, kind, name, limits, most)
        try:
            with quiet():
                image = open_picture(file, kind)
                width, height = image.size[::-1] if is_turned(image) else image.size
        except Exception as error:  # plugins raise nearly anything on damaged headers
            raise InputError(
                f"{name} is damaged or cut off ({reason(error)}): give an intact file"
            ) from None
        limits.check_picture(name, width, height)
        return PixelSize(1, height, width)
