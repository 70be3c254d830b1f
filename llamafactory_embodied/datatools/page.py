"""HTML pages of this package: no script, nothing loaded, every text escaped; the look is the evaluation page's."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ..files import replace_file


def write_page(template: str, output: Path, values: Mapping[str, Any]) -> None:
    """Writes a page; the file appears under its name only when it is complete.

    Args:
        template: A file of `templates`.
        output: The HTML file.
        values: What the template shows. All text is escaped.
    """
    environment = Environment(
        loader=PackageLoader("llamafactory_embodied.datatools"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = resources.files("evaluation").joinpath("templates", "report.css").read_text(encoding="utf-8")
    # Our own file: the only text that is not escaped.
    page = environment.get_template(template).render(**values, style=Markup(style))
    # A lone surrogate in a text is not UTF-8: it is spelt out.
    replace_file(output, page.encode("utf-8", "backslashreplace").decode("utf-8"))
