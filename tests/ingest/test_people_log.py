import csv
from datetime import UTC, datetime

import numpy as np
import pytest

from gallery.errors import ConfigError
from ingest.people_log import PeopleLog


def ids(*numbers):
    return np.array(numbers, np.int64)


def test_the_lines_are_those_of_the_header_and_are_there_at_once(tmp_path):
    path = tmp_path / "log.csv"
    with PeopleLog(path) as log:
        log.write(1, ids(), 12.34, seconds=0.0, time=datetime(2024, 5, 1, 12, tzinfo=UTC))
        log.write(3, ids(2, 17), 25.0, seconds=0.08)
        log.write(4, ids(2), 1000.0)
        assert path.read_text() == (
            "frame,seconds,time,people,ids,fps\n"
            "1,0.000,2024-05-01T12:00:00.000+00:00,0,,12.3\n"
            "3,0.080,,2,2 17,25.0\n"
            "4,,,1,2,1000.0\n"
        )
        assert (log.mean_people, log.most_people) == (1.0, 2)
    with path.open() as file:
        assert [row["people"] for row in csv.DictReader(file)] == ["0", "2", "1"]


def test_an_empty_log(tmp_path):
    with PeopleLog(tmp_path / "log.csv") as log:
        assert (log.mean_people, log.most_people) == (0.0, 0)


def test_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(ConfigError, match=r"log\.csv cannot be written: No such file or directory"):
        PeopleLog(tmp_path / "none" / "log.csv")
