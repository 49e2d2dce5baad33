"""What is kept of a run, and what a network file tells of it."""

from training.keeper import Progress, told
from training.train_settings import HOW_ONLY, TrainSettings


def test_a_network_does_not_tell_the_folders_of_the_machine_that_made_it():
    settings = TrainSettings(
        data=("/home/anna/market", "own=/srv/own"),
        people=("/home/anna/splits.json:fit",),
        hold_out="/home/anna/splits.json:choose",
        weights="/home/anna/first/best.npz",
        teacher="/home/anna/one.onnx,two",
    )
    found = told(settings)
    assert "anna" not in str(found)
    assert (found["data"], found["people"], found["hold_out"]) == (
        ["market", "own"],
        ["splits.json:fit"],
        "splits.json:choose",
    )
    assert (found["weights"], found["teacher"], found["lr"]) == ("best.npz", "one.onnx,two", 3.5e-4)
    assert not HOW_ONLY & found.keys()
    assert told(TrainSettings(data=("x",)))["weights"] is None


def test_progress_counts():
    assert Progress().stepped(0.5).stepped(0.25) == Progress(step=2, seconds=0.75)
