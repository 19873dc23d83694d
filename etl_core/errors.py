"""The errors of the product, split by what the caller can do about them.

```
PipelineError
├── TerminalError              trying again cannot help
│   ├── ProblemsError          several problems of one text, listed together
│   │   ├── SettingsError      environment variables or arguments (exit 2)
│   │   ├── DefinitionError    a schema definition (state bad_definition)
│   │   └── CatalogueError     required tables, columns or rights are missing (exit 2)
│   ├── UsageError             a command line that cannot be carried out (exit 2)
│   ├── UnreadableFileError    the bytes are not a file of the claimed format: a verdict
│   └── ObjectGoneError        the announced version is no longer there: superseded
├── RetryableError             the same call may succeed later (exit 75)
│   ├── StorageUnavailableError
│   ├── DatabaseUnavailableError
│   └── QueueUnavailableError
└── LeaseLostError             the work is somebody else's by now: drop it
```

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


class DefinitionError(ProblemsError):
    """A schema definition that cannot be used."""


class CatalogueError(ProblemsError):
    """The database lacks tables, columns or rights the product needs."""


class UsageError(TerminalError):
    """A command line that cannot be carried out as given."""


class UnreadableFileError(TerminalError):
    """The bytes of an object are not a file of its format; becomes a verdict, not a failure."""


class ObjectGoneError(TerminalError):
    """The announced object version was deleted or overwritten before it could be read."""


class StorageUnavailableError(RetryableError):
    """The object store did not answer, or refused for a reason that may pass."""


class DatabaseUnavailableError(RetryableError):
    """Postgres did not answer, or ended the transaction for a reason that may pass."""


class QueueUnavailableError(RetryableError):
    """The queue did not answer."""


class LeaseLostError(PipelineError):
    """A ledger row is no longer held by the one who wants to end it; roll back and leave it alone."""
