"""Rows that have to have a partner in a reference and have none: a finding says so, and they go to quarantine."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dq import FINDINGS_TYPE, MASK, FileRows, as_text
from pipelines.transforms.enriched.enrichment import Enrichment
from pipelines.transforms.values.decimal_text import decimal_texts

#: The rule of the finding; no verdict counts it, for it is asked of rows after they were normalised.
RULE: Final = "enrich"
_DIMENSION: Final = "bounds"
#: Characters of a key in a finding.
_MOST_KEY: Final = 200


def with_partners_missing(
    rows: FileRows,
    columns: Mapping[str, pa.Array],
    without: Sequence[tuple[Enrichment, npt.NDArray[np.bool_]]],
    sensitive: Collection[str],
) -> FileRows:
    """Have rows fail that would pass and lack a partner they have to have.

    Args:
        rows: with what was found so far.
        columns: theirs, typed; also those that references gave.
        without: for each reference, which rows have no partner there.
        sensitive: columns whose values appear in no finding.
    """
    findings, failing = rows.found.findings, rows.found.failing.copy()
    for enrichment, missing in without:
        lost = np.flatnonzero(missing & ~failing)
        if enrichment.missing != "quarantine" or not len(lost):
            continue
        keys = _keys(enrichment, columns, lost, sensitive)
        before = findings.take(pa.array(lost)).to_pylist()
        told = [[*(some or ()), _finding(enrichment, key)] for some, key in zip(before, keys, strict=True)]
        places = np.arange(len(findings))
        places[lost] = len(findings) + np.arange(len(lost))
        findings = pa.concat_arrays([findings, pa.array(told, FINDINGS_TYPE)]).take(pa.array(places))
        failing[lost] = True
    return replace(rows, found=replace(rows.found, findings=findings, failing=failing))


def _keys(
    enrichment: Enrichment, columns: Mapping[str, pa.Array], lost: npt.NDArray[np.int64], sensitive: Collection[str]
) -> list[str]:
    """Write the keys of rows as texts, hidden where a value of them is."""
    here = [name for name, _ in enrichment.on]
    if not frozenset(sensitive).isdisjoint(here):
        return [MASK] * len(lost)
    cells = [columns[name].take(pa.array(lost)) for name in here]
    texts = [(decimal_texts(one) if pa.types.is_decimal(one.type) else as_text(one)).to_pylist() for one in cells]
    return [", ".join("null" if text is None else text for text in key)[:_MOST_KEY] for key in zip(*texts, strict=True)]


def _finding(enrichment: Enrichment, key: str) -> dict[str, object]:
    names = ", ".join(there.name for _, there in enrichment.on)
    moment = "" if enrichment.valid is None else f" at its {enrichment.valid.at}"
    return {
        "rule": RULE,
        "dimension": _DIMENSION,
        "column": ", ".join(name for name, _ in enrichment.on),
        "severity": "error",
        "tolerated": False,
        "message": f"{key} is not in {enrichment.source} ({names}){moment}",
        "value": None if key == MASK else key,
    }
