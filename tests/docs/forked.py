"""`vino` without its start: everything is imported once, and every command is a fork of that.

A page of twenty commands would otherwise import torch twenty times. What runs is the real `main`,
with the arguments, folder, environment and terminal of whoever called.

    python -m tests.docs.forked SOCKET           the one that forks
    python -S forked.py SOCKET ARGUMENTS...      a call, which imports nothing
"""

import json
import os
import signal
import socket
import sys


def call(path: str, arguments: list[str]) -> int:
    """Have one command run; its exit code."""
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        asked = {"argv": arguments, "cwd": os.getcwd(), "env": dict(os.environ)}
        socket.send_fds(server, [json.dumps(asked).encode() + b"\n"], [0, 1, 2])
        return int(server.makefile().readline() or 1)


def serve(path: str) -> None:
    """Fork for every call, until killed."""
    import av  # noqa: F401
    import diffusers.models  # noqa: F401
    from transformers import Qwen3VLForConditionalGeneration  # noqa: F401

    import vino.cli.augment
    import vino.cli.batch
    import vino.cli.models
    import vino.generate  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        while True:
            connection, _ = server.accept()
            if os.fork() == 0:
                _answer(connection)
            connection.close()


def _answer(connection: socket.socket) -> None:
    """In the fork: become the command, and say how it ended."""
    from vino.cli import main

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    data, fds, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    while not data.endswith(b"\n"):
        data += connection.recv(1 << 20)
    asked = json.loads(data)
    for number, fd in enumerate(fds):
        os.dup2(fd, number)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    try:
        code = main(asked["argv"])
    except SystemExit as stop:
        code = int(stop.code or 0)
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(f"{code}\n".encode())
    os._exit(code)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        serve(sys.argv[1])
    sys.exit(call(sys.argv[1], sys.argv[2:]))
