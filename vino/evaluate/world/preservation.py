"""What an edit should have left alone, and how well it did."""

import cv2
import numpy as np

from vino.data.world.render import render
from vino.data.world.samples import Sample
from vino.data.world.scene import Background, Scene, SceneObject
from vino.data.world.vocabulary import COLOURS
from vino.evaluate.world.alignment import movement
from vino.evaluate.world.similarity import colour_drift, ssim

BORDER = 2 / 64  # of the side: kept free around what an edit touches
BEST = 60.0  # dB, for equal pixels
LEAST_LEFT = 0.02  # of the frame: with less of it untouched there is nothing to measure
METRICS = (
    *("outside PSNR dB", "outside SSIM", "inside PSNR dB", "inside SSIM", "shift px", "zoom px"),
    *("colour dE", "L drift", "a drift", "b drift"),
)


def psnr(first: np.ndarray, second: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Peak signal-to-noise ratio in dB of 8-bit pixels (... 3) where the mask (...) is true."""
    difference = first.astype(np.float32) - second.astype(np.float32)
    chosen = difference if mask is None else difference[mask]
    error = float((chosen**2).mean())
    return min(BEST, 10 * float(np.log10(255**2 / max(error, 1e-9))))


def preserved(answer: np.ndarray, truth: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """How well an edit (T H W 3 uint8) kept what it should have, without a judge.

    truth: the source, or what should have come of it; mask: what should be kept (T H W bool)
    Means over frames of the metrics of `by_frame`, of those frames that have them.
    """
    return {
        metric: float(np.mean(known))
        for metric, values in by_frame(answer, truth, mask).items()
        if (known := [value for value in values if value is not None])
    }


def by_frame(
    answer: np.ndarray, truth: np.ndarray, mask: np.ndarray
) -> dict[str, list[float | None]]:
    """The same for every frame; None where a frame has no such pixels, or they say nothing.

    outside PSNR dB, outside SSIM: of what should be kept; inside: of the rest, against the truth
    shift px, zoom px: how far what should be kept moved, and how far its zoom moves the frame's
    edge; colour dE and drifts: see `colour_drift`
    """
    frames = [_kept(*frame) for frame in zip(answer, truth, mask, strict=True)]
    return {metric: [found.get(metric) for found in frames] for metric in METRICS}


def _kept(answer: np.ndarray, truth: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """The metrics of one frame."""
    found: dict[str, float] = {}
    for name, where in (("outside", mask), ("inside", ~mask)):
        if where.any():
            found[f"{name} PSNR dB"] = psnr(answer, truth, where)
            found[f"{name} SSIM"] = ssim(answer, truth, where)
    moved = movement(answer, truth, mask)
    if moved is not None:
        found |= {"shift px": moved.shift, "zoom px": abs(moved.zoom)}
    return found | (colour_drift(answer, truth, mask) if mask.any() else {})


def untouched(sample: Sample) -> np.ndarray | None:
    """Pixels that the edit has no business with (T H W bool); None if it may touch all.

    From the footprints of the objects that differ between the source and the target scene, not
    from differences of pixels. Where the background changes, the inside of those that stay.
    """
    source, target = sample.source_scene, sample.target_scene
    if source is None or source.look != target.look or source.camera != target.camera:
        return None
    frames, height, width = sample.target.shape[:3]
    changed = set(source.objects) ^ set(target.objects)
    size = height, width
    if source.background == target.background:
        free = np.ones((frames, *size), bool)
    else:
        free = np.zeros((frames, *size), bool)
        for thing in set(source.objects) & set(target.objects):
            free |= _shrunk(footprint(thing, size, frames) > 0.98)
    for thing in changed:
        free &= _shrunk(footprint(thing, size, frames) < 0.02)
    return free if free.mean() >= LEAST_LEFT else None


def footprint(thing: SceneObject, size: tuple[int, int], frames: int) -> np.ndarray:
    """The object's opacity (T H W, 0..1), from how it hides two different backgrounds."""
    black, white = (
        render(Scene(Background("plain", colour), (thing,)), size, frames).astype(np.float32)
        for colour in ("black", "white")
    )
    seen = (white - black).mean(-1) / np.mean(np.subtract(COLOURS["white"], COLOURS["black"]))
    return 1 - np.clip(seen, 0, 1)


def steady(sample: Sample) -> np.ndarray | None:
    """Pixels in which the clip should not change (H W bool); None where the camera moves."""
    if sample.target_scene.camera.kind != "static":
        return None
    frames, height, width = sample.target.shape[:3]
    free = np.ones((1, height, width), bool)
    for thing in sample.target_scene.objects:
        if thing.motion.kind != "still":
            free &= _shrunk(footprint(thing, (height, width), frames) < 0.02).all(0)
    return free[0] if free.mean() >= LEAST_LEFT else None


def flicker(clip: np.ndarray, mask: np.ndarray) -> float:
    """Mean absolute change from frame to frame (0..255) where the mask (H W) is true."""
    return float(np.abs(np.diff(clip.astype(np.float32), axis=0))[:, mask].mean())


def consistency(clip: np.ndarray, mask: np.ndarray) -> float:
    """1 less the mean absolute difference from the first frame (of 1) where the mask is true."""
    apart = np.abs(clip[1:].astype(np.float32) - clip[0])[:, mask]
    return 1 - float(apart.mean()) / 255


def roughness(clip: np.ndarray) -> float:
    """Mean absolute second difference of frames (0..255): what even motion has little of."""
    return float(np.abs(np.diff(clip.astype(np.float32), n=2, axis=0)).mean())


def _shrunk(mask: np.ndarray) -> np.ndarray:
    """The mask (T H W) without its border."""
    reach = max(1, round(BORDER * min(mask.shape[1:])))
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return np.stack([
        cv2.erode(frame.astype(np.uint8), kernel, borderValue=1).astype(bool) for frame in mask
    ])  # fmt: skip
