"""A process that has imported the command line, and forks into `tradewind WORDS` whenever it is asked.

Every fork is a process of its own: its words, environment, folder and files, its number and its exit code. Only the
two seconds of imports are not paid again. What a process does before its first command, and what it has loaded by
then, is asked of one that is started anew.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any

TRUST = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # refused live
PRELOADED = (
    "tradewind.cli.main",
    "tradewind.cli.live.running",
    "tradewind.cli.live.panicking",
    "tradewind.cli.live.reconciling",
    "tradewind.cli.live.ordering",
    "tradewind.cli.live.reporting",
    "tradewind.trading.journal.database",
)
MOST = 1 << 18  # bytes of one request
MODULE = "tests.cli.forking"


class Forked:
    """A process, as `asyncio.subprocess.Process` has it. It ends with the loop that it was forked in."""

    def __init__(self, answers: socket.socket, out: IO[bytes], err: IO[bytes]) -> None:
        self.pid, self.returncode = 0, None
        self._answers, self._out, self._err = answers, out, err

    async def begin(self) -> None:
        self._answers.setblocking(False)
        self.pid = await self._told()
        self._ending = asyncio.create_task(self._end(), name=f"process {self.pid}")

    def send_signal(self, signum: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, signum)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        return await asyncio.shield(self._ending)

    async def communicate(self) -> tuple[bytes, bytes]:
        """All that it said, once it ended."""
        await self.wait()
        found = []
        for told in (self._out, self._err):
            told.seek(0)
            found.append(told.read())
        return found[0], found[1]

    async def _end(self) -> int:
        try:
            self.returncode = await self._told()
            return self.returncode
        finally:
            self.kill()
            self._answers.close()

    async def _told(self) -> int:
        told = await asyncio.get_running_loop().sock_recv(self._answers, 64)
        assert told, "the process that forks is gone"
        return int(told)


async def forked(
    *words: str,
    env: Mapping[str, str],
    cwd: Path,
    typed: str = "",
    err: IO[bytes] | None = None,
    hurried: bool = False,
) -> Forked:
    """`tradewind WORDS` in that environment and folder, `typed` being all of its input."""
    ours, theirs = socket.socketpair()
    out, err = _file(), err or _file()
    with _file() as given, theirs:
        given.write(typed.encode())
        given.flush()
        given.seek(0)
        asked = json.dumps({"words": words, "env": dict(env), "cwd": str(cwd), "hurried": hurried}).encode()
        assert len(asked) < MOST
        handed = [given.fileno(), out.fileno(), err.fileno(), theirs.fileno()]
        socket.send_fds(_forker(), [asked], handed)
    process = Forked(ours, out, err)
    await process.begin()
    return process


def _file() -> IO[bytes]:
    return tempfile.TemporaryFile()


@cache
def _forker() -> socket.socket:
    """Where the process that forks is asked; one for this process, with which it ends."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    env = {k: v for k, v in os.environ.items() if k not in TRUST}
    env |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    env["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    subprocess.Popen(
        [sys.executable, "-m", MODULE, str(theirs.fileno())],
        env=env,
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
        start_new_session=True,
    )
    theirs.close()
    return ours


def serve(asked: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Forks for every request; returns in the new process alone, with its request and its descriptors."""
    watched = selectors.DefaultSelector()
    watched.register(asked, selectors.EVENT_READ)
    at_work: dict[int, tuple[int, int]] = {}  # by the descriptor that tells its end: number, where to say so
    while True:
        for key, _ in watched.select():
            if key.fd != asked.fileno():
                process, answers = at_work.pop(key.fd)
                watched.unregister(key.fd)
                os.close(key.fd)
                _answer(answers, os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
                os.close(answers)
                continue
            said, handed, _, _ = socket.recv_fds(asked, MOST, 4)
            if not said:
                for process, _ in at_work.values():
                    os.kill(process, signal.SIGKILL)
                os._exit(0)
            process = os.fork()
            if not process:
                watched.close()
                asked.close()
                for ending, (_, answers) in at_work.items():
                    os.close(ending)
                    os.close(answers)
                return json.loads(said), handed
            for descriptor in handed[:3]:
                os.close(descriptor)
            _answer(handed[3], process)
            ending = os.pidfd_open(process)
            at_work[ending] = process, handed[3]
            watched.register(ending, selectors.EVENT_READ)


def _answer(to: int, number: int) -> None:
    with suppress(BrokenPipeError):  # whoever asked has ended
        os.write(to, str(number).encode())


def become(request: dict[str, Any], handed: list[int]) -> None:
    """The command line with those words, in a process that has just been forked."""
    for ours, theirs in enumerate(handed[:3]):
        os.dup2(theirs, ours)
    for descriptor in handed:
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv = ["tradewind", *request["words"]]
    if request["hurried"]:
        asyncio.run = import_module("tests.cli.hurried").run
    import_module("tradewind.cli.entry").main()


def main() -> None:
    for name in PRELOADED:
        import_module(name)
    assert threading.active_count() == len(os.listdir("/proc/self/task")) == 1, (
        "threads do not survive a fork"
    )
    gc.collect()
    gc.freeze()
    become(*serve(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
