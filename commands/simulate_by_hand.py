"""A walk through a machine in the terminal: what is shown, what a person may type, what comes of it.

Lines come from stdin, so that a walk can be piped in. Undo plays the walk again without its last act.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from commands.terminal import note, safe, say
from engine.errors import EngineError, ExpressionFailed, PayloadInvalid
from engine.machine.names import iso
from engine.machine.plan import Machine
from engine.model import Json
from engine.rehearsal.acts import Act, perform, told
from engine.rehearsal.offers import Offer, duration_text, offers
from engine.rehearsal.reading import ENDINGS
from engine.rehearsal.samples import STEADY, first_metadata
from engine.rehearsal.stage import Rehearsal
from engine.rehearsal.typed import NotUnderstood, understood
from engine.rehearsal.writing import file_text

HELP = """\
  NUMBER [JSON]              what the number says, with a payload if you like
  send EVENT [JSON]          an event from outside
  reply COMMAND REPLY [JSON] what a receiver says
  wait 1h                    time passes
  stuck | retry | skip COMMAND, move STATE
  metadata, history, undo, save FILE, help, quit"""


def converse(machine: Machine, file: Path, metadata: Json | None) -> None:
    """Let a person walk until they quit or the input ends.

    Raises:
        click.ClickException: No saga can start with these metadata.
    """
    begin = first_metadata(machine, STEADY) if metadata is None else metadata
    try:
        walk = _Walk(machine, file, begin)
    except (PayloadInvalid, ExpressionFailed) as error:
        fix = "Give it --metadata." if metadata is None else "Mend --metadata."
        raise click.ClickException(f"{safe(error)}. {fix}") from None
    note("`help` says what you can type; `quit` ends.")
    walk.show()
    for line in sys.stdin:
        if line.strip() in ("quit", "exit", "q"):
            return
        walk.type(line.strip())


class _Walk:
    def __init__(self, machine: Machine, file: Path, metadata: Json) -> None:
        self._machine = machine
        self._file = file
        self._metadata = metadata
        self._acts: list[Act] = []
        self._shown: Json = {}
        self._stage = Rehearsal(machine, metadata=metadata)
        self._offers: Sequence[Offer] = offers(self._stage)

    def type(self, line: str) -> None:
        """Do what one line asks for; what cannot be done is said and changes nothing."""
        word, _, rest = line.partition(" ")
        special: dict[str, Callable[[str], None]] = {
            "": lambda _: None,
            "help": lambda _: say(HELP),
            "undo": lambda _: self._undo(),
            "save": self._save,
            "history": lambda _: self._history(),
            "metadata": lambda _: say(safe(json.dumps(self._stage.saga.metadata, indent=None))),
        }
        try:
            if word in special:
                special[word](rest.strip())
            else:
                self._do(understood(line, [offer.act for offer in self._offers]))
        except (EngineError, NotUnderstood) as error:
            say(f"! {safe(error)}")

    def show(self) -> None:
        """Where the saga stands, and what may happen next."""
        stage, saga = self._stage, self._stage.saga
        say()
        say(f"{safe(saga.state)}  (business state {safe(saga.business_state)})  {iso(stage.now)}")
        if saga.metadata != self._shown:
            self._line("metadata", json.dumps(saga.metadata))
        self._shown = saga.metadata
        self._line("asked", ", ".join(stage.commands()))
        self._line("parked", ", ".join(stage.parked()))
        timers = (f"{stage.timer_name(t)} in {duration_text(t.due - stage.now)}" for t in stage.timers())
        self._line("timers", ", ".join(timers))
        if saga.is_final:
            say("  This is the end: undo, save FILE, or quit.")
        for number, offer in enumerate(self._offers, 1):
            event = f"  ({safe(offer.event)})" if offer.event and offer.event not in told(offer.act) else ""
            say(f"  {number:>2}  {safe(told(offer.act))}{event}")

    def _line(self, name: str, text: str) -> None:
        if text and text != "{}":
            say(f"  {name:<9} {safe(text)}")

    def _do(self, act: Act) -> None:
        effects = len(self._stage.effects)
        try:
            perform(self._stage, act)
        except EngineError:
            self._play(self._acts)
            raise
        self._acts.append(act)
        self._offers = offers(self._stage)
        row = self._stage.rows[-1]
        if row.result == "ignored":
            say(f"! {safe(row.note)}")
        for effect in self._stage.effects[effects:]:
            say(f"  told: {safe(effect)}")
        self.show()

    def _undo(self) -> None:
        if not self._acts:
            raise NotUnderstood("there is nothing to undo")
        self._acts.pop()
        self._play(self._acts)
        self.show()

    def _play(self, acts: Sequence[Act]) -> None:
        self._stage = Rehearsal(self._machine, metadata=self._metadata)
        for act in acts:
            perform(self._stage, act)
        self._offers = offers(self._stage)

    def _history(self) -> None:
        for row in self._stage.rows:
            say(f"  {row.seq:>3}  {iso(row.at)}  {safe(row.event)}  -> {safe(row.state)}")

    def _save(self, name: str) -> None:
        target = Path(name)
        if not name:
            raise NotUnderstood("save where? e.g. save order.scenarios.yaml")
        if target.exists():
            raise NotUnderstood(f"{name} is there already")
        expected: dict[str, Any] = {"state": self._stage.saga.state, "final": self._stage.saga.is_final}
        acts = [*self._acts, Act(kind="expect", value=expected)]
        text = file_text("saved from a simulation", self._metadata, acts, machine=self._machine_for(target))
        try:
            target.write_text(text, "utf-8")
        except OSError as error:
            raise NotUnderstood(f"{name} cannot be written: {error.strerror}") from None
        say(f"Saved {safe(name)}.")

    def _machine_for(self, target: Path) -> str | None:
        """What the file must say of its machine: nothing if it lies beside it and is called like it."""
        folder = target.resolve().parent
        beside = {self._file.stem + ending for ending in ENDINGS}
        if self._file.resolve().parent == folder and target.name in beside:
            return None
        return os.path.relpath(self._file.resolve(), folder)
