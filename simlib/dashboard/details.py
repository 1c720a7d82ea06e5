"""Below the picture: why it moved, the ledger, kept lines side by side, what each lever adds.

Each part is a fold. Only what is open is made, after the last move has been drawn in full.
"""

import base64
import html
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as w

from simlib import charts
from simlib.analysis.wedges import wedges
from simlib.charts.style import STATUS_QUO
from simlib.dashboard import catalogue, compute
from simlib.dashboard.album import past
from simlib.dashboard.catalogue import HEALTH_ALONE, WITH_HEALTH, label
from simlib.dashboard.compute import Picture
from simlib.dashboard.folds import Fold, Watch, Work, button
from simlib.dashboard.session import LINES, LONGEST_NAME, NO_POLICY_NAME, Kept, Session
from simlib.dashboard.several import side_by_side_picture
from simlib.dashboard.source import about
from simlib.dashboard.spending import SERIES
from simlib.dashboard.state import FIRST_OUTCOME, Scenario
from simlib.dashboard.why import identity_figure, wedges_figure
from simlib.dashboard.words import HEALTH_NAME
from simlib.errors import InputError
from simlib.inputs.policy import Policy
from simlib.results import OUTCOMES
from simlib.simulation import DRAWS

Go = Callable[[Callable[[Session], Session]], None]
"""Takes up another session, made from the present one."""


def figure(spec: Mapping[str, Any]) -> str:
    """A picture that stays as it is, as HTML, with its text alternative."""
    svg = base64.b64encode(charts.export(dict(spec), "svg")).decode()
    alt = html.escape(str(spec["description"]))
    return (
        f"<div class='simlib-figure'><img alt='{alt}' src='data:image/svg+xml;base64,{svg}'></div>"
    )


def drawn_outcome(scenario: Scenario) -> str:
    """The outcome on screen, or deaths where it is none of the model's own."""
    return scenario.outcome if scenario.outcome in OUTCOMES else FIRST_OUTCOME


def _instead(scenario: Scenario) -> str:
    """What to say where the outcome on screen cannot be shown."""
    if drawn_outcome(scenario) == scenario.outcome:
        return ""
    shown = OUTCOMES[FIRST_OUTCOME].label
    return f"<p class='simlib-small'>Shown for {shown}: the chosen outcome has no such figure.</p>"


def _short(scenario: Scenario) -> str:
    """The scenario in a line, for a figure that is found alone."""
    changes = [
        f"{label(key)} {catalogue.figure(key, value)}" for key, value in scenario.changes().items()
    ]
    return f"Changed: {'; '.join(changes)}." if changes else "The scenario at the beginning."


def line_labels(scenario: Scenario) -> dict[str, str]:
    """What the lines of a scenario are called, by name; with the health money that they hold."""
    names = compute.lines_of(scenario).names
    added = WITH_HEALTH if HEALTH_NAME in names else ""
    return {
        name: names[name] + (added if name in SERIES else "") for name in LINES if name in names
    }


