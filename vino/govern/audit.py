"""An append-only log in which every entry carries the hash of the one before it.

One JSON object a line. `hash` is the SHA-256 of the entry without it, in the canonical form of
`_canonical`, `previous` in it is the hash of the entry before. Changing, removing or inserting an
entry breaks the chain; cutting off its end does not, so note the head (`Verdict.head`) elsewhere.

An entry holds no contents: prompts as keyed hashes, files and references as plain ones. Prompts
are short and can be guessed, so a plain hash would give them away to whoever tries; the key lies
beside the log (`FILE.key`, mode 0600). Pictures cannot be guessed, and with plain hashes a picture
that turns up can be looked up by anybody who holds the log.

A process that is killed, or a full disk, may leave half a line. The next entry seals it: it says
how many bytes were lost there and their hash, and the chain goes on.
"""

import fcntl
import hashlib
import hmac
import io
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from vino.errors import InputError

START = "0" * 64  # what comes before the first entry
SEALED = "sealed"
LONGEST = 1 << 18  # bytes of an entry
_KEY_BYTES = 32

Entry = dict[str, Any]


@dataclass(frozen=True)
class _End:
    """The end of a log: entries so far, hash of the last, what is torn behind it, and the newline
    that its last line lacks, if it does."""

    entries: int
    head: str
    torn: bytes
    missing: bytes


@dataclass(frozen=True)
class Verdict:
    """What reading a whole log came to.

    entries: whole ones. head: hash of the last. sealed: places (line numbers) where half a line
    was lost and sealed. torn: the log ends in half a line, which the next entry will seal.
    """

    entries: int
    head: str
    sealed: tuple[int, ...]
    torn: bool


