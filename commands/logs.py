"""The daemon's log: one JSON object a line on stderr. Names and ids, never a payload or a secret."""

from __future__ import annotations

import logging
import sys
import traceback

import structlog
from structlog.typing import EventDict, WrappedLogger

from hub.cards import masked


def log_to_stderr(level: str) -> None:
    """Send structlog, and what libraries log at warning or above, to stderr as JSON lines."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            mask_cards,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Forward()], force=True)
    # It warns of every tick that is left out because the one before still runs, which is as it should be.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    # It says some 400 times a second that a broker is away; the kafka channel says it once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def mask_cards(logger: WrappedLogger, method: str, told: EventDict) -> EventDict:
    """No card number gets into the log, whatever a library or a provider puts into its words."""
    clean: EventDict = masked(told)
    return clean


class _Forward(logging.Handler):
    """Hands a library's record to structlog: an error as its type and places, for its text may hold data."""

    def emit(self, record: logging.LogRecord) -> None:
        told: dict[str, object] = {"logger": record.name}
        if record.exc_info and record.exc_info[0]:
            frames = traceback.extract_tb(record.exc_info[2])
            told["error"] = record.exc_info[0].__name__
            told["places"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        structlog.get_logger("sagaloom.library").log(record.levelno, str(record.msg), **told)
