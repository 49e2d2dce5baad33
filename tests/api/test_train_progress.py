"""How a training run is shown."""

import pytest
from rich.console import Console
from rich.live import Live

from api import train_progress
from api.train_progress import Pace, ProgressLines, ProgressTable, beginning, duration, training_progress
from training.validation import Validation
from training.watch import Begun, Stepped, Validated

RUN = Begun(
    steps=40, per_epoch=10, done=4, epochs=4, images=120, people=30, cameras=6, held_out=3, parameters=1_950_000,
    dimension=256, processes=1, best=None,
)  # fmt: skip


def found(value):
    return Validation(mAP=value, rank1=value / 2, rank5=value, mINP=value, queries=6, images=12)


def stepped(step, speed=50.0, loss=2.0):
    return Stepped(step, (step - 1) // 10 + 1, 3.5e-4, loss, {"softmax": loss - 0.5, "triplet": 0.5}, speed)


def fed(watch):
    watch.begun(RUN)
    for step in range(5, 11):
        watch.stepped(stepped(step))
    watch.validated(Validated(10, 1, found(0.5), found(0.5)))
    return watch


def test_losses_are_means_and_speed_is_images_over_time():
    pace = Pace()
    pace.begun(RUN)
    pace.stepped(stepped(5, speed=100.0, loss=1.0))
    pace.stepped(stepped(6, speed=50.0, loss=3.0))
    assert pace.losses() == {"loss": 2.0, "softmax": 1.5, "triplet": 0.5}
    assert pace.speed == pytest.approx(200 / 3)  # 50 images in 0.5 s and 50 in 1 s


def test_the_time_left_is_that_of_the_steps_left(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(train_progress.time, "monotonic", lambda: clock[0])
    pace = Pace()
    pace.begun(RUN)
    assert pace.seconds_left() == 0.0
    clock[0] = 112.0
    pace.stepped(stepped(10))  # six steps of two seconds; thirty are left
    assert pace.seconds_left() == pytest.approx(60.0)


def test_lines_are_plain(capfd):
    fed(ProgressLines())
    begun, epoch, validated = capfd.readouterr().err.splitlines()
    assert begun == (
        "120 images of 30 people in 6 cameras, 3 people held out; a network of 1.95 M parameters for 256-d embeddings; "
        "going on after step 4 of 40"
    )
    assert epoch.startswith("epoch 1/4, step 10/40: loss 2, softmax 1.5, triplet 0.5, lr 0.00035, 50 images/s, ")
    assert validated == "step 10: held-out people mAP 0.5000, rank-1 0.2500 (best mAP 0.5000)"


def test_reading_many_images_is_told_now_and_then(capfd, monkeypatch):
    lines = ProgressLines()
    lines.reads(1, 9000)
    assert capfd.readouterr().err == ""
    monkeypatch.setattr(train_progress, "LINE_SECONDS", 0.0)
    lines.reads(2, 9000)
    assert capfd.readouterr().err == "reading images: 2 of 9000\n"


def test_long_epochs_have_lines_within(capfd, monkeypatch):
    monkeypatch.setattr(train_progress, "LINE_SECONDS", 0.0)
    fed(ProgressLines())
    assert len(capfd.readouterr().err.splitlines()) == 8


def test_the_table_has_all_that_one_waits_for():
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    with Live(console=console, auto_refresh=False) as live:
        table = fed(ProgressTable(live))
        console.print(table.table())
    console.file.close()
    text = console.export_text()
    for part in (
        "1/4",
        "10/40",
        "softmax",
        "1.5000",
        "triplet",
        "0.00035",
        "images/s",
        "left",
        "best mAP",
        "rank-1 0.2500",
    ):
        assert part in text
    assert "held out, step 10" in text


def test_the_table_says_how_far_the_reading_is():
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    with Live(console=console, auto_refresh=False) as live:
        table = ProgressTable(live)
        table.reads(train_progress.READ_AT_ONCE, 9000)
        table.reads(train_progress.READ_AT_ONCE + 1, 9000)  # too soon
        live.refresh()
    console.file.close()
    assert f"reading images: {train_progress.READ_AT_ONCE} of 9000" in console.export_text()


def test_several_processes_and_nobody_held_out_are_said():
    from dataclasses import replace

    line = beginning(replace(RUN, processes=4, held_out=0, done=0))
    assert "nobody held out" in line
    assert line.endswith("40 steps on 4 processes")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0s"), (59.4, "59s"), (59.6, "1m00s"), (3725, "1h02m"), (200_000, "2d07h")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_without_a_terminal_there_are_lines(monkeypatch):
    monkeypatch.setattr(train_progress.sys.stderr, "isatty", lambda: False, raising=False)
    with training_progress() as watch:
        assert isinstance(watch, ProgressLines)
