"""What a saga owes, carried over to another version of its machine: kept, dropped, or a refusal. For `migrating`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from engine.definition.ir import State
from engine.errors import ActionNotPossible
from engine.machine.agenda import Agenda
from engine.machine.plan import Machine
from engine.model import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """Finds each entry its place in `state` of `target`; timers are not its matter.

    Attributes:
        drop: What has no place is dropped, and named in `dropped`, instead of refusing the saga.
    """

    target: Machine
    state: State
    agenda: Agenda
    drop: bool
    dropped: list[str] = field(default_factory=list)

    def keep(self, entry: Entry) -> None:
        """Give the entry its place in the new state, or free it of any, or drop it.

        Raises:
            ActionNotPossible: The new version has no place for it.
        """
        if entry.kind == "poll":
            self._keep_poll(entry)
        elif entry.kind == "effect":
            if entry.name not in self.target.definition.side_effects:
                self._drop(entry, f"{version_of(self.target)} has no side effect {entry.name}")
        elif entry.undoes is not None:
            self._keep_undo(entry)
        else:
            self._keep_command(entry)

    def _keep_command(self, entry: Entry) -> None:
        command = self.target.definition.commands.get(entry.name)
        here = entry.state is not None
        if command is None:
            self._drop(entry, f"{version_of(self.target)} has no command {entry.name}")
        elif here and entry.name in self.state.commands:
            self.agenda.change(replace(entry, state=self.state.name))
        elif entry.status == "done" and not entry.done:
            self.agenda.remove(entry.id)
        elif command.undo is None:
            why = "cannot undo command" if entry.status == "done" or not here else "does not wait for command"
            self._drop(entry, f"{version_of(self.target)} {why} {entry.name} in state {self.state.name}")
        elif here and entry.status == "done":
            self.agenda.change(replace(entry, state=None))
        elif here:
            self._drop(
                entry, f"state {self.state.name} of {version_of(self.target)} does not send {entry.name}"
            )

    def _keep_undo(self, entry: Entry) -> None:
        if entry.name not in self.target.definition.commands:
            self._drop(entry, f"{version_of(self.target)} has no command {entry.name}")
        elif entry.state is not None:
            state = self.state.name if self.state.compensate is not None else None
            self.agenda.change(replace(entry, state=state))

    def _keep_poll(self, entry: Entry) -> None:
        if self.state.poll is not None and self.state.poll.command == entry.name:
            self.agenda.change(replace(entry, state=self.state.name))
        else:
            self.agenda.remove(entry.id)

    def _drop(self, entry: Entry, why: str) -> None:
        if not self.drop:
            raise ActionNotPossible(why)
        if self.agenda.get(entry.id) is not None:
            self.agenda.remove(entry.id)
        self.dropped.append(f"{entry.kind} {entry.name}")


def version_of(machine: Machine) -> str:
    """The version, as refusals name it."""
    return f"version {machine.definition.version}"
