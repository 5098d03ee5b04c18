"""Random lives against a book of what was done: joins tell the truth, and undos run once each, latest first."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import event, given

from engine.definition.ir import State
from engine.model import Entry, Saga
from tests.properties.engine_lives import Life, Took, lives, undo_of
from tests.properties.test_engine_steps import STEADY


@dataclass
class Book:
    """What a reader of the events alone would write down.

    Attributes:
        done: Commands with an undo that were done, or may have been, with the version at which.
        taken_on: Those that answered something else than a last word, so far.
        undoing: undo entry -> the entry it takes back.
        undone: How often each was taken back.
    """

    life: Life
    done: dict[str, int] = field(default_factory=dict)
    taken_on: dict[str, int] = field(default_factory=dict)
    undoing: dict[str, str] = field(default_factory=dict)
    undone: dict[str, int] = field(default_factory=dict)

    def note(self, took: Took) -> None:
        """What the step's event says of commands; then what leaving their states makes of them."""
        entry = took.entry
        if entry is not None and any(e.id == entry.id for e in took.before.agenda):
            if entry.undoes is not None:
                self._undo_answered(entry, took.reply)
            elif undo_of(entry) is not None:
                self._answered(entry, took)
        agenda = {e.id: e for e in took.made.saga.agenda}
        for id_, order in [*self.taken_on.items()]:
            if id_ not in agenda or agenda[id_].state is None:
                self.done[id_] = order
                del self.taken_on[id_]
        if took.made.saga.is_final:
            self.done = {id_: order for id_, order in self.done.items() if id_ in self.undoing.values()}

    def _answered(self, entry: Entry, took: Took) -> None:
        order, uncertain = took.made.row.seq, took.event is not None and took.event.uncertain
        self.taken_on.pop(entry.id, None)
        if took.reply == "done" or uncertain or (took.reply == "pending" and entry.state is None):
            self.done[entry.id] = order
        elif took.reply == "pending":
            self.taken_on[entry.id] = order

    def _undo_answered(self, undo: Entry, reply: str | None) -> None:
        if reply in ("done", "skip"):
            taken_back = self.undoing.pop(undo.id)
            self.undone[taken_back] = self.undone.get(taken_back, 0) + 1
            self.done.pop(taken_back, None)

    def left(self, state: State) -> dict[str, int]:
        """What a compensation in `state` has yet to begin to take back."""
        begun = set(self.undoing.values())
        names = self.life.machine.definition.commands
        wanted = set(names) if state.compensate == "all" else set(state.compensate or ())
        return {i: n for i, n in self.done.items() if i not in begun and self.name(i) in wanted}

    def name(self, id_: str) -> str:
        return next(e.name for made in self.life.steps for e in made.added if e.id == id_)


def _open(saga: Saga, state: State) -> list[Entry]:
    """Commands that may yet turn out to be done, and whose undo `state` asks for."""
    return [
        e
        for e in saga.agenda
        if undo_of(e)
        and e.status != "done"
        and (state.compensate == "all" or e.name in (state.compensate or ()))
    ]


@STEADY
@given(lives(at_most=30))
def test_undos_run_one_at_a_time_the_latest_done_first_and_each_once(life: Life) -> None:
    book, states = Book(life=life), life.machine.definition.states
    for took in life.taken:
        book.note(took)
        renamed = _made_anew(took)
        if renamed is not None:
            book.undoing = {k: v for k, v in book.undoing.items() if v != renamed.undoes}
            book.undoing[renamed.id] = renamed.undoes or ""
        begun = [e for e in took.made.added if e.undoes is not None and e.id not in book.undoing]
        assert len(begun) <= 1
        for undo in begun:
            event("undo")
            state = states[took.made.saga.state]
            left = book.left(state)
            assert not book.undoing, "one at a time"
            assert not _open(took.made.saga, state), "nothing is out that may yet be done"
            assert undo.undoes == max(left, key=lambda id_: left[id_]), "the latest first"
            assert undo.name == undo_of(
                Entry(id="", saga_id="", kind="command", name=book.name(undo.undoes), due=0)
            )
            book.undoing[undo.id] = undo.undoes
        assert set(book.undone.values()) <= {1}, "each once"
        assert not set(book.undone) & set(book.done)


def _made_anew(took: Took) -> Entry | None:
    """An undo that a person sent again with other content goes on under another id."""
    gone = set(took.made.removed)
    again = {e.undoes for e in took.before.agenda if e.undoes is not None and e.id in gone}
    return next((e for e in took.made.added if e.undoes in again), None)


@STEADY
@given(lives(at_most=30))
def test_compensated_comes_when_nothing_is_left_to_undo_and_not_before(life: Life) -> None:
    book, states = Book(life=life), life.machine.definition.states
    for took in life.taken:
        book.note(took)
        for undo in took.made.added:
            if undo.undoes is not None:
                book.undoing = {k: v for k, v in book.undoing.items() if v != undo.undoes} | {
                    undo.id: undo.undoes
                }
        for row in took.made.rows:
            if row.event == "$compensated":
                event("compensated")
                assert not book.left(states[row.source or ""])
        state = states[took.made.saga.state]
        if state.compensate is not None:
            waits = any(e.undoes is not None for e in took.made.saga.agenda) or _open(took.made.saga, state)
            assert waits, "a compensation that waits for nothing is over"


@STEADY
@given(lives(at_most=30))
def test_done_comes_exactly_when_all_are_done_and_failed_at_each_that_failed(life: Life) -> None:
    done: set[str] = set()
    asked: set[str] = _asked(life, life.first.saga.state, life.first.added)
    for took in life.taken:
        rows, entry = took.made.rows, took.entry
        answered = entry is not None and entry.id in asked and entry.status != "done"
        if entry is not None and answered and took.reply in ("done", "skip"):
            done.add(entry.id)
        stays = answered and not rows[0].entered and rows[0].result == "applied"
        raised = [row.event for row in rows[1:] if row.event in ("$done", "$failed")][:1]
        wanted = []
        if stays and took.reply == "failed":
            wanted = ["$failed"]
        elif stays and took.reply in ("done", "skip") and asked <= done:
            wanted = ["$done"]
        event(str(wanted))
        assert raised == wanted
        if any(row.entered for row in rows):
            done, asked = set(), _asked(life, took.made.saga.state, took.made.added)
        else:
            asked = _renamed(asked, took)


def _asked(life: Life, state: str, added: tuple[Entry, ...]) -> set[str]:
    """The commands of the state just entered, if it waits for them together."""
    commands = {e.id for e in added if e.kind == "command" and e.state == state and e.undoes is None}
    return commands if "$done" in life.machine.definition.states[state].on else set()


def _renamed(asked: set[str], took: Took) -> set[str]:
    """A command that a person sent again with other content is asked for under another id."""
    gone = {e.name for e in took.before.agenda if e.id in asked and e.id in took.made.removed}
    new = {e.id for e in took.made.added if e.kind == "command" and e.state and e.name in gone}
    return (asked - set(took.made.removed) if new else asked) | new
