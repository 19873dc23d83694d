"""Monthly workbooks of citizens and their phones: landed, validated, historised, published."""

from __future__ import annotations

import uuid

from jobs.console.terminal import cell, stdout
from jobs.running.job_run import current_run, note


def main(argv: list[str]) -> int:
    """Carry out one step, or all that is not done yet; exit 0 when nothing of it failed."""
    from pipelines.citizens.run_pipeline import carry_out, parser

    arguments = parser("pipeline-processing citizens").parse_args(argv)
    from jobs.running.wiring import start

    program = start()
    note(subject="citizens", step=arguments.step)
    run = current_run()
    run_id = uuid.uuid4().hex if run is None else run.run_id
    if run is not None and run.lineage is not None:
        from jobs.citizens.lineage import also_tell_citizens

        also_tell_citizens(run, run.lineage, program.settings)
    return carry_out(arguments, program.settings, run_id=run_id, write=lambda line: stdout().print(cell(line)))


JOB = (main, "monthly workbooks of citizens to a historised core and a star schema")
