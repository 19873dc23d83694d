"""What MkDocs has to be told of our pages."""

from __future__ import annotations

import re
from typing import Any

#: An opening fence that says where its block goes: ```python new FILE, ```python FILE after LINE.
_PLACED = re.compile(r"^```(\w+) ([^\n]+)$", re.MULTILINE)
#: A list right below a line of text, which GitHub takes for a list and Markdown as MkDocs reads it does not.
_LIST = re.compile(r"^((?![ ]*(?:[-*|#>]|\d+\.|$))[^\n]*\S[^\n]*)\n(?=(?:[-*]|1\.) )", re.MULTILINE)
_BLOCK = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def on_page_markdown(markdown: str, **_: Any) -> str:  # noqa: ANN401 - MkDocs' own
    """Show above a block where it goes, and let lists be lists; pages stay as GitHub shows them."""
    parts = _BLOCK.split(_PLACED.sub(lambda found: f"`{found[2]}`\n\n```{found[1]}", markdown))
    return "".join(part if part.startswith("```") else _LIST.sub(r"\1\n\n", part) for part in parts)
