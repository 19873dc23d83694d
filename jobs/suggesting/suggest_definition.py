"""Suggest a definition for a file, or for the kept profiles of runs: types, rules, and how sure each is."""

from __future__ import annotations

import argparse
import json
from datetime import date
from typing import TYPE_CHECKING, Any

from rich.box import HEAVY_HEAD
from rich.table import Table

from etl_core.errors import UsageError
from jobs.console.json_output import require_writable, write_json, write_text
from jobs.console.terminal import cell, stdout
from jobs.running.exit_codes import ExitCode

if TYPE_CHECKING:
    from dq.suggestions.backtest import Backtest
    from dq.suggestions.rules import SuggestedRule
    from dq.suggestions.suggest import Suggestion
    from etl_core.settings import Settings

#: After types and rules, so often what did not hold is left out and the file is counted again.
_ROUNDS = 3


def main(argv: list[str]) -> int:
    """Print what is suggested and what it rests on; write the definition."""
    arguments = _parser().parse_args(argv)
    from jobs.running.wiring import start

    program = start()
    if arguments.file is None and arguments.runs is None:
        raise UsageError("name a FILE, or --runs AGENCY/FILE for the profiles that are kept")
    outputs = [out for out in (arguments.out, arguments.json) if out is not None]
    if arguments.out == arguments.json == "-":
        raise UsageError("--out - and --json - both write to stdout; name a file for one of them")
    for out, what, others in (
        (arguments.out, "definition", (arguments.file,)),
        (arguments.json, "result", (arguments.file, arguments.out)),
    ):
        if out is not None:
            require_writable(out, what, others)
    kept = None if arguments.runs is None else _kept_files(program.settings, arguments)
    if arguments.file is not None:
        suggestion = suggest_for_file(arguments.file, program.settings, arguments.confidence)
    else:
        suggestion = _suggest_for_runs(kept or [], arguments.confidence)
    written = suggestion.definition()
    tested = None if kept is None else _backtest(written, kept)
    if arguments.out is not None:
        write_text(json.dumps(written, ensure_ascii=False, indent=2), arguments.out, "definition")
    if arguments.json is not None:
        write_json(_result(suggestion, tested), arguments.json, "result")
    if "-" not in outputs:
        _print(suggestion, tested, arguments.out)
    return ExitCode.OK


def suggest_for_file(location: str, settings: Settings, least: float) -> Suggestion:
    """A definition that the file at `location` keeps: it is read for its types, its rules, and to prove them.

    Args:
        location: a path, or an s3:// address.
        settings: how it is reached and read.
        least: how sure a rule has to be, from 0 to 1.

    Raises:
        UsageError: there is no such file, or nothing can be declared of it.
    """
    from dq.definitions import load_definition
    from dq.suggestions.suggest import suggest_rules, suggest_types, without_broken
    from jobs.suggesting.own_file import open_own_file

    with open_own_file(location, settings) as file:
        draft = load_definition({**file.head(), "fields": []})
        summary = file.figures(draft)
        if summary.unreadable is not None or not summary.columns:
            raise UsageError(f"nothing can be suggested for {location!r}: {summary.unreadable or 'it has no columns'}")
        types = suggest_types(summary, file.head())
        suggestion = suggest_rules(types, file.figures(load_definition(types.definition())), least)
        for _ in range(_ROUNDS):
            proven = without_broken(suggestion, file.figures(load_definition(suggestion.definition())))
            if proven == suggestion:
                break
            suggestion = proven
    return suggestion


def _kept_files(settings: Settings, arguments: argparse.Namespace) -> list[tuple[str, Any]]:
    """Read the last kept profiles of a file's runs, oldest first: what each is called, and its state."""
    from dq.ledger.profile_states import RunQuery, last_profiles
    from jobs.running.database import open_database

    agency, _, file = arguments.runs.partition("/")
    if not agency or not file:
        raise UsageError(f"--runs {arguments.runs!r} is not AGENCY/FILE, such as tenant-a/trips")
    query = RunQuery(agency, file, arguments.since, arguments.until)
    with open_database(settings) as database:
        found = last_profiles(database, query, arguments.last)
    if not found:
        raise UsageError(f"no run of {arguments.runs!r} has kept its profile (KEEP_PROFILES); name another file")
    return found


