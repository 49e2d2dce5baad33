"""The logs of a run: rows that are there at once, none twice, and events that TensorBoard reads."""

import struct
import sys
from pathlib import Path

import pytest

from gallery.errors import ConfigError
from training.training_log import Table, TrainingLog
from training.validation import Validation
from training.watch import Stepped, Validated

FOUND = Validation(mAP=0.5, rank1=0.25, rank5=0.75, mINP=0.125, queries=4, images=9)


def stepped(step):
    return Stepped(step, 1 + step // 4, 0.01, 1.5 * step, {"softmax": float(step), "triplet": 0.5 * step}, 12.345)


def test_a_row_is_there_when_the_call_returns(tmp_path):
    log = TrainingLog(tmp_path, ["softmax", "triplet"])
    log.stepped(stepped(1))
    assert (tmp_path / "log.csv").read_text() == (
        "step,epoch,lr,loss,softmax,triplet,images_per_second\n1,1,0.01,1.5,1.0,0.5,12.35\n"
    )
    log.validated(Validated(1, 1, FOUND, FOUND))
    assert (tmp_path / "validation.csv").read_text() == "step,epoch,mAP,rank1,rank5,mINP\n1,1,0.5,0.25,0.75,0.125\n"
    log.close()


def test_a_full_disk_is_said_once(tmp_path):
    table = Table(tmp_path / "a.csv", ["step", "value"], 0)
    table._file.close()
    table._file = Path("/dev/full").open("ab", buffering=0)  # noqa: SIM115 (the table closes it)
    with pytest.raises(ConfigError, match=r"a\.csv \(No space left on device\).*--resume"):
        table.add([1, 0.5])
    table.close()  # and nothing is written again


def test_numbers_come_back_bit_for_bit(tmp_path):
    table = Table(tmp_path / "a.csv", ["step", "value"], 0)
    table.add([1, 0.1 + 0.2])
    table.close()
    assert float((tmp_path / "a.csv").read_text().split(",")[-1]) == 0.1 + 0.2


def test_what_a_resumed_run_does_again_is_taken_out(tmp_path):
    log = TrainingLog(tmp_path, ["softmax", "triplet"])
    for step in range(1, 6):
        log.stepped(stepped(step))
    log.validated(Validated(2, 1, FOUND, FOUND))
    log.validated(Validated(4, 1, FOUND, FOUND))
    log.close()
    with (tmp_path / "log.csv").open("a") as file:
        file.write("3,1,0.0")  # cut off
    log = TrainingLog(tmp_path, ["softmax", "triplet"], 3)
    log.stepped(stepped(4))
    log.close()
    assert [line.split(",")[0] for line in (tmp_path / "log.csv").read_text().splitlines()] == [
        "step",
        "1",
        "2",
        "3",
        "4",
    ]
    assert [line.split(",")[0] for line in (tmp_path / "validation.csv").read_text().splitlines()] == ["step", "2"]


def records(path):
    """The payloads of a TFRecord file: length, its check, the payload, its check."""
    data, at = path.read_bytes(), 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        yield data[at + 12 : at + 12 + length]
        at += 16 + length


def test_events_name_losses_and_figures(tmp_path):
    pytest.importorskip("tensorboardX")
    log = TrainingLog(tmp_path, ["softmax", "triplet"])
    log.stepped(stepped(1))
    log.validated(Validated(1, 1, FOUND, FOUND))
    log.close()
    (path,) = (tmp_path / "events").iterdir()
    assert "tfevents" in path.name
    content = b"".join(records(path))
    for name in (b"lr", b"loss", b"loss_parts/softmax", b"loss_parts/triplet", b"images_per_second", b"held_out/mAP"):
        assert name in content
    assert struct.pack("<f", 0.125) in content


def test_without_tensorboardx_the_tables_are_written_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    log = TrainingLog(tmp_path, ["softmax", "triplet"])
    log.stepped(stepped(1))
    log.close()
    assert not log.has_events
    assert not (tmp_path / "events").exists()
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 2
