"""A lock on a folder, or on a file that is being written: two runs in one would write over each other."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from typing import IO, TYPE_CHECKING

from copydesk.errors import ResumeError
from copydesk.io.writers import naming

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_FAR = 1 << 30  # on Windows nobody can read a byte that is locked, so one far behind the holder's name is


class Lock:
    """Held from its making to its release, or to the end of the process: the kernel lets go of what a dead one held.

    The file says who holds it. Raises ResumeError where another run does, OutputError where there is no locking.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = locked(path, self._refusal)
        try:
            with naming(path):
                self._file.truncate(0)
                self._file.write(f"process {os.getpid()} on {socket.gethostname()}".encode())
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        if self._file.closed:
            return
        if sys.platform == "win32":  # which removes no file that is open
            self._file.close()
        with self._file, contextlib.suppress(OSError):
            self.path.unlink()

    def _refusal(self, file: IO[bytes]) -> str:
        file.seek(0)
        holder = file.read(200).decode("utf-8", "replace") or "it has just begun"
        return f"{self.path.parent} is in use by another run ({holder}). Wait for its end, or name another folder."


def locked(path: Path, refusal: Callable[[IO[bytes]], str]) -> IO[bytes]:
    """The file, locked until it is closed. One that its last holder has removed or renamed in the meantime is no lock.

    Raises ResumeError, with the words of `refusal`, where another holds it; OutputError where there is no locking.
    """
    while True:
        with naming(path):
            file = path.open("a+b", buffering=0)  # a buffer would be written once more when it is closed
            try:
                _lock(file)
                if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                    return file
            except (BlockingIOError, PermissionError):
                with file:
                    raise ResumeError(refusal(file)) from None
            except FileNotFoundError:
                pass
            except OSError:
                file.close()
                raise
            file.close()


def _lock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 (there alone)

        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl  # noqa: PLC0415 (not on Windows)

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
