"""What the texts say in words and numbers is what the model, its tables and its rows say."""

import numpy as np
import pytest
import sentences
import texts
from sentences import SENTENCES, Sentence

from simlib.analysis import explanations, trust
from simlib.compare import compare

WRITTEN = texts.texts()
LINES = {file: tuple(texts.sections(text)) for file, text in WRITTEN.items()}


def unanswered(line: str, known: list[str]) -> list[str]:
    """Numbers of a line that stand in no known sentence, each with what is around it."""
    inside = []
    for text in known:
        start = line.find(text)
        while start >= 0:
            inside.append((start, start + len(text)))
            start = line.find(text, start + 1)
    return [
        line[max(0, start - 60) : end + 40]
        for start, end in texts.numbers(line)
        if not any(first <= start and end <= last for first, last in inside)
    ]


@pytest.mark.parametrize("each", SENTENCES, ids=lambda each: f"{each.file}: {each.text[:50]}")
def test_a_sentence_says_what_is_found_now(each: Sentence) -> None:
    now = sentences.now(each)
    if not any(now in line for line in LINES[each.file]):
        pytest.fail(f"{each.file} should say: {now}")


def test_every_number_is_answered_for() -> None:
    """A new sentence with a number belongs into `sentences.py`, with the call that gives it."""
    now: dict[str, list[str]] = {file: [] for file in WRITTEN}
    for each in SENTENCES:
        now[each.file].append(sentences.now(each))
    found = {
        file: [text for line in lines for text in unanswered(line, now[file])]
        for file, lines in LINES.items()
    }
    assert {file: several for file, several in found.items() if several} == {}


def test_notebooks_01_04_and_05_find_the_same_gap() -> None:
    found = explanations.answers(sentences.STRATEGIES, sentences.TOTAL).set_index("title")
    world = sentences.default_world()
    assert found.loc[explanations.MIXTURE, "median"] == sentences.gap(world)
    border, internal = (compare(world, policy=name).averted for name in ("border", "internal"))
    gap, rng = border - internal, np.random.default_rng(1)
    for shown in trust.result("knockouts")["gap"][:3]:  # nothing left out: three seeds
        errors = [np.std([np.median(rng.choice(gap, n)) for _ in range(200)]) for n in (400, 1000)]
        assert abs(shown - np.median(gap)) < 3 * np.hypot(*errors)
