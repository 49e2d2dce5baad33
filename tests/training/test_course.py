"""The course of a run: batches, rates and validations by the number of the step."""

from training.course import Course
from training.train_settings import TrainSettings


class Numbers:
    """Gives (epoch, position) for batches."""

    def epoch(self, number, *, first=0):
        yield from ((number, position) for position in range(first, 4))


def course(**values):
    return Course(TrainSettings(data=("x",), **values), per_epoch=4)


def test_epochs_are_so_many_steps():
    one = course(epochs=3, warmup=1, steps=(2,), lr=1.0, validate_every=2)
    assert (one.total, one.epochs) == (12, 3)
    assert [one.epoch_of(step) for step in (0, 3, 4, 11)] == [0, 0, 1, 2]
    assert [round(one.rate(step), 3) for step in (0, 3, 4, 7, 8, 11)] == [0.2, 0.8, 1.0, 1.0, 0.1, 0.1]
    assert [done for done in range(1, 13) if one.validates_after(done)] == [8, 12]


def test_iterations_are_steps_and_may_end_within_an_epoch():
    one = course(iterations=6, warmup=0, steps=(5,), lr=1.0, validate_every=3)
    assert (one.total, one.epochs) == (6, 2)
    assert [one.rate(step) for step in range(6)] == [1.0, 1.0, 1.0, 1.0, 1.0, 0.1]
    assert [done for done in range(1, 7) if one.validates_after(done)] == [3, 6]


def test_batches_go_on_where_they_stopped():
    for one in (course(epochs=3), course(iterations=6, warmup=0), course(iterations=4), course(iterations=1)):
        whole = list(one.batches(Numbers(), 0))
        assert len(whole) == one.total
        for done in range(one.total + 1):
            assert list(one.batches(Numbers(), done)) == whole[done:]
