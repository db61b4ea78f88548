"""Jobs run beside the window, report, stop when asked, and never take the program down."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from lsgui.jobs import Failure, JobRunner
from model.errors import ImageError
from model.messages import Message
from model.progress import Progress, Report

TITLE = Message("Counting")


@pytest.fixture
def jobs(qapp: object) -> Iterator[JobRunner]:
    jobs = JobRunner()
    yield jobs
    assert jobs.shutdown(20)


def endless(report: Report) -> None:
    while True:
        report(Progress(0.5, Message("still at it")))
        time.sleep(0.005)


def test_a_result_arrives_in_the_window_s_thread(jobs: JobRunner, qtbot: QtBot) -> None:
    seen = []
    jobs.submit(
        "predict",
        TITLE,
        lambda report: threading.get_ident(),
        lambda result: seen.append((result, threading.get_ident())),
    )
    qtbot.waitUntil(lambda: bool(seen))
    assert seen[0][0] != threading.get_ident() == seen[0][1]


def test_a_result_is_not_kept_in_memory_until_the_next_job(jobs: JobRunner, qtbot: QtBot) -> None:
    """It may be a prediction, or an image with its halves: hundreds of megabytes."""

    class Result:
        pass

    kept: list[weakref.ref] = []

    def make(report: Report) -> Result:
        made = Result()
        kept.append(weakref.ref(made))
        return made

    seen = []
    jobs.submit("predict", TITLE, make, lambda result: seen.append(1))
    qtbot.waitUntil(lambda: bool(seen))
    qtbot.waitUntil(lambda: kept[0]() is None)


def test_a_lane_does_one_thing_at_a_time_in_order(jobs: JobRunner, qtbot: QtBot) -> None:
    seen = []
    for number in range(20):
        jobs.submit("files", TITLE, lambda report, n=number: n, seen.append)
    qtbot.waitUntil(lambda: len(seen) == 20)
    assert seen == list(range(20))


def test_lanes_do_not_wait_for_each_other(jobs: JobRunner, qtbot: QtBot) -> None:
    gate, seen = threading.Event(), []
    jobs.submit("predict", TITLE, lambda report: gate.wait(20), seen.append)
    jobs.submit("files", TITLE, lambda report: "files", seen.append)
    qtbot.waitUntil(lambda: seen == ["files"])
    gate.set()
    qtbot.waitUntil(lambda: seen == ["files", True])


def test_a_cancelled_job_stops_and_says_nothing(jobs: JobRunner, qtbot: QtBot) -> None:
    seen = []
    job = jobs.submit("predict", TITLE, endless, seen.append, seen.append, lambda: seen.append("cancelled"))
    qtbot.waitUntil(lambda: bool(jobs.jobs) and jobs.jobs[0].progress.fraction == 0.5)
    jobs.cancel(job.id)
    qtbot.waitUntil(lambda: seen == ["cancelled"])
    assert jobs.jobs == []


def test_a_job_cancelled_in_the_queue_never_starts(jobs: JobRunner, qtbot: QtBot) -> None:
    gate, seen = threading.Event(), []
    jobs.submit("files", TITLE, lambda report: gate.wait(20))
    job = jobs.submit("files", TITLE, lambda report: seen.append("ran"), cancelled=lambda: seen.append("cancelled"))
    jobs.cancel(job.id)
    gate.set()
    qtbot.waitUntil(lambda: seen == ["cancelled"])


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ImageError("{name} is empty.", name="a.png"), "a.png is empty."),
        (OSError(28, "No space left on device", "/x/a.png"), "/x/a.png could not be read or written: No space left on device."),
        (MemoryError(), "There is not enough memory for this; close other programs and try again."),
        (ZeroDivisionError("division by zero"), "Something went wrong that the program did not expect: "
         "ZeroDivisionError: division by zero"),
    ],
)  # fmt: skip
def test_any_exception_becomes_one_sentence(jobs: JobRunner, qtbot: QtBot, error: Exception, sentence: str) -> None:
    def work(report: Report) -> None:
        raise error

    with qtbot.waitSignal(jobs.failed) as failed:
        jobs.submit("predict", TITLE, work)
    failure: Failure = failed.args[0]
    assert str(failure.message) == sentence and "Traceback" in failure.details
    seen = []
    jobs.submit("predict", TITLE, lambda report: "the lane goes on", seen.append)
    qtbot.waitUntil(lambda: bool(seen))


def test_only_jobs_worth_showing_are_listed(jobs: JobRunner, qtbot: QtBot) -> None:
    jobs.submit("files", TITLE, endless, quiet=True)
    job = jobs.submit("predict", TITLE, endless)
    assert [view.id for view in jobs.jobs] == [job.id] and jobs.busy("files")
    jobs.cancel_all()
    qtbot.waitUntil(lambda: not jobs.busy("files") and not jobs.busy("predict"))


def test_closing_cancels_what_can_be_and_finishes_what_cannot(qapp: object, qtbot: QtBot) -> None:
    jobs, written, settled, before = JobRunner(), [], [], set(threading.enumerate())
    jobs.submit("predict", TITLE, endless, cancelled=lambda: settled.append("predict"))
    jobs.submit("files", TITLE, lambda report: time.sleep(0.1))
    jobs.submit("files", TITLE, lambda report: written.append("saved"), settled.append, cancellable=False)
    lanes = set(threading.enumerate()) - before
    start = time.monotonic()
    assert jobs.shutdown(60)
    assert time.monotonic() - start < 20
    assert written == ["saved"] and len(lanes) == 2 and not any(lane.is_alive() for lane in lanes)
    qtbot.wait(50)
    assert settled == []  # nothing arrives in a window that is gone


def test_a_closed_runner_takes_no_more_work(qapp: object) -> None:
    jobs = JobRunner()
    assert jobs.shutdown(1)
    assert jobs.submit("files", TITLE, lambda report: None).finished.is_set()
