"""The paper's claims as they were written down before the first run, and when one holds.

A claim is one or more parts, each the difference of two arms in one metric. Of a part,

- the estimate is the mean difference over seeds and scenes: both arms answer the same scenes with
  the same noise. Above 0 is what the claim says.
- the 95 % interval is that of a bootstrap that draws seeds and scenes anew, each on its own (Owen
  2007, crossed factors); where a seed has one value, as in training, of Student's t over seeds.
- "more" holds if the interval lies above 0 and the estimate is at least `least`, and does not hold
  if the interval lies below `least`.
- "no less" holds if the interval lies above -`least`, and does not hold if it lies below it.
- where both arms succeed less often than `FLOOR` nothing could show, and these runs cannot tell;
  nor can they otherwise.

A claim holds if all its parts do; it does not hold here if one does not; else nobody can tell.
"""

from dataclasses import dataclass
from math import log
from typing import Literal

SEEDS = (0, 1, 2)
EDITS = ("remove", "replace", "background", "add", "edit_ref")
LOCAL = ("remove", "replace", "add")
SUCCESSES = ("done", "right", "in place", "identity", "first recognised")
FLOOR = 0.1  # share of successes
TWO, FOUR = ("two references",), ("four references",)

Kind = Literal["more", "no less"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One comparison: `arm` against `other`, in a metric.

    groups: of questions, whose scenes count; none for a metric of the training itself.
    sign: -1 where less is better. least: the smallest difference that counts.
    look: when the arm is asked: "final", "early" or "speed". other_look, other_groups: of the
    other arm, where they differ.
    """

    says: str
    metric: str
    groups: tuple[str, ...] = ()
    arm: str = "reference"
    other: str = "reference"
    sign: int = 1
    least: float
    kind: Kind = "more"
    look: str = "final"
    other_look: str = ""
    other_groups: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim: the paper's, or ours."""

    key: str
    says: str
    parts: tuple[Part, ...]


CLAIMS: tuple[Claim, ...] = (
    Claim(
        key="1",
        says="Query tokens steady training and improve edits.",
        parts=(
            Part(
                says="the transformer's gradients are a tenth smaller than without queries",
                metric="ln gradient norm", other="queries-0", sign=-1, least=0.1,
            ),
            Part(
                says="and vary a tenth less from step to step",
                metric="ln gradient variation", other="queries-0", sign=-1, least=0.1,
            ),
            Part(
                says="the loss on held-out examples is 2 % lower",
                metric="ln loss", other="queries-0", sign=-1, least=0.02,
            ),
            Part(
                says="ten edits more of a hundred are done as told",
                metric="done", groups=EDITS, other="queries-0", least=0.1,
            ),
        ),
    ),
    Claim(
        key="2",
        says="Boundary tokens keep references apart.",
        parts=(
            Part(
                says="of two references five pairs fewer of a hundred are swapped",
                metric="swapped", groups=TWO, other="no-boundaries", sign=-1, least=0.05,
            ),
            Part(
                says="five answers fewer of a hundred show more of a reference than was asked",
                metric="leaked", groups=(*TWO, "edit_ref"), other="no-boundaries", sign=-1,
                least=0.05,
            ),
            Part(
                says="the first frame of a clip from a picture is 1 dB better",
                metric="first frame lost dB", groups=("i2v",), other="no-boundaries", sign=-1,
                least=1.0,
            ),
            Part(
                says="with four references, one more than trained, ten objects more of a hundred "
                "are in their places",
                metric="in place", groups=FOUR, other="no-boundaries", least=0.1,
            ),
        ),
    ),
    Claim(
        key="3a",
        says="Image guidance trades motion for identity.",
        parts=(
            Part(
                says="from scale 1 to 4 five objects more of a hundred are recognised in the last "
                "frame",
                metric="identity", groups=("i2v, image guidance 4",),
                other_groups=("i2v, image guidance 1",), least=0.05,
            ),
            Part(
                says="and a tenth of the movement is lost",
                metric="movement", groups=("i2v, image guidance 4",),
                other_groups=("i2v, image guidance 1",), sign=-1, least=0.1,
            ),
        ),
    ),
    Claim(
        key="3b",
        says="A scale of one reference moves that one alone (ours).",
        parts=(
            Part(
                says="from scale 0 to 3 the first reference is recognised ten times more of a "
                "hundred",
                metric="first recognised", groups=("two references, first at 3",),
                other_groups=("two references, first at 0",), least=0.1,
            ),
            Part(
                says="the other no less often (a tenth counts)",
                metric="others recognised", groups=("two references, first at 3",),
                other_groups=("two references, first at 0",), least=0.1, kind="no less",
            ),
        ),
    ),
    Claim(
        key="4a",
        says="Staged training keeps the base model's ability and beats going straight to stage 3.",
        parts=(
            Part(
                says="pictures from words are right as often as the base's (five of a hundred "
                "count)",
                metric="right", groups=("t2i",), other="base", least=0.05, kind="no less",
            ),
            Part(
                says="and five times more of a hundred than after stage 3 alone",
                metric="right", groups=("t2i",), other="direct", least=0.05,
            ),
            Part(
                says="five edits more of a hundred are done than after stage 3 alone",
                metric="done", groups=EDITS, other="direct", least=0.05,
            ),
        ),
    ),
    Claim(
        key="4b",
        says="A sixteenth of stage 3 (the paper's 1,000 steps) already edits well.",
        parts=(
            Part(
                says="as many edits are done as at the end (ten of a hundred count)",
                metric="done", groups=EDITS, look="early", other_look="final", least=0.1,
                kind="no less",
            ),
        ),
    ),
    Claim(
        key="5a",
        says="The VLM's states alone are not enough for local edits.",
        parts=(
            Part(
                says="with latents what should stay is 3 dB better",
                metric="lost dB", groups=LOCAL, other="states", sign=-1, least=3.0,
            ),
            Part(
                says="and ten edits more of a hundred are done",
                metric="done", groups=LOCAL, other="states", least=0.1,
            ),
        ),
    ),
    Claim(
        key="5b",
        says="Latents alone are not enough for instructions.",
        parts=(
            Part(
                says="with the VLM's states ten edits more of a hundred are done as told",
                metric="done", groups=EDITS, other="latents", least=0.1,
            ),
            Part(
                says="and of two references ten objects more of a hundred are in their places",
                metric="in place", groups=TWO, other="latents", least=0.1,
            ),
        ),
    ),
    Claim(
        key="6a",
        says="References apart are as good as joint attention, and faster (ours).",
        parts=(
            Part(
                says="as many edits are done (five of a hundred count)",
                metric="done", groups=EDITS, arm="apart", least=0.05, kind="no less",
            ),
            Part(
                says="what should stay is as good (1 dB counts)",
                metric="lost dB", groups=EDITS, arm="apart", sign=-1, least=1.0, kind="no less",
            ),
            Part(
                says="of two references as many objects are in their places (five of a hundred "
                "count)",
                metric="in place", groups=TWO, arm="apart", least=0.05, kind="no less",
            ),
            Part(
                says="sampling with three references is 1.2 times as fast",
                metric="ln seconds", groups=("three references",), arm="apart", sign=-1,
                look="speed", least=log(1.2),
            ),
        ),
    ),
    Claim(
        key="6b",
        says="References in free order: an order never trained does not matter (ours).",
        parts=(
            Part(
                says="ten edits by a reference more of a hundred are done when the edited picture "
                "comes first",
                metric="done", groups=("edit_ref, reversed",), arm="free-order", least=0.1,
            ),
            Part(
                says="in the usual order as many edits are done (five of a hundred count)",
                metric="done", groups=EDITS, arm="free-order", least=0.05, kind="no less",
            ),
        ),
    ),
    *(
        Claim(
            key=key,
            says=f"The paper's one clock is better than {words} (ours).",
            parts=(
                Part(
                    says="five edits more of a hundred are done",
                    metric="done", groups=EDITS, other=arm, least=0.05,
                ),
                Part(
                    says="of two references five objects more of a hundred are in their places",
                    metric="in place", groups=TWO, other=arm, least=0.05,
                ),
            ),
        )
        for key, arm, words in (
            ("6c", "shared", "all references and the target on one grid from time 0 on"),
            ("6d", "diagonal", "their grids on a diagonal"),
        )
    ),
)  # fmt: skip
