"""Arrays to 8-bit RGB."""

import numpy as np

from vino.errors import InputError

WHITE = 255


def rgb_pixels(array: np.ndarray, name: str = "the array") -> np.ndarray:
    """... H W C with 1, 3 or 4 channels to ... H W 3 uint8; alpha is composited on white.

    Values: uint8, uint16 (all 65,536 levels used), bool, or floats from 0 to 1.
    """
    if array.ndim < 3 or array.shape[-1] not in (1, 3, 4):
        hint = ": move the channels last" if array.ndim > 2 and array.shape[-3] in (1, 3) else ""
        raise InputError(f"{name} has shape {array.shape}, not height, width, 3{hint}")
    if 0 in array.shape:
        raise InputError(f"{name} has shape {array.shape}, without a single pixel")
    pixels = eight_bits(array, name)
    if array.shape[-1] == 1:
        return np.repeat(pixels, 3, axis=-1)
    return on_white(pixels) if array.shape[-1] == 4 else np.ascontiguousarray(pixels)


def eight_bits(array: np.ndarray, name: str) -> np.ndarray:
    """Values of any supported type as uint8."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    if array.dtype == np.uint16:
        return ((array.astype(np.uint32) * 255 + 32_767) // 65_535).astype(np.uint8)
    if not np.issubdtype(array.dtype, np.floating):
        raise InputError(f"{name} holds {array.dtype}: use uint8, or floats from 0 to 1")
    low, high = float(np.min(array)), float(np.max(array))  # NaN if any value is
    if not (np.isfinite(low) and np.isfinite(high)):
        raise InputError(f"{name} holds NaN or infinite values: replace them first")
    if low < 0 or high > 1:
        raise InputError(
            f"{name} holds floats from {low:.4g} to {high:.4g}: scale them to 0 to 1, or use uint8"
        )
    return np.rint(array.astype(np.float32) * 255).astype(np.uint8)


def on_white(rgba: np.ndarray) -> np.ndarray:
    """... 4 uint8 with straight alpha over white: ... 3."""
    color, alpha = rgba[..., :3].astype(np.uint16), rgba[..., 3:].astype(np.uint16)
    return ((color * alpha + WHITE * (255 - alpha) + 127) // 255).astype(np.uint8)
