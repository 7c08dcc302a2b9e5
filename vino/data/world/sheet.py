"""Contact sheets: samples as strips of pictures under their prompts, to be looked at."""

import textwrap
from collections.abc import Sequence

import cv2
import numpy as np

from vino.data.world.samples import Sample

GAP, LINE, LINES = 4, 12, 2  # pixels between blocks, of a line of text, and lines of it
LETTER = 5.6  # pixels, roughly
SHOWN_FRAMES = 4  # of each clip


def contact_sheet(samples: Sequence[Sample], width: int = 1600) -> np.ndarray:
    """All samples in rows (H W 3 uint8): what is given, a gap, and the answer.

    width: of the sheet in pixels, in which rows are filled from the left
    """
    rows: list[list[np.ndarray]] = [[]]
    for sample in samples:
        block = _block(sample)
        if rows[-1] and sum(b.shape[1] + GAP for b in [*rows[-1], block]) > width:
            rows.append([])
        rows[-1].append(block)
    width = max(width, *(sum(b.shape[1] + GAP for b in row) for row in rows))
    return np.concatenate([_beside(row, width) for row in rows])


def _block(sample: Sample) -> np.ndarray:
    """One sample: its prompt above its media and its target."""
    given = [frame for s in sample.segments if not isinstance(s, str) for frame in _shown(s)]
    answer = _shown(sample.target)
    height = answer[0].shape[0]
    gap = np.full((height, GAP, 3), 255, np.uint8)
    between = [gap, np.zeros_like(gap), gap] if given else []
    pictures = np.concatenate([*given, *between, *answer], axis=1)
    return np.concatenate([_title(sample, pictures.shape[1]), pictures])


def _title(sample: Sample, width: int) -> np.ndarray:
    """The task and the prompt, as far as two lines hold it."""
    title = np.full((LINE * LINES + 2, width, 3), 255, np.uint8)
    lines = textwrap.wrap(f"{sample.task}: {sample.prompt}", max(8, int(width / LETTER)))
    for number, line in enumerate(lines[:LINES]):
        below = (1, LINE * (number + 1) - 2)
        cv2.putText(title, line, below, cv2.FONT_HERSHEY_SIMPLEX, 0.32, (0, 0, 0), 1, cv2.LINE_AA)
    return title


def _shown(video: np.ndarray) -> list[np.ndarray]:
    """Some frames of a clip, first and last among them, or the picture."""
    count = min(SHOWN_FRAMES, len(video))
    return [video[round(i)] for i in np.linspace(0, len(video) - 1, count)]


def _beside(blocks: list[np.ndarray], width: int) -> np.ndarray:
    """Blocks in a row, on white."""
    row = np.full((max(b.shape[0] for b in blocks) + GAP, width, 3), 255, np.uint8)
    left = 0
    for block in blocks:
        row[: block.shape[0], left : left + block.shape[1]] = block
        left += block.shape[1] + GAP
    return row
