"""Filters look at prompts, references and outputs, and say what they think of them.

The built-in ones need no network and no model: a list of words and patterns, and a list of
pictures. They know what they were given and nothing else: a synonym, another language or a
drawing of the same scene passes. For more, name a plug-in in the policy: an entry point of the
group `vino.filters`, or "module:Class". It is called without arguments once, when the policy is
put to work, and from several threads afterwards.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

from vino.errors import InputError
from vino.govern.likeness import fingerprint
from vino.govern.policy import Policy, Refused
from vino.media import Frames

GROUP = "vino.filters"
_UNSEEN = {"Cf", "Mn"}  # Unicode's categories of characters that hide a word: joiners, accents


@dataclass(frozen=True)
class Opinion:
    """refusal: why it is refused, for whoever asked; empty when it is not. people: it shows some
    who can be recognised, so that consent is needed if the policy asks for it."""

    refusal: str = ""
    people: bool = False


NOTHING = Opinion()


@runtime_checkable
class Filter(Protocol):
    """What a plug-in provides. An exception counts as a refusal."""

    def prompt(self, text: str) -> Opinion: ...
    def reference(self, frames: Frames) -> Opinion: ...
    def output(self, frames: Frames) -> Opinion: ...


class Words:
    """Refuses prompts that hold listed words, phrases or patterns.

    Words are compared in lower case, without accents and characters that are not seen; patterns see
    the prompt both so and as it came.
    """

    def __init__(self, refused: Refused):
        phrases = (r"\W+".join(map(re.escape, _plain(w).split())) for w in refused.words)
        self._words = [re.compile(rf"(?<!\w){phrase}(?!\w)") for phrase in phrases]
        self._patterns = [re.compile(pattern) for pattern in refused.patterns]

    def prompt(self, text: str) -> Opinion:
        plain = _plain(text)
        found = any(word.search(plain) for word in self._words)
        found = found or any(p.search(t) for p in self._patterns for t in (text, plain))
        return Opinion("the prompt asks for what is not made here") if found else NOTHING

    def reference(self, frames: Frames) -> Opinion:
        return NOTHING

    def output(self, frames: Frames) -> Opinion:
        return NOTHING


class Pictures:
    """Refuses references and outputs that are listed pictures, or copies of them."""

    def __init__(self, refused: Refused):
        self._names = frozenset(refused.pictures)

    def prompt(self, text: str) -> Opinion:
        return NOTHING

    def reference(self, frames: Frames) -> Opinion:
        return self._look(frames, "a reference is a picture that is not used here")

    def output(self, frames: Frames) -> Opinion:
        return self._look(frames, "the result is a picture that is not made here")

    def _look(self, frames: Frames, refusal: str) -> Opinion:
        listed = self._names and fingerprint(frames).shows(self._names)
        return Opinion(refusal) if listed else NOTHING


def filters_of(policy: Policy) -> tuple[Filter, ...]:
    """The built-in filters with the policy's lists, then its plug-ins; InputError for unknown."""
    return (Words(policy.refused), Pictures(policy.refused), *map(load_filter, policy.filters.use))


def load_filter(name: str) -> Filter:
    """A plug-in by entry point or as "module:Class"."""
    try:
        found = entry_points(group=GROUP, name=name)
        if found:
            made = next(iter(found)).load()()
        else:
            module, _, attribute = name.partition(":")
            made = getattr(import_module(module), attribute)()
    except Exception as error:  # other people's code
        raise InputError(f'the filter "{name:.80}" cannot be loaded ({error!s:.120})') from None
    if not isinstance(made, Filter):
        raise InputError(f'the filter "{name:.80}" lacks prompt, reference or output')
    return made


def opinions(filters: Sequence[Filter], kind: str, seen: str | Frames) -> Opinion:
    """What all filters together think of a prompt, reference or output."""
    people = False
    for each in filters:
        try:
            opinion: Opinion = getattr(each, kind)(seen)
        except Exception:  # a filter that fails must not let everything through
            return Opinion(f"the filter {type(each).__name__} failed")
        if opinion.refusal:
            return opinion
        people = people or opinion.people
    return Opinion(people=people)


def _plain(text: str) -> str:
    """Compatible characters unified, in lower case, without what is not seen."""
    split = unicodedata.normalize("NFKD", text)
    return "".join(c for c in split if unicodedata.category(c) not in _UNSEEN).casefold()
