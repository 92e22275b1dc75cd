"""Every error that this project raises on purpose.

ChimeraError
├── InputError                  wrong usage or input; the command line exits with 2
│   ├── NoReportsError          the reports folder is missing or has no benchmark file
│   ├── SpecError               sweep.yaml is not valid: names the file, the line and the field
│   ├── UnknownTrialError       the trial is in no registered sweep, has not run with this version, or has no report yet
│   ├── NotIngestedError        an asset was requested before its input data existed
│   ├── DamagedFileError        a file of the data folder is not whole, or of another run than those beside it
│   │   └── OtherVersionError   another version of this project wrote the file
│   └── SettingError            an environment variable has an invalid value
├── OutputError                 stdout or stderr can't be written, as the disk is full for example
├── StorageError                a file or Dagster's history can't be written: disk full, read-only, locked
├── LeaseError                  no lane was free in time, or the folder of the leases can't be used
├── DaemonError                 no Dagster daemon is running that could run a backfill
├── AgentDiedError              the process of an agent ended before its work was done
├── ModelDownloadError          a model could be had from no source; says which were tried and why each failed
├── OllamaServerError           an Ollama server could not be started: its program is missing, or it ended at once
└── EngineError                 a model call gave no usable result; only this trial fails
    ├── EngineUnreachableError  nothing answers at the engine's address, or it is another kind of server
    │   ├── NothingListensError the connection was refused; a retry may help, as a server may be starting
    │   └── WrongServerError    something answers at the address, but it is another kind of server
    ├── EngineBusyError         the engine's queue is full (503); a retry may help
    ├── ModelNotFoundError      no engine has the model; lists the available models and how to get this one
    ├── ModelFileError          a GGUF file is missing, damaged or not the pinned one
    ├── ContextTooSmallError    the prompt and the answer do not fit the context window
    ├── RequestRefusedError     the engine refused an option or the request; has the engine's message
    ├── StreamBrokenError       the stream contained an error, was interrupted, or ended without its final message
    ├── EmptyOutputError        the call succeeded, but the model wrote nothing
    └── EngineTimeoutError      the first token, the next token or the whole call took too long

An error has a message, which names the file, the row or the field that is wrong, and a `hint`: what to do about it.
Neither contains a secret: both are printed, stored with the trial and shown by Dagster.
`may_pass` says whether the same trial may succeed when it runs again.
"""

import errno
import os
from typing import TYPE_CHECKING, ClassVar, Self

from chimera_dagster.text.foreign import shortened
from chimera_dagster.text.masking import masked

if TYPE_CHECKING:
    from pydantic import ValidationError


class ChimeraError(Exception):
    """Root of the tree. `exit_code` is the exit code of a command that ends with this error."""

    exit_code = 1
    may_pass: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = shortened(masked(message))
        self.hint = shortened(masked(hint))
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InputError(ChimeraError):
    exit_code = 2


class NoReportsError(InputError): ...


class SpecError(InputError): ...


class UnknownTrialError(InputError): ...


class NotIngestedError(InputError): ...


class DamagedFileError(InputError):
    may_pass = True  # what it says to do may have been done


class OtherVersionError(DamagedFileError): ...


class SettingError(InputError): ...


class OutputError(ChimeraError): ...


class StorageError(ChimeraError):
    @classmethod
    def of(cls, error: OSError, path: object) -> Self | None:
        """The error for a user if it is about the disk at `path`; None for others, such as those of a connection."""
        if error.errno not in _DISK_ERRORS:
            return None
        return cls(f"{os.strerror(error.errno)}: {path}.", hint=_DISK_ERRORS[error.errno])


_FULL = "Free some space, then start it again: finished work is kept, and no file is half-written."
_CLOSED = "Make it writable for this user, or set CHIMERA_DATA_DIR to a writable folder."
_NO_FOLDER = "A file lies where a folder must be: move it away, then start it again."
_DISK_ERRORS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EEXIST: _NO_FOLDER,
    errno.ENOTDIR: _NO_FOLDER,
    errno.EROFS: _CLOSED,
    errno.EACCES: _CLOSED,
    errno.EPERM: _CLOSED,
    errno.EIO: "The disk may be failing; see 'dmesg'.",
}


class LeaseError(ChimeraError): ...


class DaemonError(ChimeraError): ...


class AgentDiedError(ChimeraError): ...


class ModelDownloadError(ChimeraError): ...


class OllamaServerError(ChimeraError): ...


class EngineError(ChimeraError): ...


class EngineUnreachableError(EngineError):
    may_pass = True


class NothingListensError(EngineUnreachableError): ...


class WrongServerError(EngineUnreachableError): ...


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
    """`calls.0.ttft_ms: Input should be a valid number`: the first problem of a document."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"


def may_pass(name: str | None) -> bool:
    """`may_pass` of the class of that name; True for other failures, such as a killed process."""
    classes = {ChimeraError}
    while more := {subclass for found in classes for subclass in found.__subclasses__()} - classes:
        classes |= more
    return next((found.may_pass for found in classes if found.__name__ == name), True)
