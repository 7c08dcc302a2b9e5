"""The command line: everything the library does, without writing Python.

    parser      commands, options and their help; imports nothing heavy
    serving     the options of serve and keys
    governing   the options of verify, consent and audit, and of what outputs carry
    values      text of an option to its value
    console     notes, warnings and errors on stderr
    failures    what went wrong, in one line, and the exit code
    progress    the bar with the time left, and previews
    output      names of the files written
    make        generate, edit, animate, rewrite
    like        making a file again from its recipe
    batch       running task files (vino.data.tasks)
    data        looking through data to train on
    augment     augment
    augmenting  its options
    models      convert, info
    train       train
    evaluate    evaluate
    benchmarks  evaluate, on official benchmarks
    learning    options of train, data and evaluate
    runs        options of compare and study
    compare     compare
    study       study
    serve       serve, keys
    showing     options of world
    world       world
    govern      verify, consent, audit; the terms on which a command makes things

It also runs as `python -m vino.cli`.

Exit codes: 0 done; 1 some tasks of a batch failed, broken credentials, or a fault of vino's; 2 the
input cannot be used; 3 nothing vouches for a file that was verified; 130 interrupted.
"""

import importlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence

from vino.cli.console import Console, speaking
from vino.cli.failures import explain
from vino.cli.parser import parse


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; wrong arguments raise SystemExit(2)."""
    args = parse(sys.argv[1:] if argv is None else argv)
    console = Console(quiet=args.quiet, verbose=args.verbose, debug=args.debug)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # cleans up as Ctrl-C does
    with speaking(console):
        try:
            # A command's module is imported only now: torch takes seconds, and help needs none.
            module, name = args.run.split(":")
            code: int = getattr(importlib.import_module(f"vino.cli.{module}"), name)(args, console)
            sys.stdout.flush()
            return code
        except (Exception, KeyboardInterrupt) as error:
            if args.debug:
                traceback.print_exc()
            if isinstance(error, BrokenPipeError):  # or Python complains once more while it exits
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            failure = explain(error, args.command)
            console.error(failure.line)
            return failure.code