class Details(w.VBox):
    """The folds below the picture.

    Parameters
    ----------
    session : returns the present one
    go : takes up another
    redraw : asks for the present picture once more, in full
    failed : told what went wrong where no control is to blame
    """

    def __init__(
        self,
        session: Callable[[], Session],
        go: Go,
        redraw: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self.why, self.ledger, self.trust = w.HTML(), w.HTML(), w.HTML()
        self.kept = KeptLines(session, go)
        self.levers = LeverShares(session, failed)
        self.folds = {
            "why": Fold("Why: which factor moved?", [self.why], opened=redraw),
            "ledger": Fold("Ledger: what each brings and costs", [self.ledger], opened=redraw),
            "kept": Fold("Side by side: keep lines and compare them", [self.kept], opened=redraw),
            "levers": Fold("What each lever adds", [self.levers]),
            "trust": Fold("How far off were we before?", [self.trust], opened=redraw),
        }
        super().__init__([*self.folds.values()])

    @property
    def any_open(self) -> bool:
        """Whether there is anything to make anew."""
        return any(fold.is_open for name, fold in self.folds.items() if name != "levers")

    def refresh(self, session: Session, picture: Picture, watch: Watch) -> None:
        """Make what is open anew.

        Parameters
        ----------
        picture : of the session, drawn in full
        watch : told the share done of each simulation; what it raises stops it
        """
        self.kept.show(session)
        self.levers.show(session)
        if self.folds["why"].is_open:
            footer = picture.tables["words"].iloc[0]["footer"]
            figures = [identity_figure(i, picture.names, footer) for i in picture.identities]
            self.why.value = "".join(figure(spec) for spec in figures)
        if self.folds["ledger"].is_open:
            self.ledger.value = compute.ledger_page(picture)
        if self.folds["trust"].is_open and not self.trust.value:  # no move changes it
            self.trust.value = past()
        if self.folds["kept"].is_open:
            self.kept.draw(session, watch)


class KeptLines(w.VBox):
    """Keep a line of the present picture under a name; all kept lines side by side."""

    def __init__(self, session: Callable[[], Session], go: Go) -> None:
        self._session, self._go = session, go
        self.name = w.Text(description="Name:", placeholder="of the line to keep")
        self.name.observe(self._named, "value")
        self.line = w.Dropdown(description="Line:")
        self.chosen = w.Dropdown(description="Kept:", options=[("none yet", "")])
        self.reference = w.Dropdown(description="Against:", tooltip="Differences are taken from it")
        self.answer, self.found = w.HTML(), w.HTML()
        self._showing = False
        self._known: list[tuple[Kept, Policy]] = []
        self.reference.observe(self._referred, "value")
        rows = [
            [self.name, self.line, button("Keep", self.keep)],
            [self.chosen, button("Drop", self.drop), self.reference],
        ]
        boxes = [w.HBox(row) for row in rows]
        for box in boxes:
            box.add_class("simlib-files")
        super().__init__([*boxes, self.answer, self.found])

    def keep(self) -> None:
        """Keep the chosen line, or say beside the name why that cannot be."""
        try:
            session = self._session().keep(self.name.value, self.line.value)
        except InputError as problem:
            said = html.escape(str(problem))
            self.answer.value = f"<p class='simlib-error' role='alert'>{said}</p>"
            return
        self.answer.value = ""
        self._go(lambda _: session)

    def _named(self, change: dict[str, Any]) -> None:
        """Keep the name within what can be kept."""
        if len(change["new"]) > LONGEST_NAME:
            self.name.value = change["new"][:LONGEST_NAME]
            said = f"A name has at most {LONGEST_NAME} letters; the rest was cut."
            self.answer.value = f"<p class='simlib-small' role='status'>{said}</p>"

    def drop(self) -> None:
        """Keep the chosen line no longer."""
        if name := self.chosen.value:
            self._go(lambda session: session.drop(name))

    def _referred(self, change: dict[str, Any]) -> None:
        if not self._showing and change["new"]:
            self._go(lambda session: session.refer(change["new"]))

    def show(self, session: Session) -> None:
        """Offer the lines that there are."""
        labels = line_labels(session.now)
        kept = [each.name for each in session.kept]
        names = {NO_POLICY_NAME: STATUS_QUO, **labels, **{name: name for name in kept}}
        self._showing = True
        try:
            _offer(self.line, [(label, name) for name, label in labels.items()], self.line.value)
            _offer(self.chosen, [(name, name) for name in kept] or [("none yet", "")], None)
            _offer(self.reference, [(names[n], n) for n in session.references], session.reference)
        finally:
            self._showing = False

    def draw(self, session: Session, watch: Watch) -> None:
        """Draw the present and the kept lines side by side, all on the same draws."""
        labels = line_labels(session.now)
        names = {HEALTH_NAME: HEALTH_ALONE, **labels}
        shown = {names[n]: p for n, p in compute.policies(session.now, watch).items()}
        self._known = [(each, self._policy(each, watch)) for each in session.kept]
        shown |= {each.name: policy for each, policy in self._known}
        against = {NO_POLICY_NAME: STATUS_QUO, **labels}.get(session.reference, session.reference)
        picture = side_by_side_picture(
            shown,
            session.now.assumptions,
            against,
            drawn_outcome(session.now),
            judgement=session.now.judgement,
            watch=watch,
        )
        self.found.value = _instead(session.now) + figure(picture.spec) + picture.page()

    def _policy(self, kept: Kept, watch: Watch) -> Policy:
        """The policy of a kept line; equal money is found once for each."""
        for each, policy in self._known:
            if each == kept:
                return policy
        return compute.policies(kept.scenario, watch)[kept.line]


class LeverShares(w.VBox):
    """How much of a line's difference each of its levers contributes, on demand."""

    def __init__(self, session: Callable[[], Session], failed: Callable[[Exception], None]) -> None:
        self._session = session
        self.line = w.Dropdown(description="Line:")
        self.show(session())
        self.work = Work("Work it out", self._find, failed)
        self.found = w.HTML()
        about = (
            "<p class='simlib-small'>Every lever is taken away and put back in every order; its "
            "share is what it adds on average, so the shares make up the whole difference. "
            "Some seconds; with many levers up to two minutes.</p>"
        )
        row = w.HBox([self.line, self.work])
        row.add_class("simlib-files")
        super().__init__([w.HTML(about), row, self.found])

    def show(self, session: Session) -> None:
        """Offer the lines that there are."""
        labels = line_labels(session.now)
        _offer(self.line, [(label, name) for name, label in labels.items()], self.line.value)

    def _find(self, watch: Watch) -> None:
        scenario = self._session().now
        line, labels = self.line.value, line_labels(scenario)
        if line not in labels:
            raise InputError("There is no such line now; choose another.")
        policy = compute.policies(scenario)[line]
        found = wedges(
            policy,
            outcome=drawn_outcome(scenario),
            draws=DRAWS,
            assumptions=scenario.pinned,
            watch=watch,
        )
        against = compute.lines_of(scenario).names[compute.STATUS_QUO_NAME]
        spec = wedges_figure(found, labels[line], against, f"{about()} {_short(scenario)}")
        self.found.value = _instead(scenario) + figure(spec)


def _offer(dropdown: w.Dropdown, options: list[tuple[str, str]], value: str | None) -> None:
    """Give a drop-down other options where they differ, and a value where it is among them."""
    if dropdown.options != tuple(options):
        dropdown.options = options
    values = [name for _, name in options]
    wanted = value if value in values else values[0]
    if dropdown.value != wanted:
        dropdown.value = wanted
