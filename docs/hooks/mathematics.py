"""Formulas of the pages as MathML, made when the site is built: nothing is loaded to read them."""

import html
import re
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.exceptions import PluginError

_MARKED = re.compile(  # by pymdownx.arithmatex
    r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL
)
_LOADED = re.compile(r'<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)="?(?:https?:)?//[^">\s]+')
_LINKS = re.compile(r'rel="?(canonical|prev|next|edit)\b')


def on_page_content(content: str, page: Any, **_: Any) -> str:
    """A page with every formula as an element `math`.

    Raises:
        PluginError: a command that the converter does not know.
    """

    def formula(found: re.Match[str]) -> str:
        tag, kind, text = found.groups()
        tex = html.unescape(text).strip()
        made = convert(tex, display="block" if kind == "[" else "inline")
        if "\\" in made or "merror" in made:
            raise PluginError(f"{page.file.src_uri}: no MathML for {tex!r}, but {made}")
        return f'<{tag} class="arithmatex">{made}</{tag}>'

    made = _MARKED.sub(formula, content)
    if "\\(" in made and 'class="arithmatex">\\' in made:
        raise PluginError(f"{page.file.src_uri}: a formula was not found")
    return made


def on_post_build(config: Any, **_: Any) -> None:
    """Look at the whole site: nothing that a page loads stands elsewhere.

    Raises:
        PluginError: something does.
    """
    for path in sorted(Path(config["site_dir"]).rglob("*.html")):
        for found in _LOADED.findall(path.read_text(encoding="utf-8")):
            if not _LINKS.search(found):
                raise PluginError(f"{path} loads {found!r} from elsewhere")
