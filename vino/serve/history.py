"""What edit sessions begin with, what a turn edits, and what is told about them."""

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from vino.prompt import Video
from vino.serve.config import Settings
from vino.serve.files import Files
from vino.serve.jobs import CANCELLED, DONE, FAILED, Job, Turn
from vino.serve.keys import Caller
from vino.serve.order import Part, read_prompt
from vino.serve.replies import Refusal
from vino.serve.sessions import Session, Sessions

_ID = re.compile(r"session_[0-9a-f]{32}")


@dataclass(frozen=True)
class Origin:
    """What a turn is to edit: an output of its parent turn, or the session's start (None).

    newest: the parent is the newest turn that has a result or may get one, if there is any.
    """

    session: str
    parent: str | None
    newest: bool
    output: int

    def __str__(self) -> str:
        return repr(astuple(self))


@dataclass(frozen=True, eq=False)
class History:
    """The sessions of one server, with their files."""

    settings: Settings
    sessions: Sessions
    files: Files

    def find(self, id: str, caller: Caller) -> Session:
        """A session of the caller's; nobody else's is known to exist."""
        session = self.sessions.get(id, caller.id) if _ID.fullmatch(id) else None
        if session is None:
            raise Refusal(404, "you have no such session")
        return session

    def begin(self, media: Sequence[bytes], kind: str, caller: Caller) -> Session:
        """A session that begins with one medium, or with none. Raises InputError, Full, OSError."""
        self.sessions.check(caller)
        id = f"session_{secrets.token_hex(16)}"
        if not media:
            return self.sessions.add(id, None, caller)
        try:
            paths = self.files.accept(id, media)
            (medium,) = read_prompt((Part(kind),), paths, self.settings).media
            size = medium.frames.size
            start = {"type": "video" if isinstance(medium, Video) else "image",
                     "width": size.width, "height": size.height, "frames": size.frames}  # fmt: skip
            return self.sessions.add(id, start, caller)
        except BaseException:
            self.files.remove(id)
            raise

    def resolve(self, origin: Origin, caller: Caller) -> tuple[list[bytes], Turn]:
        """What a turn edits (nothing, when its session begins with text), and its place."""
        session = self.find(origin.session, caller)
        parent = self._parent(origin)
        turn = Turn(session.id, None if parent is None else parent.id, origin.output)
        if parent is None:
            path = self.files.folder(session.id) / "in-0"
            return [] if session.start is None else [path.read_bytes()], turn
        path, _ = result(self.files, parent, origin.output)
        return [path.read_bytes()], turn

    def place(self, job: Job) -> Turn:
        """Where a turn is."""
        turn = self.sessions.place(job.id)
        if turn is None:  # deleted meanwhile
            raise Refusal(404, "you have no such session")
        return turn

    def delete(self, session: Session) -> None:
        """Cancel its turns if need be; forget them, the session and all files."""
        for id in self.sessions.delete(session.id, session.owner):
            self.files.remove(id)

    def told(self, session: Session, tell: Callable[[Job], dict[str, Any]]) -> dict[str, Any]:
        """A session as its owner sees it, its turns oldest first; tell: what is told of a job."""
        turns = [turn_told(job, turn, tell) for job, turn in self.sessions.turns(session.id)]
        return session_told(session) | {"turns": turns}

    def _parent(self, origin: Origin) -> Job | None:
        """The job whose result is edited, if it is not the start."""
        turns = [job for job, _ in self.sessions.turns(origin.session)]
        if origin.newest:
            alive = [job for job in turns if job.state not in (FAILED, CANCELLED)]
            return alive[-1] if alive else None
        if origin.parent is None:
            return None
        found = next((job for job in turns if job.id == origin.parent), None)
        if found is None:
            raise Refusal(404, "the session has no such turn", param="parent")
        return found


def result(files: Files, job: Job, index: int) -> tuple[Path, dict[str, Any]]:
    """A result's file and what is told about it."""
    if job.state != DONE:
        raise Refusal(409, f"{job.id} is {job.state}: there is no result", code="not_ready")
    if not 0 <= index < len(job.outputs):
        raise Refusal(404, f"{job.id} has {len(job.outputs)} results, counted from 0")
    output = job.outputs[index]
    return files.folder(job.id) / output["file"], output


def session_told(session: Session) -> dict[str, Any]:
    """A session without its turns."""
    return {"id": session.id, "object": "session", "created_at": session.created_at,
            "start": session.start}  # fmt: skip


def turn_told(job: Job, turn: Turn, tell: Callable[[Job], dict[str, Any]]) -> dict[str, Any]:
    """A job, its place in the session, and its prompt without the base and without data."""
    parts = [p for p in job.request["parts"] if not (p["kind"] == "medium" and p["base"])]
    prompt = [p["text"] if p["kind"] == "text" else {"type": p["kind"]} for p in parts]
    return tell(job) | {"session": turn.session, "parent": turn.parent, "prompt": prompt,
                        "parent_output": None if turn.parent is None else turn.output}  # fmt: skip
