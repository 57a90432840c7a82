"""Logs: structlog and the standard library through one door, where everything is masked.

Use `structlog.get_logger()` and name what happened with fixed words (`action.attempted`, `event.planned`). What
libraries log, Python's warnings and crashes of threads go the same way. Logs go to stderr: stdout belongs to commands.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from types import TracebackType
from typing import Final, TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from provodka.redact import Redactor

# They tell of every request at the level INFO; our own line about each attempt says more.
_CHATTY: Final = ("apscheduler", "httpcore", "httpx", "telegram", "urllib3", "werkzeug")

_FIRST: Final = ("timestamp", "level", "event")
_STAMP: Final = structlog.processors.TimeStamper(fmt="iso", utc=True)


def configure(redactor: Redactor, *, json: bool, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every log of this process to `stream` (stderr), as JSON lines or for a person to read.

    Call it again once the config has been read, with the redactor that knows its secrets: loggers made before follow.
    `level` is a name of the standard library; ValueError for an unknown one.
    """
    handler = _MaskedHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(redactor, json=json))
    root = logging.getLogger()
    root.setLevel(level.upper())
    for old in [each for each in root.handlers if type(each) in (_MaskedHandler, logging.StreamHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    logging.captureWarnings(True)
    sys.excepthook = _log_crash
    threading.excepthook = _log_thread_crash
    sys.unraisablehook = _log_unraisable
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.StackInfoRenderer(),
            _STAMP,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(root.level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


class _MaskedHandler(logging.StreamHandler[TextIO]):
    """The only way out. What cannot be written is told without its content: the base would print it unmasked."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the base's name)
        cause = sys.exc_info()[0]
        line = f"a log record of {record.name} could not be written: {cause.__name__ if cause else 'unknown'}\n"
        with contextlib.suppress(OSError, ValueError):  # a broken pipe, a full disk, a closed stream
            self.stream.write(line)


class _Masking:
    """The one processor that masks: names, values in every depth, exceptions."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:  # noqa: ARG002
        first = {name: event[name] for name in _FIRST if name in event}
        masked = self._redactor.value({**first, **event})
        return masked if isinstance(masked, dict) else {}


def _formatter(redactor: Redactor, *, json: bool) -> logging.Formatter:
    written: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, _STAMP],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _Masking(redactor),
            written,
        ],
    )


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("provodka").critical("process.crashed", exc_info=(kind, error, trace))


def _log_thread_crash(crash: threading.ExceptHookArgs) -> None:
    if crash.exc_value is None or issubclass(crash.exc_type, SystemExit):
        return
    name = crash.thread.name if crash.thread else "unknown"
    logging.getLogger("provodka").critical(
        "thread.crashed: %s", name, exc_info=(crash.exc_type, crash.exc_value, crash.exc_traceback)
    )


def _log_unraisable(crash: sys.UnraisableHookArgs) -> None:
    error = crash.exc_value or crash.exc_type()
    logging.getLogger("provodka").error("error.ignored", exc_info=(crash.exc_type, error, crash.exc_traceback))
