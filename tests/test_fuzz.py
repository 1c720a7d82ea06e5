"""Thousands of scenario files and share codes that nobody meant: refused in words or loaded.

None of them may run code, hang, raise anything but an InputError, or change what is on screen.
The generator is seeded: the same files every time.
"""

import base64
import contextlib
import random
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from simlib.dashboard import share
from simlib.dashboard.catalogue import JUDGEMENT, OUTCOME_NAMES, names
from simlib.dashboard.session import LINES, History, Session, check_session
from simlib.errors import InputError
from simlib.inputs.policy import policy_names

MANY = 3_000
LONGEST_SECONDS = 2.0
"""For one file on a busy computer; a usual one takes a few thousandths of it."""
LONGEST_WORDS = 20_000

HOSTILE = (
    "__import__('os').system('touch pwned')",
    "${jndi:ldap://x/y}",
    "<script>alert(1)</script>",
    "../../../../etc/passwd",
    "!!python/object/apply:os.system ['id']",
    "\x00\x1b[31m\u202e\ufeff",
    "=cmd|' /C calc'!A0",
    "ÿ" * 300,
    "9" * 400,
    "1e999",
)
VALUES = (
    *("1.5", "-1e5", "1e400", "0x10", "true", "nan", "-inf", "1979-05-27", "[1, [2]]"),
    *("{a = 1}", *(f'"{word}"' for word in HOSTILE[:5]), *(f"'''{word}'''" for word in HOSTILE)),
)
KEYS = ("x", "__class__", "schema", '"a b"', "a.b.c", "kept", "total", "border", *JUDGEMENT)


def base_session(chance: random.Random) -> Session:
    session = Session().choose(
        total=chance.choice([0.0, 1.5, 1000.0, 1e4]),
        start=chance.randint(2025, 2033),
        preset=chance.choice(["", *policy_names()]),
        outcome=chance.choice(OUTCOME_NAMES),
        border={name: chance.uniform(0, 100) for name in names("border")},
    )
    for name in "ABC"[: chance.randint(0, 3)]:
        session = session.keep(name, chance.choice(LINES[:2]))
    return session


def cut(text: str, chance: random.Random) -> str:
    return text[: chance.randrange(len(text) + 1)]


def flipped(text: str, chance: random.Random) -> str:
    raw = bytearray(text.encode())
    for _ in range(chance.randint(1, 8)):
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return raw.decode("utf-8", chance.choice(["replace", "surrogateescape"]))


def disordered(text: str, chance: random.Random) -> str:
    """Lines doubled, and perhaps in any order."""
    lines = text.splitlines()
    lines += chance.sample(lines, chance.randint(0, 3))
    if chance.random() < 0.5:
        chance.shuffle(lines)
    return "\n".join(lines)


def changed(text: str, chance: random.Random) -> str:
    """Other values, other keys, other tables."""
    lines = text.splitlines()
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines))
        key = lines[at].split(" = ")[0] if chance.random() < 0.6 else chance.choice(KEYS)
        value = f"{key} = {chance.choice(VALUES)}"
        lines[at] = f"[{key}]" if lines[at].startswith("[") else value
    return "\n".join(lines)


def oversized(text: str, chance: random.Random) -> str:
    depth = chance.choice([13, 500, 20_000])
    filling = (
        f"x = {'[' * depth}{']' * depth}",
        f"[{'.'.join('a' * depth)}]",
        "\n".join(f"k{n} = {n}" for n in range(3_000)),
        "\n".join(f"[[kept]]\nname = 'k{n}'" for n in range(2_000)),
        "s = '" + "y" * 400_000 + "'",
        "n = " + "1" * 30_000,
    )
    return f"{text}\n{chance.choice(filling)}"


def letters_changed(code: str, chance: random.Random) -> str:
    letters = list(code)
    for _ in range(chance.randint(1, 4)):
        letters[chance.randrange(len(letters))] = chr(chance.randrange(1, 0x3000))
    return "".join(letters)


def packed(content: bytes) -> str:
    return share.PREFIX + base64.urlsafe_b64encode(zlib.compress(content)).decode().rstrip("=")


def content_changed(code: str, chance: random.Random) -> str:
    """With a right checksum, so that what is behind it is tried as well."""
    letters = code.removeprefix(share.PREFIX)
    content = bytearray(zlib.decompress(base64.urlsafe_b64decode(letters + "=" * 3)))
    for _ in range(chance.randint(1, 4)):
        digits = [i for i, letter in enumerate(content) if chr(letter).isalnum()]
        content[chance.choice(digits)] = ord(chance.choice('0123456789eE-+[]{}",:aN'))
    return packed(bytes(content))


def inflated(code: str, chance: random.Random) -> str:
    """Small to send, large to read."""
    depth = chance.choice([50, 70_000, 10**7])
    return packed(chance.choice([b"[" * depth, b'{"kept":[' + b"1," * depth, b" " * depth]))


FORBIDDEN = {"exec", "compile", "open", "import", "os.system", "subprocess.Popen", "socket.connect"}
ran: list[str] = []
watching = False


def watch(event: str, given: tuple[Any, ...]) -> None:
    """The interpreter itself tells what is run and opened; a hook stays for good, so it sleeps."""
    if watching and event in FORBIDDEN:
        ran.append(f"{event} {given!r:.80}")


sys.addaudithook(watch)


@pytest.fixture
def nothing_runs() -> Iterator[None]:
    """While files and codes are read, no code is run and no file, process or address opened."""
    global watching
    for text in ("schema = 1", "schema = nan\nx = 1979-05-27"):  # what is imported but once
        with contextlib.suppress(InputError):
            Session.from_toml(text)
    share.read(share.write(Session()))
    watching = True
    ran.clear()
    eval("1 + 1")
    assert ran  # the watch is awake
    ran.clear()
    yield
    watching = False
    assert not ran


def as_file(session: Session) -> str:
    return session.to_toml()


def of_code(code: str) -> Session:
    return share.read(code).session


BROKEN_FILES = (cut, flipped, disordered, changed, changed)
BROKEN_CODES = (cut, flipped, letters_changed, content_changed, content_changed)


@pytest.mark.usefixtures("nothing_runs")
@pytest.mark.parametrize(
    ("write", "read", "breakers", "rare"),
    [
        (as_file, Session.from_toml, BROKEN_FILES, oversized),
        (share.write, of_code, BROKEN_CODES, inflated),
    ],
    ids=["files", "codes"],
)
def test_what_nobody_meant_is_loaded_or_refused_in_words(
    write: Callable[[Session], str],
    read: Callable[[str], Session],
    breakers: tuple[Callable[[str, random.Random], str], ...],
    rare: Callable[[str, random.Random], str],
) -> None:
    chance, loaded, longest, refusals = random.Random(1), 0, 0.0, []
    history = History(Session().choose(total=4321.0).keep("mine"))
    for number in range(MANY):
        kind = rare if number % 50 == 0 else breakers[number % len(breakers)]
        text, before = kind(write(base_session(chance)), chance), history.now
        begun = time.perf_counter()
        try:
            session = check_session(read(text))
        except InputError as problem:
            refusals.append(len(str(problem)))
        else:
            loaded += 1
            history.go(session)
            assert Session.from_toml(session.to_toml()) == session
            history.undo()
        assert history.now == before
        longest = max(longest, time.perf_counter() - begun)
    assert MANY / 50 < loaded < MANY / 2  # broken, yet a little like right ones
    assert longest < LONGEST_SECONDS
    assert 0 < min(refusals) <= max(refusals) < LONGEST_WORDS
