"""Text of a file that a reader names: from a path, or from the web when they give an address.

Nothing is fetched unless a reader asks for it, and nothing is written.
"""

import http.client
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from simlib.errors import InputError, shown
from simlib.inputs.paths import named, readable

MAX_BYTES = 64 * 1024**2
"""Largest file read; the agencies' files have about 15 MB."""
SILENCE_SECONDS = 30.0
"""Longest wait for the next piece of an answer."""
DEADLINE_SECONDS = 300.0
"""Longest time for a whole answer."""
CONTENT_TYPE = "text/csv"
_BLOCK = 64 * 1024
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_csv_text(source: str | Path) -> tuple[str, str]:
    """Name and text of a CSV file.

    Parameters
    ----------
    source : path, or an http or https address
        At most 64 MiB. UTF-8 (with or without byte order mark), UTF-16 with one, or Windows-1252.

    Returns
    -------
    name : str
        Last part of the path or address, for messages.
    text : str

    Raises
    ------
    InputError
        When it cannot be reached, came only in part, is too large, or is no text: in words.
    """
    if isinstance(source, str) and "://" in source:
        name = source.partition("?")[0].rpartition("/")[2] or source
        raw = _from_web(source, name)
    else:
        name = named(source).name or str(source)
        raw = _from_disk(named(source), name)
    return name, _decoded(raw, name)


def _from_disk(path: Path, name: str) -> bytes:
    try:
        with readable(path).open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error}") from error
    if len(raw) > MAX_BYTES:
        raise InputError(_too_large(name))
    return raw


def _from_web(address: str, name: str) -> bytes:
    if address.partition("://")[0].lower() not in ("http", "https"):
        raise InputError(f"{shown(address)}: allowed: a path, or an http or https address")
    opener = urllib.request.OpenerDirector()  # of its own: no file:// and no ftp://, ever
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.UnknownHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    try:
        with opener.open(address, timeout=SILENCE_SECONDS) as answer:
            return _whole(answer, name)
    except urllib.error.HTTPError as error:
        with error:
            raise InputError(f"{name}: the server says {error.code} {error.reason}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise InputError(f"{name}: cannot be fetched: {error or type(error).__name__}") from error


def _whole(answer: Any, name: str) -> bytes:
    """The body of an answer, when it is a whole CSV file of a size that can be read."""
    kind = answer.headers.get_content_type()
    if kind != CONTENT_TYPE:
        raise InputError(f"{name}: the server sends {kind}; allowed: {CONTENT_TYPE}")
    length = answer.headers.get("Content-Length", "")
    announced = int(length) if length.isascii() and length.isdigit() else None
    if announced is not None and announced > MAX_BYTES:
        raise InputError(_too_large(name))
    deadline = time.monotonic() + DEADLINE_SECONDS
    blocks, size = [], 0
    while block := answer.read1(_BLOCK):
        blocks.append(block)
        size += len(block)
        if size > MAX_BYTES:
            raise InputError(_too_large(name))
        if time.monotonic() > deadline:
            raise InputError(f"{name}: still not whole after {DEADLINE_SECONDS:.0f} seconds")
    if announced is not None and size != announced:
        raise InputError(f"{name}: only {size:,} of {announced:,} bytes arrived; fetch it again")
    return b"".join(blocks)


def _too_large(name: str) -> str:
    return f"{name}: is larger than the {MAX_BYTES // 1024**2} MiB allowed"


def _decoded(raw: bytes, name: str) -> str:
    """Text of a CSV file; what is plainly something else is refused by name."""
    try:
        if raw.startswith(_UTF16):
            text = raw.decode("utf-16")
        else:
            try:
                text = raw.decode("utf-8-sig")
            except UnicodeDecodeError:
                text = raw.decode("cp1252")  # as spreadsheets save it; digits are the same
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: is neither UTF-8, UTF-16 nor Windows-1252 text") from error
    if not text.strip():
        raise InputError(f"{name}: is empty")
    if text.startswith("PK\x03\x04"):
        raise InputError(f"{name}: is a spreadsheet or archive; save it as CSV")
    if "\x00" in text:
        raise InputError(f"{name}: is no text")
    if text.lstrip().startswith("<"):
        raise InputError(f"{name}: is a web page, not a CSV file; use the page's download link")
    return text
