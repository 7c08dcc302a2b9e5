"""The chain tells every change, and goes on after a torn line."""

import hashlib
import json
import multiprocessing
import os
import re
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from vino.errors import InputError
from vino.govern.audit import START, AuditLog, verify_log


@pytest.fixture
def log(tmp_path):
    log = AuditLog(tmp_path / "audit.jsonl")
    for i in range(5):
        log.append("made", {"job": f"job {i}"})
    return log


def test_a_log_verifies_and_names_its_head(log):
    last = log.append("made", {"job": "last"})
    assert verify_log(log.path).entries == 6
    assert verify_log(log.path).head == last
    assert verify_log(log.path, head=last).sealed == ()
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


def test_entries_hold_the_hash_of_the_one_before(log):
    entries = [json.loads(line) for line in log.path.read_text().splitlines()]
    assert entries[0]["previous"] == START
    for before, entry in pairwise(entries):
        assert entry["previous"] == before["hash"]
        rest = {k: v for k, v in entry.items() if k != "hash"}
        text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(text.encode()).hexdigest() == entry["hash"]


def changed(lines):
    lines[2] = lines[2].replace(b"job 2", b"job 9")
    return lines


def spaced(lines):
    """The same values in another form."""
    lines[2] = lines[2].replace(b":", b": ")
    return lines


def rehashed(lines):
    """An entry changed by somebody who knows how hashes are made."""
    entry = json.loads(lines[2])
    entry["facts"] = {"job": "job 9"}
    entry.pop("hash")
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
    entry["hash"] = hashlib.sha256(text.encode()).hexdigest()
    lines[2] = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    return lines


@pytest.mark.parametrize(
    ("tamper", "line"),
    [
        (changed, 3),
        (spaced, 3),
        (rehashed, 4),
        (lambda lines: lines[:1] + lines[2:], 2),
        (lambda lines: [lines[1], *lines], 1),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], 2),
        (lambda lines: [*lines[:2], b"{}\n", *lines[2:]], 3),
        (lambda lines: [*lines[:2], b'{"at":"20\n', *lines[2:]], 4),
        (lambda lines: [*lines[:2], b"half a li\n", *lines[2:]], 3),
    ],
)
def test_the_first_broken_entry_is_named(log, tamper, line):
    log.path.write_bytes(b"".join(tamper(log.path.read_bytes().splitlines(keepends=True))))
    with pytest.raises(InputError, match=rf"line {line}\b"):
        verify_log(log.path)


def test_a_missing_end_shows_against_a_noted_head(log):
    head = verify_log(log.path).head
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join(lines[:-1]))
    assert verify_log(log.path).entries == 4
    with pytest.raises(InputError, match="cut off"):
        verify_log(log.path, head)


@pytest.mark.parametrize("torn", [b'{"at":"2026', b"\0\0", b"\n", b'{"at"\n{"at":"2'])
def test_a_torn_end_is_sealed_by_the_next_entry(log, torn):
    head = verify_log(log.path).head
    with log.path.open("ab") as file:
        file.write(torn)
    assert verify_log(log.path).torn
    AuditLog(log.path).append("made", {"job": "after"})
    found = verify_log(log.path, head)
    assert found.entries == 7 and len(found.sealed) == 1 and not found.torn


def test_an_entry_without_its_newline_is_whole(log):
    log.path.write_bytes(log.path.read_bytes().removesuffix(b"\n"))
    log.append("made", {"job": "after"})
    assert verify_log(log.path).entries == 6 and not verify_log(log.path).sealed


def test_a_changed_end_is_not_sealed_over(log):
    log.path.write_bytes(log.path.read_bytes().replace(b"job 4", b"job 9"))
    with pytest.raises(InputError, match="vino audit verify"):
        log.append("made", {})


def test_a_seal_must_fit_what_was_lost(log):
    with log.path.open("ab") as file:
        file.write(b'{"at":"half')
    log.append("made", {})
    log.path.write_bytes(log.path.read_bytes().replace(b"half\n", b"calf\n"))
    with pytest.raises(InputError, match="sealed"):
        verify_log(log.path)


def test_threads_and_processes_share_a_log(tmp_path):
    path = tmp_path / "audit.jsonl"
    context = multiprocessing.get_context("fork")
    others = [context.Process(target=write_some, args=(path, 20)) for _ in range(2)]
    for process in others:
        process.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: write_some(path, 5), range(4)))
    for process in others:
        process.join()
    assert verify_log(path).entries == 60


def write_some(path, count):
    log = AuditLog(path)
    for i in range(count):
        log.append("made", {"job": i})


def test_a_killed_writer_leaves_a_log_that_goes_on(tmp_path):
    path = tmp_path / "audit.jsonl"
    script = (
        "from vino.govern.audit import AuditLog\n"
        f"log = AuditLog({str(path)!r})\n"
        "while True:\n    log.append('made', {'job': 'x' * 5000})\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", script])
    until = time.monotonic() + 60
    while (not path.exists() or path.stat().st_size < 50_000) and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    written = verify_log(path).entries
    AuditLog(path).append("made", {})
    assert written > 5 and verify_log(path).entries >= written + 1


def test_prompts_are_hashed_under_the_log_s_own_key(tmp_path):
    one, again, other = (AuditLog(tmp_path / n) for n in ("a", "a", "b"))
    assert one.prompt_hash("a dog") == again.prompt_hash("a dog") != other.prompt_hash("a dog")
    assert one.prompt_hash("a dog") != hashlib.sha256(b"a dog").hexdigest()
    assert stat.S_IMODE((tmp_path / "a.key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content", [b"", b"[1]\n", b"\xff" * 100, b"[" * 100_000 + b"\n", b"\0" * (1 << 20)]
)
def test_other_files_are_no_logs(tmp_path, content):
    path = tmp_path / "x"
    path.write_bytes(content)
    try:
        assert verify_log(path).entries == 0
    except InputError as error:
        assert re.search(r"line \d", str(error))
