"""On what terms things are made: who may ask for what, what every output carries, what is noted.

The command line and the server hand everything they were asked for and everything they made to
`Terms`; with the default ones nothing is refused, added or noted.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vino.govern.audit import AuditLog
from vino.govern.credentials import sign
from vino.govern.guard import Guard, RefusedByPolicy
from vino.govern.mark import mark
from vino.govern.signing import Signer
from vino.media import Frames, recipe_media
from vino.prompt import Prompt, Text

LOCAL = "local"  # who asks on the command line


@dataclass(frozen=True)
class Terms:
    """guard: the policy at work. signer: signs content credentials into every output. mark: every
    output carries the invisible mark. log: notes what was made and refused."""

    guard: Guard = field(default_factory=Guard)
    signer: Signer | None = None
    mark: bool = False
    log: AuditLog | None = None

    def admit(self, prompt: Prompt, is_clip: bool, who: str) -> None:
        """RefusedByPolicy, which is noted, unless `who` may ask for this."""
        try:
            self.guard.admit(prompt, is_clip, who)
        except RefusedByPolicy as refusal:
            texts = [s.text for s in prompt.segments if isinstance(s, Text)]
            self._note("refused", who, {"prompt": self._hidden(texts), "why": str(refusal)})
            raise

    def shown(self, frames: Frames) -> Frames:
        """What may be seen of a result, marked if it has to be; RefusedByPolicy for nothing."""
        self.guard.release(frames)
        return mark(frames) if self.mark else frames

    def save(
        self, frames: Frames, path: str | Path, *, who: str, job: str, quality: int | None = None
    ) -> Path:
        """Write a result with all it has to carry, and note it: all three, or no file is left.

        job: names it in the log. RefusedByPolicy, which is noted, when it may not leave; else as
        `Frames.save`.
        """
        try:
            path = self.shown(frames).save(path, quality=quality)
        except RefusedByPolicy as refusal:
            self._note("withheld", who, {"job": job, "why": str(refusal)})
            raise
        try:
            if self.signer is not None:
                sign(path, self.signer, marked=self.mark)
            self._note("made", who, {"job": job, **self._made(path, frames.recipe or {})})
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    def _made(self, path: Path, recipe: dict[str, Any]) -> dict[str, Any]:
        """What is noted of a file; nothing when there is no log."""
        if self.log is None:
            return {}
        texts = [s["text"] for s in recipe.get("prompt", ()) if s["kind"] == "text"]
        with path.open("rb") as file:
            output = hashlib.file_digest(file, "sha256").hexdigest()
        return {
            "prompt": self._hidden(texts),
            "references": [digest for _, digest, _ in recipe_media(recipe)],
            "model": recipe.get("model", {}).get("hash"),
            "output": output,
        }

    def _hidden(self, texts: Sequence[str]) -> str | None:
        return None if self.log is None else self.log.prompt_hash("\0".join(texts))

    def _note(self, event: str, who: str, facts: Mapping[str, Any]) -> None:
        if self.log is not None:
            self.log.append(event, {"who": who, **facts})
