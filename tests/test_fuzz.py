"""10,000 scenario files and share codes that nobody meant: refused in words or loaded.

None of them may run code, hang, raise anything but an InputError, or change what is on screen.
The generator is seeded: the same files every time.
"""

import base64
import contextlib
import random
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from simlib.dashboard import share
from simlib.dashboard.catalogue import JUDGEMENT, OUTCOME_NAMES, names
from simlib.dashboard.session import LINES, Session, check_session
from simlib.errors import InputError
from simlib.inputs.policy import policy_names

FILES, CODES = 5_000, 5_000
LONGEST_SECONDS = 2.0
"""For one file on a busy computer; a usual one takes a few thousandths of it."""
LONGEST_WORDS = 20_000

HOSTILE = (
    "__import__('os').system('touch pwned')",
    "${jndi:ldap://x/y}",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "'; DROP TABLE deaths; --",
    "../../../../etc/passwd",
    "!!python/object/apply:os.system ['id']",
    "cos\nsystem\n(S'id'\ntR.",
    "\x00\x1b[31m\u202e\ufeff",
    "=cmd|' /C calc'!A0",
    "%s%s%s%n",
    "ÿ" * 300,
    "9" * 400,
    "NaN",
    "1e999",
    "-0.0",
)


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


# --- files ----------------------------------------------------------------------------------------


def cut(text: str, chance: random.Random) -> str:
    return text[: chance.randrange(len(text) + 1)]


def flipped(text: str, chance: random.Random) -> str:
    raw = bytearray(text.encode())
    for _ in range(chance.randint(1, 8)):
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return raw.decode("utf-8", chance.choice(["replace", "surrogateescape"]))


