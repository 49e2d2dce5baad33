"""What all commands have in common: help, exit codes, one line for an error, one JSON object for a result."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

from api.cli_docs import contexts
from tests.api.conftest import BUILT_IN

REPOSITORY = Path(__file__).resolve().parents[2]
RUN = [sys.executable, "-c", "from api.main import main; main()"]


@pytest.mark.parametrize("path", [context.command_path for context in contexts()])
def test_help_is_an_answer(passerby, path):
    run = passerby(*path.split()[1:], "--help")
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith(f"Usage: {path}")


@pytest.mark.parametrize("path", [[], ["models"], ["evaluate"]])
def test_without_a_command_the_help_is_shown(passerby, path):
    run = passerby(*path)
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith("Usage: passerby")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["blah"], "No such command 'blah'; `passerby --help` explains"),
        (["query", "--nonsense"], "No such option: --nonsense"),
        (["query", "--top", "many"], "Invalid value for '--top'"),
        (["query", "a.jpg", "--top", "0"], "--top 0 is too small"),
        (["query", "a.jpg", "--threads", "0"], "--threads 0 is too small"),
        (["query", "a.jpg", "b.jpg"], "unexpected extra argument"),
        (["query", "a.jpg", "--device", "tpu"], "Invalid value for '--device'"),
        (["query", "a.jpg", "--since", "2024-05-02", "--until", "2024-05-01"], "nothing lies between them"),
        (["query", "a.jpg", "--since", "0001-01-01T00:00:00+05:00"], "is not a time"),
        (["ingest"], "Missing argument"),
        (["ingest", "a=b", "--fps", "-1"], "--fps -1 is out of range"),
        (["ingest", "a=b", "--fps", "nan"], "--fps nan is out of range"),
        (["ingest", "a=b", "--confidence", "7"], "--confidence 7 is out of range; give 0 to 1"),
        (["ingest", "a=b@1066-10-14"], "out of range; give a year from 1900"),
        (["ingest", "a=ftp://camera/1", *BUILT_IN], "ftp://… is no address that can be watched"),
        (["ingest", "a=b\udcff.mp4"], "is no text in UTF-8"),
        (["track"], "give either a video or --detections FILE"),
        (["track", "a.mp4", "--confidence", "7"], "--confidence 7 is out of range"),
        (["tracklets", "--boxes"], "add --json"),
        (["erase"], "say what to erase"),
        (["evaluate", "scene", ".", "--oracle", "people"], "Invalid value for '--oracle'"),
    ],
)
def test_a_wrong_argument_is_one_line(passerby, arguments, message):
    run = passerby(*arguments)
    assert (run.code, run.out) == (2, "")
    assert message in run.error


def test_errors_have_a_traceback_where_that_is_asked_for(passerby, monkeypatch):
    monkeypatch.setenv("PASSERBY_DEBUG", "1")
    run = passerby("cameras")
    assert "Traceback" in run.err
    assert "no gallery" in run.error


def test_names_with_spaces_and_other_alphabets(passerby, clip, tmp_path):
    place = tmp_path / "ein Ordner mit Ümlauten" / "門口 door@1.mp4"
    place.parent.mkdir()
    clip.rename(place)
    run = passerby("ingest", f"Tür 門={place}", *BUILT_IN, "--data", place.parent / "a gallery", "--json")
    assert run.code == 0, run.err
    assert run.json["cameras"][0]["camera"] == "Tür 門"
    (camera,) = passerby("cameras", "--data", place.parent / "a gallery", "--json").json["cameras"]
    assert (camera["camera"], camera["source"]) == ("Tür 門", str(place))


def test_sources_are_kept_by_their_full_path(passerby, clip, monkeypatch):
    monkeypatch.chdir(clip.parent)
    assert passerby("ingest", f"door={clip.name}", *BUILT_IN).code == 0
    monkeypatch.chdir("/")
    (camera,) = passerby("cameras", "--json").json["cameras"]
    assert camera["source"] == str(clip)


def test_a_contact_sheet_and_a_table_in_any_name(passerby, ingested, scene, tmp_path):
    photo = tmp_path / "a $b$ 門.jpg"
    photo.write_bytes(next((scene / "queries").glob("*.jpg")).read_bytes())
    run = passerby("query", photo, "--data", ingested, "--save", tmp_path / "über $sheet", "--csv", tmp_path / "門.csv")
    assert run.code == 0, run.err
    assert cv2.imread(str(tmp_path / "über $sheet" / "contact-sheet.png")) is not None
    assert (tmp_path / "門.csv").read_text().startswith("rank,camera,start")


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_tables_fit_the_terminal_and_ids_stay_whole(passerby, ingested, scene, monkeypatch, columns):
    photo = next((scene / "queries").glob("*.jpg"))
    listed = passerby("tracklets", "--data", ingested, "--json").json["tracklets"]
    monkeypatch.setenv("COLUMNS", str(columns))
    for arguments in (["query", photo], ["cameras"], ["tracklets"]):
        out = passerby(*arguments, "--data", ingested).out
        assert max(len(line) for line in out.splitlines()) <= columns
        if arguments[0] == "tracklets":
            assert all(tracklet["id"] in out for tracklet in listed)
        assert "probability" not in out, "there is none yet"


def test_what_goes_into_a_file_is_whole(passerby, ingested, scene, monkeypatch):
    monkeypatch.delenv("COLUMNS")
    photo = next((scene / "queries").glob("*.jpg"))
    answer = passerby("query", photo, "--data", ingested, "--json").json
    out = passerby("query", photo, "--data", ingested).out
    for sighting in answer["sightings"]:
        assert all(id_ in out for id_ in sighting["tracklets"])
        assert f"{sighting['start_seconds']:.1f} - {sighting['end_seconds']:.1f}" in out


COMMANDS = [
    ["cameras"], ["tracklets"], ["tracklets", "--boxes"], ["doctor"], ["models", "list"],
    ["erase", "--camera", "cam1", "--dry-run"],
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_json_is_one_object_and_all_that_is_on_standard_output(passerby, ingested, command):
    data = [] if command[0] == "models" else ["--data", ingested]
    run = passerby(*command, *data, "--json")
    assert run.code == 0, run.err
    assert run.out.count("\n") == 1
    assert isinstance(json.loads(run.out), dict)


def environment(data: Path) -> dict[str, str]:
    return {**os.environ, "PASSERBY_DATA": str(data), "PYTHONPATH": str(REPOSITORY)}


def test_a_reader_that_has_enough_is_no_failure_to_speak_of(ingested):
    command = f"{sys.executable} -c 'from api.main import main; main()' tracklets --boxes --json | head -c 10"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, env=environment(ingested), check=False)  # noqa: S602
    assert done.stderr == ""
    assert len(done.stdout) == 10


@pytest.mark.parametrize(
    ("closed", "out", "err"),
    [(">&-", False, "passerby: standard output is closed"), ("2>&-", True, ""), (">&- 2>&-", False, "")],
)
def test_closed_outputs(ingested, closed, out, err):
    command = f"{sys.executable} -c 'from api.main import main; main()' cameras {closed}"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, env=environment(ingested), check=False)  # noqa: S602
    assert done.returncode == (0 if out else 1)
    assert ("cam1" in done.stdout) == out
    assert done.stderr.startswith(err)
    assert len(done.stderr.splitlines()) <= 1


def test_a_full_output_is_one_line(ingested):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*RUN, "cameras", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(ingested),
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["passerby: No space left on device: an input or output failed"]


def attend_to_ctrl_c() -> None:
    """Programs that a shell started in the background ignore it, and so do their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("cameras", [["roof"], ["roof", "hall"]], ids=["here", "in processes"])
def test_ctrl_c_is_one_line_and_loses_nothing(scene, tmp_path, cameras):
    sources = [f"{name}={scene / f'cam{k}.mp4'}" for k, name in enumerate(cameras, start=1)]
    process = subprocess.Popen(
        [*RUN, "ingest", *sources, *BUILT_IN, "--threads", "2"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(tmp_path / "gallery"),
        start_new_session=True,
        preexec_fn=attend_to_ctrl_c,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list((tmp_path / "gallery" / "locks").glob("camera-*.lock")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes of the command
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert "Traceback" not in err
    assert err.splitlines()[-1] == (
        "passerby: interrupted; what was committed is kept, and the same command goes on from there"
    )
    done = subprocess.run(
        [*RUN, "cameras", "--json"], capture_output=True, text=True, env=environment(tmp_path / "gallery"), check=True
    )
    assert {row["state"] for row in json.loads(done.stdout)["cameras"]} <= {"interrupted"}
