"""Whatever is logged, by us or by a library, leaves the process masked."""

import io
import json
import logging
import subprocess
import sys
import textwrap
import threading
import warnings
from datetime import datetime
from pathlib import Path

import pytest
import structlog

from provodka.logs import configure
from provodka.redact import Redactor

ROOT = Path(__file__).resolve().parents[2]
SECRET = "amo-t0ken-value"
HIDDEN = (SECRET, "0001122", "916 000", "anna@", "krovlya", "hidden-by-name")
PERSONAL = f"{SECRET} +7 (916) 000-11-22 89160001122 anna@krovlya.ru"


@pytest.fixture(params=["json", "console"])
def output(request):
    """The stream of configured logs; the process is left as it was."""
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook, sys.unraisablehook)
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure(Redactor(b"key", [SECRET]), json=request.param == "json", level="info", stream=stream)
    yield stream
    logging.captureWarnings(False)
    root.handlers[:], sys.excepthook, threading.excepthook, sys.unraisablehook = handlers, *hooks
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def assert_masked(stream, *expected):
    text = stream.getvalue()
    for hidden in HIDDEN:
        assert hidden not in text
    for part in expected:
        assert part in text


def test_no_field_name_or_depth_lets_anything_pass(output):
    structlog.contextvars.bind_contextvars(lane=PERSONAL)
    log = structlog.get_logger("worker").bind(bound=PERSONAL)
    log.info(
        f"attempted {PERSONAL}",
        plain=PERSONAL,
        nested={"list": [PERSONAL, {"deep": (PERSONAL,)}], PERSONAL: 1},
        number=79160001122,
        raw=PERSONAL.encode(),
        headers={"Authorization": "Bearer hidden-by-name", "x-api-key": "hidden-by-name"},
        password="hidden-by-name",
        error=ValueError(PERSONAL),
        thing=type("Thing", (), {"__repr__": lambda self: PERSONAL})(),
    )
    assert_masked(output, "•••", "***", "worker")


def test_positional_arguments_are_masked(output):
    structlog.get_logger().warning("called %s", PERSONAL)
    assert_masked(output, "called ***")


def test_an_exception_is_told_with_its_traceback_masked(output):
    log = structlog.get_logger()
    try:
        try:
            raise ValueError(PERSONAL)
        except ValueError as cause:
            cause.add_note(PERSONAL)
            raise RuntimeError(f"after {PERSONAL}") from cause
    except RuntimeError:
        log.exception("delivery.failed")
    assert_masked(output, "Traceback", "RuntimeError: after ***", "ValueError", "delivery.failed")


@pytest.mark.parametrize(
    "library", ["requests", "urllib3.connectionpool", "apscheduler.scheduler", "telegram.ext", "httpx"]
)
def test_what_a_library_logs_is_masked_too(output, library):
    try:
        raise OSError(PERSONAL)
    except OSError:
        logging.getLogger(library).warning(
            "GET %s with %r", f"https://u:hidden-by-name@h/?x={SECRET}", [PERSONAL], exc_info=True
        )
    logging.getLogger(library).error({"body": PERSONAL}, stack_info=True)
    assert_masked(output, library, "GET https://u:***@h/?x=***", "OSError")


def test_a_warning_of_python_is_a_masked_log(output):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(PERSONAL, stacklevel=1)
    assert_masked(output, "py.warnings", "UserWarning: ***")


def test_a_record_that_cannot_be_written_is_told_without_its_content(output):
    root = logging.getLogger()
    root.handlers[:] = [ours for ours in root.handlers if getattr(ours, "stream", None) is output]
    logging.getLogger("requests").warning("%d", PERSONAL)
    assert_masked(output, "a log record of requests could not be written: TypeError")

    class Bad:
        def __repr__(self):
            raise LookupError(PERSONAL)

    structlog.get_logger("worker").info("bad", value=Bad())
    assert_masked(output, "a log record of worker could not be written: LookupError")


def test_a_crash_of_a_thread_is_a_masked_log(output):
    def crash():
        raise RuntimeError(PERSONAL)

    thread = threading.Thread(target=crash, name="lane-1")
    thread.start()
    thread.join()
    assert_masked(output, "thread.crashed: lane-1", "RuntimeError: ***")


def test_the_chatter_of_libraries_about_each_request_is_left_out(output):
    logging.getLogger("httpx").info("HTTP Request: POST https://api.telegram.org/")
    logging.getLogger("urllib3.connectionpool").debug("Starting new HTTPS connection")
    assert output.getvalue() == ""


def test_the_level_holds_for_our_logs_and_for_libraries(output):
    structlog.get_logger().debug("quiet")
    logging.getLogger("any").debug("quiet")
    structlog.get_logger().info("heard")
    logging.getLogger("any").info("heard")
    assert "quiet" not in output.getvalue()
    assert output.getvalue().count("heard") == 2


@pytest.mark.parametrize("output", ["json"], indirect=True)
def test_a_json_line_has_its_time_in_utc_its_level_and_its_words(output):
    structlog.get_logger("worker").info("action.attempted", lane="лид", seconds=0.25, at=datetime(2025, 1, 2))
    logging.getLogger("requests").warning("две\nстроки")
    ours, theirs = map(json.loads, output.getvalue().splitlines())
    assert list(ours)[:3] == ["timestamp", "level", "event"]
    assert datetime.fromisoformat(ours["timestamp"]).utcoffset().total_seconds() == 0
    assert (ours["event"], ours["level"], ours["logger"]) == ("action.attempted", "info", "worker")
    assert (ours["lane"], ours["seconds"], ours["at"]) == ("лид", 0.25, "2025-01-02T00:00:00")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("две\nстроки", "warning", "requests")


def test_configuring_again_with_more_secrets_reaches_loggers_made_before(output):
    log = structlog.get_logger("worker")
    log.info("once")
    again = io.StringIO()
    configure(Redactor(b"key", [SECRET, "learnt-later"]), json=True, stream=again)
    log.info("learnt-later")
    logging.getLogger("any").warning("learnt-later")
    assert output.getvalue().count("\n") == 1
    assert "learnt-later" not in again.getvalue()
    assert again.getvalue().count("***") == 2


def test_an_unknown_level_is_refused(output):
    with pytest.raises(ValueError, match="LOUD"):
        configure(Redactor(b"key"), json=True, level="loud", stream=output)


def test_a_closed_stream_stops_nobody(output):
    gone = io.StringIO()
    configure(Redactor(b"key"), json=True, stream=gone)
    gone.close()
    structlog.get_logger().info("into nothing")
    assert gone.closed


def test_a_crash_of_the_process_and_an_ignored_error_leave_masked_on_stderr_only():
    program = f"""
        from provodka.logs import configure
        from provodka.redact import Redactor
        configure(Redactor(b"key", [{SECRET!r}]), json=True)
        class Closing:
            def __del__(self):
                raise OSError({PERSONAL!r})
        Closing()
        raise RuntimeError({PERSONAL!r})
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    assert run.stdout == ""
    for hidden in HIDDEN:
        assert hidden not in run.stderr
    assert [json.loads(line)["event"] for line in run.stderr.splitlines()] == ["error.ignored", "process.crashed"]
