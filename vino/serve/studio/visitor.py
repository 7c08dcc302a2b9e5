"""What the page asks of the server, as the person who opened it."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool

from vino.errors import InputError
from vino.media import Frames, read_clip, read_picture, read_recipe
from vino.serve.jobs import DONE, Job
from vino.serve.keys import LOCAL, Caller
from vino.serve.order import Order, Part
from vino.serve.replies import Refusal
from vino.serve.service import Service, Wish
from vino.serve.studio.choices import Choices
from vino.serve.studio.desk import Desk
from vino.serve.studio.pictures import strip, thumbnail
from vino.serve.studio.prompts import compose, words_of
from vino.serve.studio.references import THIS, Reference, cropped, open_reference

KIND = "job"
VARIATIONS = 4
PAGE = 24  # jobs of the gallery at once
_CROPPED = 320  # pixels: longest side of a picture that is being cropped


@dataclass(frozen=True)
class Visitor:
    """One caller at the service."""

    service: Service
    caller: Caller

    @property
    def has_key(self) -> bool:
        """Whether they signed in with a key."""
        return self.caller.id != LOCAL.id

    def own(self, remembered: Any) -> Any:
        """What a browser remembers, if it was this caller's."""
        is_own = isinstance(remembered, dict) and remembered.get("owner") == self.caller.id
        return remembered if is_own else None

    async def make(self, desk: Desk, text: str, choices: Choices) -> Job:
        """Have made what the page says."""
        references = [*desk.references]
        if desk.base == THIS:
            references.append(await self.shown(desk))
        composed = compose(text, references, desk.base)
        edited = next((r for r in references if r.handle == desk.base), None)
        order = choices.order(composed, edited is not None and edited.is_clip)
        media = await run_in_threadpool(_read_all, [r.path for r in composed.references])
        return await self._accept(order, media)

    async def again(self, job: Job, index: int) -> Job:
        """The same once more: one result, with the seed it had."""
        seed = self.service.output(job, index)[1]["seed"]
        return await self._repeat(job, replace(Order.from_json(job.request), seed=seed, n=1))

    async def vary(self, job: Job) -> Job:
        """The same with other seeds."""
        n = min(VARIATIONS, self.service.settings.max_outputs)
        return await self._repeat(job, replace(Order.from_json(job.request), seed=None, n=n))

    async def shown(self, desk: Desk) -> Reference:
        """The result that is shown, as a reference; Refusal when there is none."""
        turn = desk.turns.current
        if turn is None:
            raise InputError("nothing is shown that could be edited: make something first")
        path, _ = self.service.output(await self.find(turn.job), turn.pick)
        return await self.open(path, THIS, desk.handles)

    async def open(self, path: Path, name: str, taken: Iterable[str]) -> Reference:
        """A file as a reference; the result that is shown keeps its reserved name."""
        limits = self.service.settings.media
        found = await self.service.decoding(open_reference, path, name, [*taken], limits)
        return replace(found, handle=THIS) if name == THIS else found

    async def reused(self, job: Job) -> tuple[str, list[Reference], str | None]:
        """The text and the references a job was made of, and the name of the base."""
        text, media = words_of(Order.from_json(job.request))
        paths = self.service.files.media(job.id)
        references: dict[str, Reference] = {}
        base = None
        for handle, part in media:
            if handle not in references:
                opened = await self.open(paths[part.file], handle, ())
                references[handle] = replace(opened, handle=handle)
            base = handle if part.base else base
        return text, [*references.values()], base

    async def before(self, job: Job) -> Frames | None:
        """What a job edited; None when it edited nothing."""
        bases = [part for part in Order.from_json(job.request).parts if part.base]
        if not bases:
            return None
        return await self.service.decoding(self._base, job, bases[0])

    async def after(self, job: Job, index: int) -> Frames:
        """A result, decoded."""
        path, output = self.service.output(job, index)
        read = read_clip if output["frames"] > 1 else read_picture
        return await self.service.decoding(read, path)

    async def strip(self, job: Job, index: int) -> str:
        """Frames of a clip beside each other, as a data URL."""
        return await run_in_threadpool(strip, await self.after(job, index))

    async def whole(self, reference: Reference) -> str:
        """All of a picture that is being cropped, as a data URL."""

        def look() -> str:
            return thumbnail(read_picture(reference.source, self.service.settings.media), _CROPPED)

        return await self.service.decoding(look)

    async def cropped(self, reference: Reference, box: Sequence[int], folder: Path) -> Reference:
        """A part of a picture, as a file in the folder: a job's own files stay as they are."""
        left, top, right, bottom = box
        limits = self.service.settings.media
        sides = (left, top, right, bottom)
        return await self.service.decoding(cropped, reference, sides, folder, limits)

    def chosen(self, job: Job, index: int) -> Choices:
        """What the controls said when a result was made."""
        return Choices.of(Order.from_json(job.request), self.service.output(job, index)[1]["seed"])

    async def recipe(self, job: Job, index: int) -> dict[str, Any]:
        """How a result was made, from its own file."""
        return await run_in_threadpool(read_recipe, self.service.output(job, index)[0])

    async def find(self, id: str) -> Job:
        return await self.service.find(id, self.caller)

    async def known(self, ids: Iterable[str]) -> dict[str, Job]:
        """Those of the jobs that are there, and the caller's."""

        def look() -> dict[str, Job]:
            found = (self.service.jobs.get(id, self.caller.id) for id in ids)
            return {job.id: job for job in found if job is not None}

        return await run_in_threadpool(look)

    async def line(self) -> list[tuple[Job, int]]:
        """Own jobs that run or wait, each with how many wait before it."""
        return await run_in_threadpool(self.service.jobs.line, self.caller.id)

    async def made(self, after: str | None = None) -> tuple[list[Job], str | None]:
        """Own jobs with results, newest first, behind one; and where to go on, if anywhere."""
        behind = None if after is None else await self.find(after)
        found = await run_in_threadpool(
            self.service.jobs.page, self.caller.id, None, behind, PAGE, True
        )
        more = found[-1].id if len(found) == PAGE else None
        return [job for job in found if job.state == DONE], more

    def events(self, job: Job) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        return self.service.events(job, self.caller)

    async def cancel(self, id: str) -> None:
        await self.service.cancel(await self.find(id), self.caller)

    async def _repeat(self, job: Job, order: Order) -> Job:
        media = await run_in_threadpool(_read_all, self.service.files.media(job.id))
        return await self._accept(replace(order, shown=True), media)

    async def _accept(self, order: Order, media: list[bytes]) -> Job:
        return await self.service.accept(KIND, Wish(order, media), self.caller)

    def _base(self, job: Job, part: Part) -> Frames:
        path = self.service.files.media(job.id)[part.file]
        limits = self.service.settings.media
        reference = open_reference(path, "the base", (), limits)
        return read_clip(path, limits) if reference.is_clip else read_picture(path, limits)


def _read_all(paths: Iterable[Path]) -> list[bytes]:
    try:
        return [path.read_bytes() for path in paths]
    except OSError:
        message = "a reference is no longer here, it was added long ago: remove it and add it again"
        raise Refusal(410, message) from None
