"""Pages as HTML fragments for the dashboard, and as Markdown for the docs."""

import html
import re
from collections.abc import Callable

from simlib.inputs.parameters import load_parameters
from simlib.inputs.tables import load_programmes
from simlib.pages.content import Block, Bullet, Cell, Code, Link, Page, Reference, Table, content

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~#$])")


def page(name: str) -> str:
    """The page of a lever or parameter as an HTML fragment, every text escaped.

    Raises
    ------
    UnknownName
        When there is no such lever or parameter.
    """
    return as_html(content(name))


def title_of(name: str) -> str:
    """How readers call a lever or parameter."""
    programmes = load_programmes()
    return programmes[name].label if name in programmes else load_parameters()[name].label


# --- HTML -------------------------------------------------------------------------------------


def as_html(shown: Page) -> str:
    """A page as an HTML fragment; its class is ``simlib-page``."""
    blocks = "".join(_html_block(each) for each in shown.blocks)
    title, context, message = map(html.escape, (shown.title, shown.context, shown.message))
    head = f"<h3>{title}</h3><p>{context}</p><p><b>{message}</b></p>"
    return f'<div class="simlib-page">{head}{blocks}</div>'


def _html_block(block: Block) -> str:
    items = _grouped(block, _html_list, _html_item)
    return f"<h4>{html.escape(block.heading)}</h4>{''.join(items)}"


def _html_list(bullets: list[Bullet]) -> str:
    lines = "".join(f"<li>{''.join(map(_html_cell, each))}</li>" for each in bullets)
    return f"<ul>{lines}</ul>"


def _html_item(item: str | Table) -> str:
    if isinstance(item, str):
        return f"<p>{html.escape(item)}</p>"
    head = "".join(f'<th scope="col">{html.escape(each)}</th>' for each in item.header)
    rows = "".join(
        f"<tr>{''.join(f'<td>{_html_cell(each)}</td>' for each in row)}</tr>" for row in item.rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _html_cell(cell: Cell) -> str:
    if isinstance(cell, Code):
        return f"<code>{html.escape(cell.text)}</code>"
    if isinstance(cell, Reference):
        return html.escape(title_of(cell.name))
    if isinstance(cell, Link):
        address = html.escape(cell.address)
        return f'<a href="{address}" rel="noreferrer" target="_blank">{html.escape(cell.text)}</a>'
    return html.escape(cell)


# --- Markdown ---------------------------------------------------------------------------------


def as_markdown(shown: Page, level: int, link: Callable[[str], str]) -> str:
    """A page as Markdown.

    Parameters
    ----------
    shown : Page
    level : of its heading, 1 to 5
    link : address of another page by name
    """
    anchor = f'<a id="{shown.name}"></a>'
    head = f"{anchor}\n\n{'#' * level} {escaped(shown.title)}\n\n**{escaped(shown.message)}**\n"
    blocks = [_markdown_block(each, level + 1, link) for each in shown.blocks]
    return "\n".join([head, *blocks])


def escaped(text: str) -> str:
    """Text in which nothing is markup, on one line."""
    return _MARKDOWN.sub(r"\\\1", re.sub(r"\s+", " ", text)).replace("&", "&amp;")


def markdown_table(table: Table, link: Callable[[str], str]) -> str:
    """A table in Markdown."""
    head = [map(escaped, table.header), ["---"] * len(table.header)]
    body = [[_markdown_cell(each, link) for each in row] for row in table.rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in (*head, *body))


def _markdown_block(block: Block, level: int, link: Callable[[str], str]) -> str:
    def bullets(several: list[Bullet]) -> str:
        return "".join(f"- {''.join(_markdown_cell(c, link) for c in each)}\n" for each in several)

    def item(each: str | Table) -> str:
        return f"{escaped(each)}\n" if isinstance(each, str) else markdown_table(each, link)

    return "\n".join([f"{'#' * level} {escaped(block.heading)}\n", *_grouped(block, bullets, item)])


def _markdown_cell(cell: Cell, link: Callable[[str], str]) -> str:
    if isinstance(cell, Code):
        return f"`{cell.text.replace('`', '')}`"
    if isinstance(cell, Reference):
        return f"[{escaped(title_of(cell.name))}]({link(cell.name)})"
    if isinstance(cell, Link):
        return f"[{escaped(cell.text)}]({cell.address})"
    return escaped(cell)


def _grouped(
    block: Block, listed: Callable[[list[Bullet]], str], single: Callable[[str | Table], str]
) -> list[str]:
    """Items rendered in order, bullets that follow each other as one list."""
    found: list[str] = []
    bullets: list[Bullet] = []
    for item in (*block.items, None):
        if isinstance(item, tuple) and not isinstance(item, Table):
            bullets.append(item)
            continue
        if bullets:
            found.append(listed(bullets))
            bullets = []
        if item is not None:
            found.append(single(item))
    return found
