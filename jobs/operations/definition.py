"""Convert a definition to a contract of ODCS or a Data Package, and back."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl_core.errors import UsageError
from jobs.console.json_output import require_writable, write_text
from jobs.console.terminal import cell
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from operations.contracts.conversion import Converted

_KINDS = ("definition", "odcs", "package", "resource")
_ODD = re.compile(r"[^a-z0-9._-]+")


def main(argv: list[str]) -> int:
    """Write the new document; say on stderr what it cannot bring along."""
    arguments = _parser().parse_args(argv)
    if not arguments.version.strip():
        raise UsageError("--version is empty; expected a version such as 1.0.0")
    from jobs.running.wiring import start

    start()
    if arguments.out != "-":
        require_writable(arguments.out, "document", (arguments.file,))
    converted = _converted(arguments)
    text = _written(converted.document, arguments)
    write_text(text.rstrip("\n"), arguments.out, "document")
    _tell(converted)
    note(
        subject=arguments.file,
        message=f"{arguments.file} was converted, {len(converted.notes)} notes",
        outputs=[] if arguments.out == "-" else [arguments.out],
    )
    return ExitCode.FAILED if arguments.strict and converted.notes else ExitCode.OK


def _converted(arguments: argparse.Namespace) -> Converted:
    from operations.contracts.conversion import ContractError
    from operations.contracts.recognise import Kind, kind_of_document, read_document

    text = _read(arguments.file)
    try:
        document = read_document(text)
        kind = kind_of_document(document)
        if arguments.to is None:
            arguments.to = "odcs" if kind is Kind.DEFINITION else "definition"
        return _between(text, document, kind, arguments)
    except ContractError as error:
        raise UsageError(f"{arguments.file!r} cannot be converted: {error}") from None


def _between(text: bytes, document: dict[str, Any], kind: Any, arguments: argparse.Namespace) -> Converted:  # noqa: ANN401 - an enumeration of a package that is imported late
    """Convert by way of a definition, whatever the two kinds are."""
    from dataclasses import replace

    from dq import load_definition, write_definition
    from operations.contracts.conversion import ContractError, Converted
    from operations.contracts.frictionless_in import from_frictionless
    from operations.contracts.frictionless_out import to_package, to_resource
    from operations.contracts.odcs_in import from_odcs
    from operations.contracts.odcs_out import to_odcs
    from operations.contracts.recognise import Kind, texts_of

    is_definition = kind is Kind.DEFINITION
    is_json = text.lstrip()[:1] in {b"{", b"["}
    if is_definition:
        if arguments.object is not None:
            raise ContractError(f"it is a definition, of one file alone; leave out --object {arguments.object!r}")
        came = Converted(document, ())
    else:
        came = (from_odcs if kind is Kind.ODCS else from_frictionless)(document, arguments.object)
    # JSON is read again from its text, in which numbers are exact.
    read = load_definition(text if is_definition and is_json else came.document)
    if arguments.to == "definition":
        return came if not is_definition else Converted(write_definition(read), ())
    try:
        plain = write_definition(read)
    except ValueError as error:
        raise ContractError(str(error)) from None
    name = _ODD.sub("-", (arguments.name or Path(arguments.file).name.split(".")[0]).lower()).strip("-") or "file"
    texts = texts_of(came.document)
    if arguments.to == "odcs":
        went = to_odcs(plain, name, arguments.version, texts)
    else:
        went = to_resource(plain, name, arguments.path, texts)
        went = to_package(went, name) if arguments.to == "package" else went
    return replace(went, notes=(*came.notes, *went.notes))


def _read(location: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if location == "-" else Path(location).read_bytes()
    except OSError as error:
        raise UsageError(f"{location!r} cannot be read: {error.strerror}; name a file of JSON or YAML") from None


def _written(document: Mapping[str, Any], arguments: argparse.Namespace) -> str:
    from etl_core.yaml_document import write_yaml

    suffix = Path(arguments.out).suffix.lower()
    if suffix in {".yaml", ".yml"} or (arguments.to == "odcs" and suffix != ".json"):
        return write_yaml(document)
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)


def _tell(converted: Converted) -> None:
    from rich.console import Console

    console = Console(stderr=True, soft_wrap=True)
    for one in converted.notes:
        console.print(cell(f"{one.place}: {one.text}"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing definition", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    convert = commands.add_parser("convert", help="write a definition as a contract, or a contract as a definition")
    convert.add_argument(
        "file",
        metavar="FILE",
        help="a definition, an ODCS contract, a Data Package, a resource or a Table Schema, JSON or YAML; - for stdin",
    )
    convert.add_argument(
        "--to", choices=_KINDS, help="what to write: odcs of a definition, a definition of anything else"
    )
    convert.add_argument(
        "--out", metavar="OUT", default="-", help="where to; its suffix chooses JSON or YAML (default: stdout)"
    )
    convert.add_argument("--object", metavar="NAME", help="which object or resource, where the document has several")
    convert.add_argument("--name", metavar="NAME", help="what the contract or resource is called (default: as FILE)")
    convert.add_argument("--version", metavar="V", default="1.0.0", help="of the contract (default: 1.0.0)")
    convert.add_argument("--path", metavar="PATH", help="where the file of the resource is (default: beside it)")
    convert.add_argument(
        "--strict", action="store_true", help="exit with 1 when anything could not be brought along as it is"
    )
    return parser


JOB = (main, "write a definition as a contract (ODCS, Data Package), or a contract as a definition")
