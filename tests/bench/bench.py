"""What the works share: the files, and the programs that stay warm from one work to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.bench.contestant import Contestant, our_python, started
from tests.bench.inputs import Inputs

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from tests.bench.sizes import Sizes


@dataclass(frozen=True)
class Bench:
    """Where everything is: inputs, tools and logs under one folder; `notes` collects what a reader must know.

    Programs that several works ask are started once and stay warm until `stack` ends.
    """

    folder: Path
    sizes: Sizes
    notes: list[str]
    stack: ExitStack
    running: dict[str, Contestant] = field(default_factory=dict)

    @property
    def inputs(self) -> Inputs:
        """The files."""
        return Inputs(self.folder / "inputs")

    def program(self, module: str, *arguments: str) -> Contestant:
        """One of our programs; started when it is first asked for."""
        name = "".join((module, *arguments))
        if name not in self.running:
            self.running[name] = self.start(self.stack, module, *arguments)
        return self.running[name]

    def start(self, stack: ExitStack, module: str, *arguments: str) -> Contestant:
        """Start one of our programs until `stack` ends."""
        log = self.folder / f"{''.join((module, *arguments[:1]))}.log"
        return stack.enter_context(started(our_python(module, *arguments), log))

    @property
    def spark_as_it_comes(self) -> Contestant:
        """Spark without any setting of ours, which also make its own bare read faster."""
        return self.program("spark_program", "--as-it-comes")
