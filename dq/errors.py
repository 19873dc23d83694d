"""The errors about verdicts and the ledger, below the tree of `etl_core.errors`.

```
PipelineError
├── TerminalError
│   ├── ProblemsError
│   │   └── DefinitionError    a schema definition (state bad_definition)
│   └── UnreadableFileError    the bytes are not a file of the claimed format: a verdict
└── LeaseLostError             the work is somebody else's by now: drop it
```

Every message says what was found, what was expected and what to do.
"""

from __future__ import annotations

from etl_core.errors import PipelineError, ProblemsError, TerminalError


class DefinitionError(ProblemsError):
    """A schema definition that cannot be used."""


class UnreadableFileError(TerminalError):
    """The bytes of an object are not a file of its format; becomes a verdict, not a failure."""


class LeaseLostError(PipelineError):
    """A ledger row is no longer held by the one who wants to end it; roll back and leave it alone."""
