"""All that one open page holds; every change gives another desk."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from vino.errors import InputError
from vino.serve.studio.references import THIS, Reference, check_handle
from vino.serve.studio.turns import Turns


@dataclass(frozen=True)
class Desk:
    """References, what is edited, and the turns.

    base: name of the reference that is edited, THIS for the result that is shown, or None.
    cropping: name of the picture that is being cropped.
    """

    references: tuple[Reference, ...] = ()
    base: str | None = None
    cropping: str | None = None
    turns: Turns = field(default_factory=Turns)

    @property
    def handles(self) -> list[str]:
        return [reference.handle for reference in self.references]

    def get(self, handle: str) -> Reference:
        """A reference by name; InputError when there is none."""
        found = next((r for r in self.references if r.handle == handle), None)
        if found is None:
            raise InputError(f"no reference is called @{handle[:40]}")
        return found

    def added(self, reference: Reference) -> "Desk":
        return replace(self, references=(*self.references, reference))

    def removed(self, handle: str) -> "Desk":
        kept = tuple(r for r in self.references if r.handle != handle)
        return replace(
            self,
            references=kept,
            base=None if self.base == handle else self.base,
            cropping=None if self.cropping == handle else self.cropping,
        )

    def changed(self, handle: str, change: Callable[[Reference], Reference]) -> "Desk":
        """With one reference changed in its place; its name may change too."""
        old = self.get(handle)
        new = change(old)
        if new.handle != handle:
            check_handle(new.handle, self.handles)
        return replace(
            self,
            references=tuple(new if r is old else r for r in self.references),
            base=new.handle if self.base == handle else self.base,
            cropping=None,
        )

    def based(self, handle: str | None) -> "Desk":
        """Edit a reference, the result that is shown (THIS), or nothing (None)."""
        if handle not in (None, THIS):
            self.get(str(handle))
        return replace(self, base=handle)

    def toggled(self, handle: str) -> "Desk":
        """Edit a reference, or nothing when it is the one."""
        return self.based(None if self.base == handle else handle)
