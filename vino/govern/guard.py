"""A policy at work: what is asked for is let in or refused, and so is what comes out."""

from dataclasses import dataclass, field
from typing import Self

from vino.errors import InputError
from vino.govern.consent import Consents
from vino.govern.filters import Filter, filters_of, opinions
from vino.govern.likeness import fingerprint
from vino.govern.policy import ALWAYS, PEOPLE, Policy, Stated
from vino.media import Frames
from vino.prompt import Image, Prompt


class RefusedByPolicy(InputError):
    """What the policy does not allow; the message says as much as whoever asked may know."""


@dataclass(frozen=True)
class Guard:
    """A policy, the filters it names, and the records of consent it asks for."""

    policy: Policy = field(default_factory=Policy)
    consents: Consents = field(default_factory=Consents)
    filters: tuple[Filter, ...] = ()

    @classmethod
    def of(cls, policy: Policy, consents: Consents | None = None) -> Self:
        """The guard of a policy; InputError when a filter cannot be loaded."""
        return cls(policy, consents or Consents(), filters_of(policy))

    def admit(self, prompt: Prompt, is_clip: bool, who: str) -> None:
        """RefusedByPolicy unless `who` (the id of a key) may ask for this."""
        task = task_of(prompt, is_clip)
        if task not in self.policy.rights(who).tasks or task in self.policy.refused.tasks:
            raise RefusedByPolicy(f"the policy here does not let this key {_VERBS[task]}")
        if refusal := opinions(self.filters, "prompt", prompt.text).refusal:
            raise RefusedByPolicy(refusal)
        for number, medium in enumerate(prompt.media, 1):
            use = task if medium.base else "reference"
            self._admit_picture(medium.frames, use, f"reference {number}")

    def admit_record(self, record: Stated, frames: Frames) -> None:
        """RefusedByPolicy unless a medium of a record of data may be trained on."""
        opinion = opinions(self.filters, "reference", frames)
        if opinion.refusal:
            raise RefusedByPolicy(f"{record.where}: {opinion.refusal}")
        if self.policy.training.registered and (record.people or opinion.people):
            self._check_registered(frames, "train", record.where)

    def release(self, frames: Frames) -> None:
        """RefusedByPolicy unless this may leave."""
        if refusal := opinions(self.filters, "output", frames).refusal:
            raise RefusedByPolicy(refusal)

    def _admit_picture(self, frames: Frames, use: str, name: str) -> None:
        opinion = opinions(self.filters, "reference", frames)
        if opinion.refusal:
            raise RefusedByPolicy(opinion.refusal)
        needed = self.policy.references.consent
        if needed == ALWAYS or (needed == PEOPLE and opinion.people):
            self._check_registered(frames, use, name)

    def _check_registered(self, frames: Frames, use: str, name: str) -> None:
        if not self.consents.allows(fingerprint(frames), use):
            raise RefusedByPolicy(
                f'{name} is not registered for the use "{use}", which the policy here asks for '
                "(vino consent add)"
            )


_VERBS = {
    "generate": "generate from text", "reference": "use references", "edit": "edit",
    "animate": "animate",
}  # fmt: skip


def task_of(prompt: Prompt, is_clip: bool) -> str:
    """What a prompt asks for, as policies and consents name it (`vino.govern.consent.USES`)."""
    if not prompt.media:
        return "generate"
    if prompt.base is None:
        return "reference"
    return "animate" if is_clip and isinstance(prompt.base, Image) else "edit"
