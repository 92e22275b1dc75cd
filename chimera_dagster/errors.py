"""Every error this project raises on purpose.

ChimeraError
├── InputError                  wrong usage or input; the command line exits with 2
│   ├── NoReportsError          the reports folder is missing or holds no benchmark file
│   ├── SpecError               sweep.yaml: names the file, the line and the field
│   ├── UnknownTrialError       a partition that no registered sweep holds
│   ├── NotIngestedError        an asset was asked for before the data it reads existed
│   └── SettingError            an environment variable has a value of the wrong form
├── StorageError                a file or Dagster's history can't be written: disk full, read-only, locked
├── LeaseError                  no lane could be had in time, or the folder of the leases can't be used
├── DaemonError                 no Dagster daemon is alive that would run a backfill
├── AgentDiedError              the process of an agent ended in the midst of its work
├── OllamaServerError           no Ollama server could be started: its program is missing, or it ended at once
└── EngineError                 a model call that gave no usable result; the trial fails, its neighbours go on
    ├── EngineUnreachableError  nothing answers at the engine's address, or something that is no such engine
    │   └── NothingListensError the connection was refused; worth another try, as a server may be starting
    ├── EngineBusyError         the engine's queue is full (503); worth another try
    ├── ModelNotFoundError      no engine has the model; lists what is there and how to get it
    ├── ModelFileError          a GGUF file is missing, damaged or not the one that was pinned
    ├── ContextTooSmallError    the prompt and the answer do not fit the context window
    ├── RequestRefusedError     the engine refused an option or the request, in its own words
    ├── StreamBrokenError       the stream carried an error, was cut, or ended without its final message
    ├── EmptyOutputError        the call ended well, and the model wrote nothing
    └── EngineTimeoutError      first token, next token or whole call took longer than allowed

An error has two parts: what is wrong (naming the file, the row or the field), and `hint`: what to do about it.
`may_pass` says whether the same trial may well end otherwise when it runs again.
"""

import errno
import os
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from pydantic import ValidationError


class ChimeraError(Exception):
    """Root of the tree. `exit_code` is what the command line exits with when this ends a command."""

    exit_code = 1
    may_pass: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InputError(ChimeraError):
    exit_code = 2


class NoReportsError(InputError): ...


class SpecError(InputError): ...


class UnknownTrialError(InputError): ...


class NotIngestedError(InputError): ...


class SettingError(InputError): ...


class StorageError(ChimeraError):
    @classmethod
    def of(cls, error: OSError, path: object) -> Self | None:
        """What an error at that path means to a user; None where it is not the disk's, but a connection's, say."""
        if error.errno not in _DISK_ERRORS:
            return None
        return cls(f"{os.strerror(error.errno)}: {path}.", hint=_DISK_ERRORS[error.errno])


_FULL = "Free some space, then start it again: what is done is kept, and nothing is half-written."
_CLOSED = "Make it writable for this user, or set CHIMERA_DATA_DIR to a folder that is."
_DISK_ERRORS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EROFS: _CLOSED,
    errno.EACCES: _CLOSED,
    errno.EPERM: _CLOSED,
    errno.EIO: "The disk may be failing; its log is in 'dmesg'.",
}


class LeaseError(ChimeraError): ...


class DaemonError(ChimeraError): ...


class AgentDiedError(ChimeraError): ...


class OllamaServerError(ChimeraError): ...


class EngineError(ChimeraError): ...


class EngineUnreachableError(EngineError):
    may_pass = True


class NothingListensError(EngineUnreachableError): ...


class EngineBusyError(EngineError):
    may_pass = True


class ModelNotFoundError(EngineError): ...


class ModelFileError(EngineError): ...


class ContextTooSmallError(EngineError): ...


class RequestRefusedError(EngineError): ...


class StreamBrokenError(EngineError):
    may_pass = True


class EmptyOutputError(EngineError):
    may_pass = True


class EngineTimeoutError(EngineError):
    may_pass = True


def first_problem(error: "ValidationError") -> str:
    """`calls.0.ttft_ms: Input should be a valid number`: where a document is wrong first, and how."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"


def may_pass(name: str | None) -> bool:
    """`may_pass` of the class of that name; True for what is none of ours, such as a process that was killed."""
    known = {ChimeraError}
    while more := {below for kind in known for below in kind.__subclasses__()} - known:
        known |= more
    return next((kind.may_pass for kind in known if kind.__name__ == name), True)
