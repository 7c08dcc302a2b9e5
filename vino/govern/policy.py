"""What may be made and trained on, as `policy.toml` says it.

Every table and key is optional; what is not there is allowed. A key that is not known is refused,
with the nearest one, because a rule that is misspelt is a rule that is not kept.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol

from vino.errors import InputError
from vino.govern.consent import USES
from vino.govern.likeness import parse_name

NEVER, PEOPLE, ALWAYS = "never", "people", "always"
ANYBODY = "default"  # the table of keys without a table of their own
MAKES = tuple(use for use in USES if use != "train")

_LARGEST = 8 << 20  # bytes of a policy
_NEEDED = (NEVER, PEOPLE, ALWAYS)


def _check_tasks(tasks: tuple[str, ...]) -> None:
    for task in tasks:
        if task not in MAKES:
            near = get_close_matches(task, MAKES, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(MAKES)}"
            raise InputError(f'unknown task "{task:.40}": {hint}')


class Stated(Protocol):
    """What a record of data says of its rights. people: somebody can be recognised."""

    @property
    def licence(self) -> str: ...
    @property
    def consent(self) -> str: ...
    @property
    def people(self) -> bool: ...
    @property
    def where(self) -> str: ...


@dataclass(frozen=True)
class Rules:
    """[training]: what a record must state to be used.

    licence: every record names its licence; licences: it is one of these, if there are any.
    consent: records with people say on what ground. registered: their pictures are registered for
    training (`vino consent add --scope train`).
    """

    licence: bool = False
    consent: bool = False
    licences: tuple[str, ...] = ()
    registered: bool = False

    def check(self, record: Stated) -> None:
        """InputError when the record may not be used."""
        licence = record.licence.strip()
        if (self.licence or self.licences) and not licence:
            raise InputError(f"{record.where} names no licence: add one, or leave the record out")
        if self.licences and licence not in self.licences:
            raise InputError(
                f"{record.where} has the licence {licence:.60}, which the policy does not allow: "
                "leave the record out"
            )
        if self.consent and record.people and not record.consent.strip():
            raise InputError(
                f'{record.where} shows people and states no consent: add "consent", or leave the '
                "record out"
            )


@dataclass(frozen=True)
class Outputs:
    """[outputs]: what every output must carry."""

    credentials: bool = False
    mark: bool = False


@dataclass(frozen=True)
class References:
    """[references]: which references must be registered for the use they are put to.

    consent: never; people: those a filter takes for pictures of people; always.
    """

    consent: str = NEVER

    def __post_init__(self) -> None:
        if self.consent not in _NEEDED:
            raise InputError(f'consent is one of {", ".join(_NEEDED)}, not "{self.consent:.40}"')


@dataclass(frozen=True)
class Refused:
    """[refused]: what is not made.

    words: whole words and phrases of prompts, in any case. patterns: regular expressions of
    prompts. pictures: references and outputs, as `vino verify` names them ("content:..." or
    "likeness:..."). tasks: see `MAKES`.
    """

    words: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_tasks(self.tasks)
        for name in self.pictures:
            parse_name(name)
        for pattern in self.patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                message = f'"{pattern:.60}" is no regular expression ({error})'
                raise InputError(message) from None
        if not all(word.strip() for word in self.words):
            raise InputError("an empty word would refuse everything")


@dataclass(frozen=True)
class Filters:
    """[filters]: plug-ins beside the built-in ones, by entry point or as "module:Class"."""

    use: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rights:
    """[keys.ID]: what the owner of an API key may make; [keys.default]: everybody else."""

    tasks: tuple[str, ...] = MAKES

    def __post_init__(self) -> None:
        _check_tasks(self.tasks)


@dataclass(frozen=True)
class Policy:
    """All of it."""

    outputs: Outputs = Outputs()
    references: References = References()
    training: Rules = Rules()
    refused: Refused = Refused()
    filters: Filters = Filters()
    keys: Mapping[str, Rights] = field(default_factory=dict)

    def rights(self, who: str) -> Rights:
        """What the owner of this key may make."""
        return self.keys.get(who) or self.keys.get(ANYBODY) or Rights()


def read_policy(path: str | Path) -> Policy:
    """A policy file, parsed strictly; InputError names the file, the table and the key."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            raise InputError(f"{path} is longer than {_LARGEST:,} bytes")
        tables = tomllib.loads(text.decode())
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path} is no TOML: {error!s:.120}") from None
    return _policy(tables, str(path))


_TABLES: dict[str, type] = {
    "outputs": Outputs, "references": References, "training": Rules, "refused": Refused,
    "filters": Filters,
}  # fmt: skip


def _policy(tables: Mapping[str, Any], where: str) -> Policy:
    _refuse_unknown(tables, [*_TABLES, "keys"], where, "table")
    parsed = {
        name: _table(kind, tables.get(name, {}), f"{where}, [{name}]")
        for name, kind in _TABLES.items()
    }
    keys = tables.get("keys", {})
    if not isinstance(keys, dict):
        raise InputError(f"{where}: keys is a table of tables, like [keys.default]")
    rights = {id: _table(Rights, table, f"{where}, [keys.{id}]") for id, table in keys.items()}
    return Policy(**parsed, keys=rights)


def _table(kind: type, values: object, where: str) -> Any:
    """One table as its dataclass, whose defaults give the types."""
    if not isinstance(values, dict):
        raise InputError(f"{where} is a table, not {values!r:.40}")
    known = {f.name: f.default for f in fields(kind)}
    _refuse_unknown(values, list(known), where, "key")
    try:
        return kind(**{name: _value(name, v, known[name]) for name, v in values.items()})
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _value(name: str, value: object, default: object) -> object:
    if isinstance(default, tuple):
        if isinstance(value, list) and all(isinstance(v, str) for v in value):
            return tuple(value)
        raise InputError(f"{name} is a list of texts, not {value!r:.60}")
    if type(value) is not type(default):
        wanted = {bool: "true or false", str: "text"}[type(default)]
        raise InputError(f"{name} is {wanted}, not {value!r:.60}")
    return value


def _refuse_unknown(values: Mapping[str, Any], known: list[str], where: str, noun: str) -> None:
    for name in values:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise InputError(f'{where}: unknown {noun} "{name:.60}": {hint}')
