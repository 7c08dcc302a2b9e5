"""On what terms things are made: who may ask for what, what every output carries, what is noted.

The command line and the server hand everything they were asked for and everything they made to
`Terms`; with the default ones nothing is refused, added or noted.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vino.govern.audit import AuditLog
from vino.govern.credentials import sign
from vino.govern.guard import Guard, RefusedByPolicy
from vino.govern.mark import mark
from vino.govern.signing import Signer
from vino.media import Frames
from vino.prompt import Prompt, Text
from vino.request import recipe_media

LOCAL = "local"  # who asks on the command line


@dataclass(frozen=True)
class Terms:
    """guard: the policy at work. signer: signs content credentials into every output. mark: every
    output carries the invisible mark. log: notes what was made and refused."""

    guard: Guard = Guard()
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

    def save(self, frames: Frames, path: str | Path, *, quality: int | None = None) -> Path:
        """Write a result with all it has to carry; RefusedByPolicy when it may not leave."""
        self.guard.release(frames)
        path = (mark(frames) if self.mark else frames).save(path, quality=quality)
        return path if self.signer is None else sign(path, self.signer, marked=self.mark)

    def note(self, who: str, job: str, recipe: Mapping[str, Any], files: Sequence[Path]) -> None:
        """Note that these files were made; they hold what they will be delivered with."""
        if self.log is None:
            return
        texts = [s["text"] for s in recipe.get("prompt", ()) if s["kind"] == "text"]
        self._note("made", who, {
            "job": job,
            "prompt": self._hidden(texts),
            "references": [digest for _, digest, _ in recipe_media(dict(recipe))],
            "model": recipe.get("model", {}).get("hash"),
            "outputs": [_file_hash(path) for path in files],
        })  # fmt: skip

    def _hidden(self, texts: Sequence[str]) -> str | None:
        return self.log and self.log.prompt_hash("\0".join(texts))

    def _note(self, event: str, who: str, facts: Mapping[str, Any]) -> None:
        if self.log is not None:
            self.log.append(event, {"who": who, **facts})


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
