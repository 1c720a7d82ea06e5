"""Files that a reader names: read only where there is one, written whole or not at all."""

import os
import secrets
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

import numpy as np
from numpy.lib.format import read_array

from simlib.errors import InputError, shown

MOST_UNPACKED = 64 * 1024**2
"""Bytes that any archive may unpack to, however small it is."""
MOST_PACKED = 50
"""... and how many times its own size a larger one may; random numbers hardly shrink."""
PACKED = (ZIP_STORED, ZIP_DEFLATED)
DAMAGED = (
    OSError, EOFError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError,
    RuntimeError, SyntaxError, MemoryError, BadZipFile, zlib.error,
)  # fmt: skip
"""What a file that holds anything else, or was cut or changed, makes its readers raise."""


def named(path: object) -> Path:
    """The path that is meant.

    Raises
    ------
    InputError
        When it is none.
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise InputError(f"path: {shown(path)} is no path; allowed: text or a Path")
    return Path(path)


def readable(path: object) -> Path:
    """The path of a file that can be opened.

    Raises
    ------
    InputError
        When there is no such file, or it is something else: a pipe would be waited for for ever.
    """
    found = named(path)
    try:
        there = found.is_file()
    except OSError as why:
        raise InputError(f"{found.name}: cannot be read: {why}") from why
    if not there:
        raise InputError(f"{_name(found)}: cannot be read: there is no such file")
    return found


def _name(path: Path) -> str:
    """The name, when it can be printed."""
    return path.name if path.name.isprintable() else shown(path.name)


def write_whole(path: object, write: Callable[[IO[bytes]], Any], *, new: bool = False) -> None:
    """Write a file in one step: whoever looks finds the old one or the new one, never a part.

    Parameters
    ----------
    write : called with the open file
    new : refuse to replace anything

    Raises
    ------
    InputError
        When it cannot be written, or `new` and something of that name is there.
    """
    target = named(path)
    part = target.with_name(f".{secrets.token_hex(8)}.part")  # nobody can have put it there
    try:
        if new and os.path.lexists(target):
            raise InputError(f"{target.name}: exists already and is not overwritten")
        with part.open("xb") as file:
            write(file)
        part.replace(target)
    except (OSError, ValueError) as why:
        if isinstance(why, InputError):
            raise
        raise InputError(f"{_name(target)}: cannot be written: {why}") from why
    finally:
        if os.path.lexists(part):
            part.unlink()


def write_arrays(path: object, arrays: Mapping[str, Any], *, new: bool = False) -> None:
    """Write arrays to one compressed file; see :func:`write_whole`."""
    write_whole(path, lambda file: np.savez_compressed(file, allow_pickle=False, **arrays), new=new)


def read_arrays(path: object, what: str) -> dict[str, np.ndarray]:
    """Arrays by name, as numpy writes several to one file; no code is ever run.

    Parameters
    ----------
    what : is expected in the file, for messages

    Raises
    ------
    InputError
        When the file is missing, damaged, or unpacks to much more than its size.
    """
    found = readable(path)
    try:
        with found.open("rb") as file, ZipFile(file) as archive:
            members = archive.infolist()
            most = max(MOST_UNPACKED, MOST_PACKED * found.stat().st_size)
            if sum(each.file_size for each in members) > most:
                raise ValueError("it unpacks to far more than its size")
            if any(each.compress_type not in PACKED for each in members):
                raise ValueError("it is packed in an unknown way")
            return {
                each.filename.removesuffix(".npy"): read_array(BytesIO(archive.read(each)))
                for each in members
            }
    except DAMAGED as why:
        raise InputError(f"{found.name}: cannot be read as {what}: {why or repr(why)}") from why