class AuditLog:
    """One log file. Any number of threads and processes may append to it at once."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._key = _own_key(self.path.with_name(self.path.name + ".key"))
            with self._locked():
                pass
        except OSError as error:
            raise InputError(f"{path} cannot be a log: {error.strerror or error}") from None

    def append(self, event: str, facts: Mapping[str, Any]) -> str:
        """Add an entry and return its hash; it is on the disk then.

        InputError when the end of the log is no entry and no half of one: it was changed.
        """
        with self._locked() as file:
            end = _end(file, self.path)
            lines, number, head = [end.missing], end.entries, end.head
            if end.torn:
                lost = end.torn + end.missing
                seal = {"bytes": len(lost), "sha256": hashlib.sha256(lost).hexdigest()}
                lines.append(_line(_entry(number, SEALED, seal, head)))
                number, head = number + 1, _hash_of(lines[-1])
            lines.append(_line(_entry(number, event, facts, head)))
            _write(file, b"".join(lines))
            return _hash_of(lines[-1])

    def prompt_hash(self, text: str) -> str:
        """HMAC-SHA256 of a prompt under the log's key: tells equal prompts, and gives none away."""
        return hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        """The file, opened anew: its lock keeps other threads off as well as other processes."""
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        with open(os.open(self.path, flags, 0o600), "r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file


def verify_log(path: str | Path, head: str | None = None) -> Verdict:
    """Read a whole log; InputError names the first entry that is not what was written.

    head: the hash of an entry noted earlier; the log must still hold it.
    """
    entries, last, sealed, lost = 0, START, [], b""
    seen = head in (None, START)
    for number, line in _lines(Path(path)):
        entry = _parsed(line)
        if entry is None:
            if not _is_torn(line) or len(lost) > LONGEST:
                raise InputError(f"{path}, line {number}: this entry was changed, or is none")
            lost += line
            continue
        _check_follows(entry, entries, last, f"{path}, line {number}")
        if lost or entry["event"] == SEALED:
            _check_seal(entry, lost, f"{path}, line {number}")
            sealed.append(number)
            lost = b""
        entries, last = entries + 1, entry["hash"]
        seen = seen or last == head
    if not seen:
        raise InputError(
            f"{path} has no entry with the hash {head}: its end was cut off, or it was rewritten"
        )
    return Verdict(entries, last, tuple(sealed), bool(lost))


def _check_follows(entry: Entry, number: int, previous: str, where: str) -> None:
    if entry["previous"] != previous or entry["entry"] != number:
        raise InputError(
            f"{where}: entry {entry['entry']} does not follow what stands before it: entries were "
            "removed, inserted or reordered there"
        )


def _check_seal(entry: Entry, lost: bytes, where: str) -> None:
    digest = hashlib.sha256(lost).hexdigest()
    if entry["event"] != SEALED or entry["facts"] != {"bytes": len(lost), "sha256": digest}:
        raise InputError(f"{where}: what stands before this entry is not what it sealed")


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Numbers and bytes of all lines, none longer than an entry."""
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LONGEST):
                number += 1
                yield number, line
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from None


def _entry(number: int, event: str, facts: Mapping[str, Any], previous: str) -> Entry:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"entry": number, "at": at, "event": event, "facts": dict(facts), "previous": previous}


def _line(entry: Entry) -> bytes:
    """The entry with its hash, as a line."""
    digest = hashlib.sha256(_canonical(entry)).hexdigest()
    line = _canonical(entry | {"hash": digest}) + b"\n"
    if len(line) > LONGEST:
        raise InputError(f"an entry of {len(line):,} bytes is longer than a log holds")
    return line


def _canonical(entry: Entry) -> bytes:
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _hash_of(line: bytes) -> str:
    digest: str = json.loads(line)["hash"]
    return digest


def _parsed(line: bytes) -> Entry | None:
    """A whole entry whose hash is right, or None."""
    try:
        entry = json.loads(line)
        if not isinstance(entry, dict) or set(entry) != _FIELDS:
            return None
        rest = {name: value for name, value in entry.items() if name != "hash"}
        is_own = hashlib.sha256(_canonical(rest)).hexdigest() == entry["hash"]
        is_whole = _canonical(entry) == line.removesuffix(b"\n")
        return entry if is_own and is_whole and type(entry["entry"]) is int else None
    except (ValueError, RecursionError):
        return None


_BEGINNING = b'{"at":"'  # of every entry, in canonical form
_FIELDS = {"entry", "at", "event", "facts", "previous", "hash"}


def _is_torn(line: bytes) -> bool:
    """Whether a line may be the beginning of an entry; after a power cut it may be zeros."""
    written = line.rstrip(b"\n").strip(b"\0")
    if not (written.startswith(_BEGINNING) or _BEGINNING.startswith(written)):
        return False
    try:
        json.loads(written)
    except (ValueError, RecursionError):
        return True
    return False


def _end(file: IO[bytes], path: Path) -> _End:
    """Where to go on; InputError when the last lines are neither entries nor torn."""
    size = os.fstat(file.fileno()).st_size
    start = max(0, size - 2 * LONGEST)
    file.seek(start)
    lines = io.BytesIO(file.read(size - start)).readlines()
    missing = b"\n" if lines and not lines[-1].endswith(b"\n") else b""
    torn = b""
    while lines:
        line = lines.pop()
        if (entry := _parsed(line)) is not None:
            return _End(entry["entry"] + 1, entry["hash"], torn, missing)
        if not _is_torn(line) or (start and not lines):
            raise InputError(f"{path} does not end in an entry: see vino audit verify {path}")
        torn = line + torn
    return _End(0, START, torn, missing)


def _write(file: IO[bytes], data: bytes) -> None:
    """All of it, and onto the disk."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
    os.fsync(file.fileno())


def _own_key(path: Path) -> bytes:
    """The key in this file, made if there is none; InputError when it is none."""
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    if not path.exists():
        with open(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)  # whoever comes first: the others take theirs
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise InputError(f"{path} is no key of a log: put the right one back, or move the log away")
    return key