def _suggest_for_runs(kept: list[tuple[str, Any]], least: float) -> Suggestion:
    from dq.profiling.profile.profile_state import ProfileState
    from dq.profiling.summary.summarise_state import sensitive_columns, summarise_state
    from dq.suggestions.suggest import suggest_rules, suggest_types

    merged = ProfileState()
    for _, state in kept:
        merged += state
    summary, hidden = summarise_state(merged), sensitive_columns(merged)
    return suggest_rules(suggest_types(summary, {}, hidden), summary, least)


def _backtest(written: dict[str, Any], kept: list[tuple[str, Any]]) -> Backtest:
    from dq.definitions import load_definition
    from dq.profiling.summary.summarise_state import summarise_state
    from dq.suggestions.backtest import backtest

    return backtest(load_definition(written), ((label, summarise_state(state)) for label, state in kept))


def _print(suggestion: Suggestion, tested: Backtest | None, out: str | None) -> None:
    console = stdout()
    box = HEAVY_HEAD if console.is_terminal else None
    table = Table("field", "rule", "suggested", "support", "confidence", header_style="bold", box=box)
    known = {} if tested is None else {(record.field, record.rule): record for record in tested.rules}
    if tested is not None:
        table.add_column("kept files that break it")
    order = list(suggestion.fields)
    for rule in sorted((*suggestion.types, *suggestion.rules), key=lambda rule: order.index(rule.field)):
        record = known.get((rule.field, rule.rule))
        broken = "" if record is None else f"{record.broken:,} of {record.kept + record.broken:,}"
        row = (
            rule.field,
            rule.rule,
            _argument(rule, suggestion),
            f"{rule.held:,} of {rule.of:,}",
            f"{rule.confidence:.3f}",
        )
        table.add_row(*map(cell, row if tested is None else (*row, broken)))
    console.print(table)
    if suggestion.unsure:
        some = ", ".join(f"{rule.field} {rule.rule}" for rule in suggestion.unsure[:5])
        console.print(
            cell(f"not suggested, for too few values speak for it: {some} ({len(suggestion.unsure):,} in all)")
        )
    for said in suggestion.notes:
        console.print(cell(said))
    if tested is not None:
        console.print(cell(f"{tested.failing:,} of {tested.files:,} kept files would have failed a rule"))
    if out is None:
        console.print(cell("--out DEF.json writes the definition"))


def _argument(rule: SuggestedRule, suggestion: Suggestion) -> str:
    form = suggestion.fields[rule.field].get("format")
    if rule.rule == "type" and form is not None:
        return f"{rule.value} {form}"
    value = rule.value["value"] if isinstance(rule.value, dict) else rule.value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"  # noqa: PLR2004 - of a cell


def _result(suggestion: Suggestion, tested: Backtest | None) -> dict[str, Any]:
    from dataclasses import asdict

    def evidence(rule: SuggestedRule) -> dict[str, Any]:
        return {**asdict(rule), "confidence": rule.confidence}

    return {
        "definition": suggestion.definition(),
        "evidence": [evidence(rule) for rule in (*suggestion.types, *suggestion.rules)],
        "unsure": [evidence(rule) for rule in suggestion.unsure],
        "notes": list(suggestion.notes),
        "backtest": None if tested is None else asdict(tested),
    }


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1, such as 0.95")
    return share


def _count(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= 10_000:  # noqa: PLR2004 - profiles at a time
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 10000")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing suggest_definition", description=__doc__)
    parser.add_argument("file", metavar="PATH_OR_URI", nargs="?", help="a local path, or s3://bucket/key")
    parser.add_argument(
        "--runs",
        metavar="AGENCY/FILE",
        help="kept profiles of this file's runs: what to suggest from without a FILE, and what is tested by it",
    )
    parser.add_argument("--last", metavar="N", type=_count, default=30, help="of --runs: the newest N (30)")
    parser.add_argument("--since", type=date.fromisoformat, metavar="YYYY-MM-DD", help="of --runs: first run date")
    parser.add_argument("--until", type=date.fromisoformat, metavar="YYYY-MM-DD", help="of --runs: last run date")
    parser.add_argument(
        "--confidence", type=_share, default=0.95, metavar="SHARE", help="how sure a rule has to be (0.95, 73 values)"
    )
    parser.add_argument("--out", metavar="DEF.json", help="write the definition; - is stdout")
    parser.add_argument("--json", metavar="OUT", help="write the definition with its evidence as JSON; - is stdout")
    return parser


JOB = (main, "suggest a definition for a file or for kept profiles, and how sure each rule is")
