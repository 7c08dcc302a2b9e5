"""A vision-language model as the judge, behind any endpoint that speaks OpenAI's chat form.

Every answer is kept as it came, and an answer to the same question is taken from there instead of
being asked for again.
"""

import base64
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from vino.errors import InputError
from vino.evaluate.official.questions import Estimate, Question, Verdict, estimate

RECOMMENDED = "Qwen/Qwen3-VL-32B-Instruct"  # local: its weights do not change behind one's back
KEY = "OPENAI_API_KEY"  # of the environment
PASSING = {408, 409, 425, 429, 500, 502, 503, 504}  # HTTP statuses worth another try
REFUSING = {400, 422}  # HTTP statuses that may be about one question, as a content filter's are
LONGEST_ANSWER = 1024  # tokens
WARMER = 0.2  # temperature that every further attempt at a readable answer adds


@dataclass(frozen=True)
class Judge:
    """An endpoint and a model behind it.

    url: its base, such as http://localhost:8000/v1. timeout: seconds of one request. attempts: of
    a request, and of getting a readable answer. pause: seconds before the second attempt, doubled
    before each further one. at_once: requests
    """

    url: str
    model: str = RECOMMENDED
    timeout: float = 120.0
    attempts: int = 4
    pause: float = 2.0
    at_once: int = 4

    def __post_init__(self) -> None:
        if not _is_address(self.url):
            raise InputError(f"--judge {self.url} is no address: use one like http://host:8000/v1")

    def ask(self, question: Question, temperature: float = 0.0) -> str:
        """The answer of the model; InputError when there is none after all attempts.

        Refused when it may answer other questions all the same.
        """
        body = json.dumps(
            {
                "model": self.model,
                "messages": [{"role": "user", "content": _content(question)}],
                "temperature": temperature,
                "max_tokens": LONGEST_ANSWER,
            }
        ).encode()
        for attempt in range(self.attempts):
            if attempt:
                time.sleep(self.pause * 2 ** (attempt - 1))
            try:
                return self._answer(body)
            except _Passing as passing:
                problem = str(passing)
        raise InputError(
            f"the judge at {self.url} does not answer ({problem}): start it, or correct --judge"
        )

    def _answer(self, body: bytes) -> str:
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get(KEY):
            headers["Authorization"] = f"Bearer {key}"
        try:
            request = Request(f"{self.url.rstrip('/')}/chat/completions", body, headers)
            with urlopen(request, timeout=self.timeout) as reply:
                answer = json.loads(reply.read())["choices"][0]["message"]["content"]
        except HTTPError as error:
            problem = f"HTTP {error.code}: {_secret(error.read(300).decode(errors='replace'))}"
            if error.code in PASSING:
                raise _Passing(problem) from None
            kind = Refused if error.code in REFUSING else InputError
            raise kind(f"the judge at {self.url} refuses ({problem})") from None
        except (URLError, TimeoutError, OSError, HTTPException) as error:
            raise _Passing(str(getattr(error, "reason", error)) or type(error).__name__) from None
        except (ValueError, LookupError, TypeError):
            raise _Passing("its reply is not of the chat form") from None
        if not isinstance(answer, str):
            raise _Passing("its reply has no text")
        return answer


class Refused(InputError):
    """A question that the judge does not take."""


class _Passing(Exception):
    """A failure that another attempt may not meet."""


@dataclass
class Log:
    """All answers, one a line: the record of what was said, and the cache; threads may share it.

    path: a .jsonl file; lines that are damaged (a process was killed) are passed over
    """

    path: Path
    _answers: dict[str, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        if self.path.exists():
            for line in self.path.read_text(encoding="utf-8", errors="replace").split("\n"):
                try:
                    record = json.loads(line)
                    self._answers[record["key"]] = record["answer"]
                except (ValueError, LookupError, TypeError):
                    continue

    def known(self, judge: Judge, question: Question) -> Verdict | None:
        """The readable answer to the same question."""
        answer = self._answers.get(_key(judge, question))
        return None if answer is None else question.read(answer)

    def write(self, judge: Judge, question: Question, answer: str, temperature: float) -> None:
        """Keep an answer, and how it was drawn."""
        record: dict[str, Any] = {"question": question.name, "judge": judge.model}
        record |= {"temperature": temperature, "answer": answer}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._lock, self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record | {"key": _key(judge, question)}) + "\n")


@dataclass(frozen=True)
class Hearing:
    """What a judge said: verdicts by the question's name; malformed: questions without one."""

    verdicts: Mapping[str, Verdict]
    malformed: tuple[str, ...]


def hear(
    judge: Judge,
    questions: Sequence[Question],
    log: Log,
    begin: Callable[[Estimate, int], None],
    done: Callable[[int], None],
) -> Hearing:
    """Ask all questions that have no readable answer yet.

    begin: told the cost of what is to be asked, and how many answers are there, before it starts.
    done: told how many questions are answered. InputError when the judge cannot be reached, or
    refuses the very first question; every answer that came is kept all the same.
    """
    verdicts = {q.name: known for q in questions if (known := log.known(judge, q))}
    open_ones = [question for question in questions if question.name not in verdicts]
    begin(estimate(open_ones), len(verdicts))
    for question, verdict in _asked(judge, open_ones, log, has_answered=bool(verdicts)):
        if verdict is not None:
            verdicts[question.name] = verdict
        done(1)
    names = [question.name for question in questions]
    return Hearing(
        {name: verdicts[name] for name in names if name in verdicts},
        tuple(name for name in names if name not in verdicts),
    )


def _asked(
    judge: Judge, questions: Sequence[Question], log: Log, has_answered: bool
) -> Iterator[tuple[Question, Verdict | None]]:
    """Every question with its verdict, if there is one, as they come.

    The first is asked alone: a judge that is not there, or takes nothing, is noticed before much
    is sent.
    """
    if questions:
        first = _unless_refused if has_answered else _until_readable
        yield questions[0], first(judge, questions[0], log)
    with ThreadPoolExecutor(judge.at_once) as pool:
        waiting = {pool.submit(_unless_refused, judge, q, log): q for q in questions[1:]}
        try:
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _unless_refused(judge: Judge, question: Question, log: Log) -> Verdict | None:
    try:
        return _until_readable(judge, question, log)
    except Refused:
        return None


def _until_readable(judge: Judge, question: Question, log: Log) -> Verdict | None:
    """The first readable answer; all are kept as soon as they are there.

    The temperature rises from 0: a judge would repeat word for word what could not be read.
    """
    for attempt in range(judge.attempts):
        temperature = round(WARMER * attempt, 2)
        answer = judge.ask(question, temperature)
        log.write(judge, question, answer, temperature)
        if (verdict := question.read(answer)) is not None:
            return verdict
    return None


def _key(judge: Judge, question: Question) -> str:
    return f"{judge.model} {question.content}"


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not close, or a port that is no number
        return False


def _content(question: Question) -> list[dict[str, Any]]:
    """Text and pictures in the chat form."""
    urls = (
        f"data:{kind};base64,{base64.b64encode(data).decode()}"
        for kind, data in question.pictures()
    )
    pictures = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [{"type": "text", "text": question.text}, *pictures]


def _secret(text: str) -> str:
    """Text without the key, which a server might repeat."""
    key = os.environ.get(KEY)
    return text.replace(key, "…") if key else text
