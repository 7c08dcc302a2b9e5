"""Structured logs: one JSON object a line on stderr.

Only named fields are written: never headers, keys, query strings, prompts or media.
"""

import json
import logging
import sys
import time
from typing import Any

_log = logging.getLogger("vino.serve")


def start_logging(quiet: bool = False) -> None:
    """Write the log to stderr; quiet: warnings and errors alone."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    _log.handlers[:] = [handler]
    _log.propagate = False
    _log.setLevel(logging.WARNING if quiet else logging.INFO)


def say(event: str, **fields: Any) -> None:
    """Something that happened."""
    _log.info(event, extra={"fields": fields})


def fault(event: str, **fields: Any) -> None:
    """Something that must not happen, with the traceback of the exception being handled."""
    _log.error(event, exc_info=True, extra={"fields": fields})


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)
