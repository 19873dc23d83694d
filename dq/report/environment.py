"""What fills the templates of pages: Jinja, by which every value is made visible, cut and escaped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from jinja2.compiler import CodeGenerator
from markupsafe import Markup, escape

from dq.report.charts import share_bar
from dq.report.figures import number, percent, points, scalar, shown

if TYPE_CHECKING:
    from jinja2 import nodes
    from jinja2.compiler import Frame

#: Of these characters, all of which can be seen, none means anything in HTML.
_HARMLESS: Final = re.compile(r"[ !#-%(-;=?-~]{0,1000}")


def written(value: object) -> str:
    """Give a value as it stands on a page: `shown`, and escaped unless it is markup.

    Most values of a page are short and harmless, and are known as such by one look.

    >>> written("a < b"), written(5), written(Markup("<b>"))
    (Markup('a &lt; b'), '5', Markup('<b>'))
    """
    kind = type(value)
    if kind is Markup:
        return value  # type: ignore[return-value]  # it is one
    if kind is int or (kind is str and _HARMLESS.fullmatch(value)):  # type: ignore[call-overload]  # it is one
        return str(value)
    return escape(shown(value))


class _Code(CodeGenerator):
    """Jinja's code with one call a value, where it has two and an object each; the rest is Jinja's.

    A Jinja that makes its code in another way does not ask this class, and escapes as it does everywhere.
    """

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        context = frame.eval_ctx
        if finalize.src == "environment.finalize(" and context.autoescape and not context.volatile:
            self.write("environment.written((")  # as many brackets as are closed
        else:
            super()._output_child_pre(node, frame, finalize)


class _Pages(Environment):
    code_generator_class = _Code
    written = staticmethod(written)


def page_environment(*packages: str) -> Environment:
    """Make what fills templates: those of reports, and before them those in the folder `templates` of `packages`.

    Templates ask `style()` and `policy()`, which whoever makes pages adds.
    """
    environment = _Pages(
        autoescape=True,
        finalize=shown,
        keep_trailing_newline=False,
        loader=ChoiceLoader([PackageLoader(name, "templates") for name in (*packages, "dq.report")]),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"number": number, "percent": percent, "points": points, "scalar": scalar}
    environment.filters |= {"share_bar": share_bar}
    return environment