def shuffled(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    chance.shuffle(lines)
    return "\n".join(lines)


def doubled(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    for _ in range(chance.randint(1, 5)):
        lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    return "\n".join(lines)


def value(chance: random.Random, depth: int = 0) -> str:
    """A TOML value of any type."""
    made: list[Callable[[], str]] = [
        lambda: repr(chance.uniform(-1e5, 1e5)),
        lambda: str(chance.randint(-(10**18), 10**18)),
        lambda: chance.choice(["true", "false", "nan", "-inf", "1e400", "0x10", "1979-05-27"]),
        lambda: '"' + chance.choice(HOSTILE[:7]) + '"',
        lambda: "'''" + chance.choice(HOSTILE[1:8]) + "'''",
        lambda: "[" + ", ".join(value(chance, depth + 1) for _ in range(3)) + "]",
        lambda: "{a = " + value(chance, depth + 1) + "}",
    ]
    return chance.choice(made[:5] if depth > 3 else made)()


def retyped(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(lines))
        if " = " in lines[at]:
            lines[at] = lines[at].split(" = ")[0] + " = " + value(chance)
    return "\n".join(lines)


def renamed(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(lines))
        key = chance.choice(
            ["x", "__class__", "schema", '"a b"', "a.b.c", "kept", "now", *JUDGEMENT]
        )
        lines[at] = f"[{key}]" if lines[at].startswith("[") else f"{key} = {value(chance)}"
    return "\n".join(lines)


def nested(text: str, chance: random.Random) -> str:
    depth = chance.choice([5, 13, 500, 20_000])
    opening, closing = chance.choice([("[", "]"), ("{a=", "}"), ("[[", "]]"), ("{'", "'}")])
    return chance.choice(
        [
            f"{text}\nx = {opening * depth}{closing * depth}",
            f"x = {opening * depth}",
            f"[{'.'.join('a' * depth)}]\n{text}",
            f"{'a.' * depth}b = 1\n{text}",
        ]
    )


def oversized(text: str, chance: random.Random) -> str:
    filling = chance.choice(
        [
            "\n".join(f"k{n} = {n}" for n in range(3_000)),
            "\n".join(f"[border]\nport_scanning = {n}" for n in range(500)),
            "\n".join(f"[[kept]]\nname = 'k{n}'" for n in range(2_000)),
            "# " + "x" * 200_000,
            "s = '" + "y" * 400_000 + "'",
            "n = " + "1" * 30_000,
            "x = [" + "1," * 50_000 + "]",
        ]
    )
    return f"{text}\n{filling}" if chance.random() < 0.5 else f"{filling}\n{text}"


def hostile(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(lines))
        word = chance.choice(HOSTILE)
        key = lines[at].split(" = ")[0]
        lines[at] = chance.choice([f"{key} = {word}", f'{key} = "{word}"', word, f"'{word}' = 1"])
    return "\n".join(lines)


def noise(text: str, chance: random.Random) -> str:
    return "".join(chr(chance.randrange(1, 0x3000)) for _ in range(chance.randrange(400)))


BREAK_FILES = (cut, flipped, shuffled, doubled, retyped, renamed, nested, hostile, noise)
EVERY_RARE = 50
"""One file in so many is oversized: those are slow to make."""


# --- codes ----------------------------------------------------------------------------------------


def packed(content: bytes) -> str:
    """A code that arrives whole, so that what is in it is tried as well."""
    return share.PREFIX + base64.urlsafe_b64encode(zlib.compress(content)).decode().rstrip("=")


def inside(break_text: Callable[[str, random.Random], str]) -> Callable[[str, random.Random], str]:
    def broken(code: str, chance: random.Random) -> str:
        letters = code.removeprefix(share.PREFIX)
        content = zlib.decompress(base64.urlsafe_b64decode(letters + "=" * (-len(letters) % 4)))
        return packed(break_text(content.decode(), chance).encode("utf-8", "surrogateescape"))

    return broken


def digits_changed(text: str, chance: random.Random) -> str:
    at = chance.choice([at for at, letter in enumerate(text) if letter.isdigit()])
    return text[:at] + chance.choice("0123456789-e.") + text[at + 1 :]


def bomb(_: str, chance: random.Random) -> str:
    return packed(chance.choice([b"[", b" ", b"9"]) * chance.choice([70_000, 10**7]))


def letters_changed(code: str, chance: random.Random) -> str:
    letters = list(code)
    for _ in range(chance.randint(1, 4)):
        letters[chance.randrange(len(letters))] = chr(chance.randrange(1, 0x3000))
    return "".join(letters)


def word(code: str, chance: random.Random) -> str:
    return chance.choice(["", share.PREFIX, "S9-", "S1"]) + chance.choice(HOSTILE)


BREAK_CODES = (
    cut, flipped, letters_changed, word, noise,
    *map(inside, (cut, flipped, digits_changed, letters_changed, noise)),
)  # fmt: skip


# --- trying ---------------------------------------------------------------------------------------


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
    ran.clear()
    watching = True
    yield
    watching = False
    assert not ran


def try_all(
    many: int, seed: int, make: Callable[[int, random.Random], str], read: Callable[[str], Session]
) -> tuple[int, int, float]:
    """Read many made texts as a dashboard would; how many loaded, were refused, took longest."""
    chance = random.Random(seed)
    history = History(Session().choose(total=4321.0).keep("mine"))
    loaded, said, longest = 0, [], 0.0
    for number in range(many):
        text, before = make(number, chance), history.now
        begun = time.perf_counter()
        try:
            found = check_session(read(text))
        except InputError as problem:
            said.append(str(problem))
        else:
            loaded += 1
            history.go(found)
            assert Session.from_toml(found.to_toml()) == found
            history.undo()
        assert history.now == before
        longest = max(longest, time.perf_counter() - begun)
    assert all(said)
    assert max(map(len, said)) < LONGEST_WORDS
    return loaded, len(said), longest


@pytest.mark.usefixtures("nothing_runs")
def test_files_that_nobody_meant() -> None:
    def make(number: int, chance: random.Random) -> str:
        text = base_session(chance).to_toml()
        kind = BREAK_FILES[number % len(BREAK_FILES)]
        return (oversized if number % EVERY_RARE == 0 else kind)(text, chance)

    loaded, refused, longest = try_all(FILES, 1, make, Session.from_toml)
    assert loaded + refused == FILES
    assert loaded > FILES / 50, "the broken files should look a little like right ones"
    assert refused > FILES / 2
    assert longest < LONGEST_SECONDS


@pytest.mark.usefixtures("nothing_runs")
def test_codes_that_nobody_meant() -> None:
    def make(number: int, chance: random.Random) -> str:
        code = share.write(base_session(chance))
        kind = BREAK_CODES[number % len(BREAK_CODES)]
        return (bomb if number % EVERY_RARE == 0 else kind)(code, chance)

    loaded, refused, longest = try_all(CODES, 2, make, lambda code: share.read(code).session)
    assert loaded + refused == CODES
    assert loaded > CODES / 50
    assert refused > CODES / 2
    assert longest < LONGEST_SECONDS


def test_the_watch_sees_what_runs() -> None:
    global watching
    ran.clear()
    watching = True
    try:
        eval("1 + 1")
        subprocess.run([sys.executable, "-c", ""], check=True)
    finally:
        watching = False
    assert {each.split()[0] for each in ran} >= {"exec", "compile", "subprocess.Popen"}
