"""What a bulk or a migration came to, as it is answered."""

from __future__ import annotations

import msgspec

from engine.bulk import Report
from web.cursors import cursor_for
from web.shapes import Shape


class ChangedSaga(Shape):
    """A saga that it was done to, or in a dry run would be: its states before and after."""

    saga_id: str
    source: str = msgspec.field(name="from")
    target: str = msgspec.field(name="to")
    note: str | None


class FailedSaga(Shape):
    """A saga that was left as it is, and why."""

    saga_id: str
    code: str
    detail: str


class FailureCount(Shape):
    """How many sagas were left as they are for one reason; ID stands for each one's id."""

    code: str
    detail: str
    sagas: int


class BulkReport(Shape):
    """What became of the sagas that matched, at most `limit` of them.

    With `more` there are others: `nextCursor` goes on behind those that were looked at.
    """

    dry_run: bool
    matched: int
    done: int
    sagas: list[ChangedSaga]
    failed: list[FailedSaga]
    reasons: list[FailureCount]
    more: bool
    next_cursor: str | None

    @classmethod
    def of(cls, report: Report, *, dry_run: bool) -> BulkReport:
        """The engine's report in this shape."""
        return cls(
            dry_run=dry_run,
            matched=report.matched,
            done=len(report.done),
            sagas=[
                ChangedSaga(saga_id=one.saga_id, source=one.source, target=one.state, note=one.note)
                for one in report.done
            ],
            failed=[
                FailedSaga(saga_id=one.saga_id, code=one.code, detail=one.detail) for one in report.failed
            ],
            reasons=[
                FailureCount(code=code, detail=detail, sagas=sagas) for code, detail, sagas in report.reasons
            ],
            more=report.more,
            next_cursor=cursor_for(report.after) if report.after else None,
        )
