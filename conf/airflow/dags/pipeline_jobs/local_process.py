"""A job as a process of the worker's machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What the console script ends with where somebody has to do something: rows did not pass, or a setting is wrong. With
#: anything else, 75 or a signal, the same command may go well later.
FOR_SOMEBODY = (1, 2)


class ConsoleJob(BaseOperator):
    """Runs the console script; its exit code is what became of the job.

    No shell takes part, so what somebody writes into a run's parameters is never more than an argument. Where trying
    again cannot help, it is not tried again: whoever has to do something hears of it at once.

    Args:
        command: the console script, with its path where it is not on the worker's.
        arguments: the job's name, and what it takes; may hold templates.
        environment: variables beside those of the worker.
    """

    template_fields: Sequence[str] = ("arguments",)
    ui_color = "#e8f1e4"

    def __init__(
        self,
        *,
        command: Sequence[str],
        arguments: Sequence[str],
        environment: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.command, self.arguments, self.environment = list(command), list(arguments), environment or {}
        self._hook: SubprocessHook | None = None

    def execute(self, context: Any) -> None:  # noqa: ARG002 - Airflow's form
        """Run it to its end."""
        import os

        self._hook = SubprocessHook()
        ended = self._hook.run_command([*self.command, *self.arguments], env={**os.environ, **self.environment})
        if ended.exit_code in FOR_SOMEBODY:
            raise AirflowFailException(f"{self.arguments[0]} ended with {ended.exit_code}: {ended.output}")
        if ended.exit_code != 0:
            raise AirflowException(f"{self.arguments[0]} did not get through ({ended.exit_code}): {ended.output}")

    def on_kill(self) -> None:
        """Ask the process to end; the job gives back what it holds."""
        if self._hook is not None:
            self._hook.send_sigterm()
