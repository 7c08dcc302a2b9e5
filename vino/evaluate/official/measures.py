"""What of the official scores needs no network."""

from itertools import pairwise

import numpy as np

from vino.errors import InputError
from vino.media import Frames

FLOW_WIDTH = 16  # to which the flow is averaged down


def temporal_flickering(clip: Frames) -> float:
    """1 - the mean absolute difference of neighbouring frames / 255 (VBench).

    As vbench/temporal_flickering.py: a mean over the pairs. InputError for a single frame.
    """
    pixels = clip.pixels
    if len(pixels) < 2:
        raise InputError("flickering needs at least two frames, the clip has one")
    changes = [np.abs(b.astype(np.int16) - a).mean() for a, b in pairwise(pixels)]
    return float(1 - np.mean(changes) / 255)


def motion_amplitude(clip: Frames) -> float:
    """The absolute mean of the Farneback flow over pixels, axes and frames (OpenS2V), in pixels.

    As eval/get_motion_amplitude.py of OpenS2V-Nexus: opposite motions cancel. InputError for a
    single frame.
    """
    try:
        import cv2
    except ImportError:
        raise InputError(
            "optical flow needs OpenCV: install vino again with its extra [train]"
        ) from None
    if len(clip.pixels) < 2:
        raise InputError("motion needs at least two frames, the clip has one")
    # The official scorer takes its RGB frames for BGR: the weights of red and blue are swapped.
    grey = [cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in clip.pixels]
    height = max(1, clip.size.height * FLOW_WIDTH // clip.size.width)
    flows = []
    for before, after in pairwise(grey):
        flow = cv2.calcOpticalFlowFarneback(
            before, after, None, pyr_scale=0.5, levels=3, winsize=15, iterations=3,
            poly_n=5, poly_sigma=1.2, flags=0,
        )  # type: ignore[call-overload]  # fmt: skip
        flows.append(cv2.resize(flow, (FLOW_WIDTH, height), interpolation=cv2.INTER_AREA))
    return float(abs(np.mean(flows)))
