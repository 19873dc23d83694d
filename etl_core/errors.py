"""The errors of the product, split by what the caller can do about them.

```
PipelineError
├── TerminalError              trying again cannot help
│   ├── ProblemsError          several problems of one text, listed together (exit 2)
│   │   ├── SettingsError      environment variables or arguments
│   │   └── CatalogueError     required tables, columns or rights are missing
│   ├── UsageError             a command line that cannot be carried out (exit 2)
│   └── ObjectGoneError        there is no such object, or no longer
│       └── ObjectReplacedError    another version took its place while it was wanted
└── RetryableError             the same call may succeed later (exit 75)
    ├── StorageUnavailableError
    ├── DatabaseUnavailableError
    ├── QueueUnavailableError
    └── NoTemporarySpaceError  the disk for temporary files is full
```

A package adds its own below these (`dq/errors.py`), where its callers can do no more about them than the tree says.
Every message says what was found, what was expected and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class PipelineError(Exception):
    """Anything this package raises on purpose."""


class TerminalError(PipelineError):
    """Trying again cannot help; somebody has to change something."""


class RetryableError(PipelineError):
    """The same call may succeed later."""


class ProblemsError(TerminalError):
    """Several problems of one text, all of them reported at once."""

    def __init__(self, subject: str, problems: Sequence[str]) -> None:
        """Keep `problems` (at least one sentence each) found in `subject`."""
        self.subject = subject
        self.problems = tuple(problems)
        count = len(self.problems)
        noun = "problem" if count == 1 else "problems"
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"{subject}: {count} {noun}\n{lines}")

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the two parts when the error crosses a process boundary."""
        return (type(self), (self.subject, self.problems))


class SettingsError(ProblemsError):
    """Wrong or missing settings."""


class CatalogueError(ProblemsError):
    """The database lacks tables, columns or rights the product needs."""


class UsageError(TerminalError):
    """A command line that cannot be carried out as given."""


class ObjectGoneError(TerminalError):
    """There is no such object, or no such version of it, or no longer."""


class ObjectReplacedError(ObjectGoneError):
    """Another version took the place of the wanted one before it could be read."""


class StorageUnavailableError(RetryableError):
    """The object store did not answer, or refused for a reason that may pass."""


class DatabaseUnavailableError(RetryableError):
    """Postgres did not answer, or ended the transaction for a reason that may pass."""


class QueueUnavailableError(RetryableError):
    """The queue did not answer."""


class NoTemporarySpaceError(RetryableError):
    """What does not fit into memory could not be put on disk either; somebody may free space."""
