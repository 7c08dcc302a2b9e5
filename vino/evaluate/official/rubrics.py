"""What a judge looks for: the published rubrics of the benchmarks, in our own words.

The published texts are in ImgEdit's Benchmark/Basic, in GEdit-Bench's VIEScore, in OpenVE-Bench's
gemini_benchmark.py and in OpenS2V-Nexus' eval/get_naturalscore.py. Scores of a judge that reads
other words, or is another model, compare with each other, and with published ones only roughly.
"""

from dataclasses import dataclass
from pathlib import Path

from vino.errors import InputError
from vino.evaluate.official.questions import CLIP_FRAMES, Question


@dataclass(frozen=True)
class Rubric:
    """What is graded, by which criteria (name, meaning), on which scale.

    capped: no score is above the first, for an edit that was not made preserves everything
    """

    task: str
    criteria: tuple[tuple[str, str], ...]
    lowest: int = 1
    highest: int = 5
    capped: bool = False

    def question(
        self,
        name: str,
        shown: tuple[Path, ...],
        instruction: str = "",
        frames: int = CLIP_FRAMES,
        like: Path | None = None,
    ) -> Question:
        names = tuple(title for title, _ in self.criteria)
        return Question(
            name, self.text(instruction), shown, names, self.lowest, self.highest, frames, like
        )

    def text(self, instruction: str = "") -> str:
        """The question in words."""
        lines = [self.task]
        if instruction:
            lines.append(f"The instruction was: «{instruction}»")
        lines.append(
            f"Grade each of the following with a whole number from {self.lowest} (it fails "
            f"entirely) to {self.highest} (nothing is left to wish for):"
        )
        lines += [f"- {title}: {meaning}." for title, meaning in self.criteria]
        if self.capped:
            lines.append("No grade may be higher than the first one.")
        lines.append(
            "Answer with one short sentence that gives your reason, and then these lines, with a "
            "number in place of N:"
        )
        lines += [f"{title}: N" for title, _ in self.criteria]
        return "\n".join(lines)


_PICTURES = "You see a picture and, second, the same picture after someone edited it."
_CLIPS = (
    "You see frames of a video in their order, and then, in the same number and order, frames of "
    "the video after someone edited it."
)
IMGEDIT_TYPES = {
    "add": "the thing asked for is there, as described and where it was asked, and nothing else",
    "adjust": "the named property of the named thing is changed as asked",
    "alter": "the named property of the named thing is changed as asked",
    "extract": "the named thing, complete, is all that is left, before a plain background",
    "replace": "the named thing is gone, and the one asked for is in its place",
    "remove": "the named thing is gone without a trace, and nothing else is",
    "background": "the surroundings are what was asked for, and the subject stands before them",
    "style": "the whole picture is in the style that was asked for: palette, stroke and texture",
    "compose": "every one of the changes asked for is made",
    "action": "the person or animal does, or stands as, what was asked for",
}
OPENVE_TYPES = {
    "global_style": "every frame is in the style that was asked for",
    "background_change": "the surroundings are what was asked for, the foreground is not touched",
    "local_change": "the named thing is exchanged or changed as asked in every frame",
    "local_remove": "the named thing is gone from every frame, and nothing else is",
    "local_add": "the thing asked for is there in every frame, as described and where asked",
    "subtitle_edit": "the subtitle is added, removed or changed as asked, letter for letter",
    "camera_edit": "the view, its distance and its framing are what was asked for",
    "creative_edit": "the idea of the instruction is carried out from the first frame to the last",
}


def imgedit_rubric(kind: str) -> Rubric:
    """For one type of ImgEdit; InputError if there is no such type."""
    return Rubric(
        _PICTURES,
        (
            ("Instruction Adherence", _meaning(IMGEDIT_TYPES, kind)),
            ("Image-editing Quality", "the result looks like one picture: no seams, smears, "
             "halos or wrong light, and nothing that could not be"),
            ("Detail Preservation", "what the instruction does not concern is as it was, in shape, "
             "place and colour"),
        ),
        capped=True,
    )  # fmt: skip


def openve_rubric(kind: str) -> Rubric:
    """For one type of OpenVE-Bench; InputError if there is no such type."""
    return Rubric(
        _CLIPS,
        (
            ("Instruction Compliance", _meaning(OPENVE_TYPES, kind)),
            ("Visual Quality and Stability", "the result is clean, and stays so over time: no "
             "flicker, no crawling texture, no edges that jump"),
            ("Consistency and Detail", "what the instruction does not concern is as it was, its "
             "motion included, and what is new moves, is lit and is hidden as a real thing would"),
        ),
        capped=True,
    )  # fmt: skip


GEDIT_SEMANTIC = Rubric(
    _PICTURES,
    (
        ("Success", "the edit that was asked for is made, completely and correctly"),
        ("Restraint", "nothing is changed beyond what was asked for"),
    ),
    lowest=0,
    highest=10,
)
GEDIT_QUALITY = Rubric(
    "You see a picture that was made or edited by a machine.",
    (
        ("Naturalness", "light, shadow, perspective and proportion are those of a real scene"),
        ("Cleanness", "there are no artefacts: distortion, blur, seams, watermarks, or faces, "
         "limbs and things that are malformed"),
    ),
    lowest=0,
    highest=10,
)  # fmt: skip
NATURAL = Rubric(
    "You see frames of a video in their order. Was it filmed, or made by a machine?",
    (
        ("Naturalness", "1 is certainly made, 3 is undecidable, 5 is certainly filmed. Look at "
         "whether things and people act sensibly, whether light, shadow and motion obey physics, "
         "whether textures, faces and hands are right, and for blur, melting or glitches"),
    ),
)  # fmt: skip


def _meaning(types: dict[str, str], kind: str) -> str:
    if kind not in types:
        raise InputError(f'no rubric for the edit type "{kind}": there are {", ".join(types)}')
    return types[kind]
