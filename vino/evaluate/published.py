"""What the paper reports (arXiv 2601.02358)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """A published number, and the score of ours that asks the same question.

    number: as published, with its scale where that is not 0 to 1
    """

    benchmark: str
    number: str
    suite: str
    metric: str


PUBLISHED = (
    Published("GenEval, overall", "0.59 (0.75 rewritten)", "world-compose", "correct"),
    Published("VBench, multiple objects", "69.04 %", "world-compose", "correct: two objects"),
    Published("VBench, colour", "90.77 %", "world-compose", "correct: colours"),
    Published("VBench, spatial relation", "67.85 %", "world-compose", "correct: position"),
    Published("VBench, object class", "91.09 %", "world-clip", "objects"),
    Published("VBench, background consistency", "97.65 %", "world-clip", "background consistency"),
    Published("VBench, subject consistency", "95.99 %", "world-clip", "objects throughout"),
    Published("VBench, motion smoothness", "98.73 %", "world-clip", "motion smoothness"),
    Published("VBench, temporal flickering", "99.31 %", "world-clip", "steadiness"),
    Published("VBench, dynamic degree", "58.33 %", "world-clip", "something moves"),
    Published("OpenS2V, total", "57.85 %", "world-subject", "recognised"),
    Published("ImgEdit, overall", "4.18 of 5", "world-edit", "done"),
    Published("GEdit, without text change", "7.26 / 7.71 / 6.88 of 10", "world-edit", "done"),
    Published("OpenVE-Bench, Gemini as judge", "3.18 of 5", "world-clip-edit", "done"),
    Published("OpenVE-Bench, Qwen3-VL as judge", "4.34 of 5", "world-clip-edit", "done"),
)
WORLDS_DIFFER = (
    "The published numbers are the 13-billion-parameter model's on photographs and films, scored "
    "by detectors and vision-language models; ours are of emoji scenes, scored against their known "
    "truth. They ask the same question of different worlds, and the scales differ where noted."
)

FAIR = 0.97  # the judge's accuracy below which a score says little
