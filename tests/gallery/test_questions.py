"""Questions that are kept in the gallery's tables."""

import re
from datetime import timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from gallery import schema
from gallery.errors import QueryError
from gallery.questions import Part, Questions

NOBODY = Part(np.eye(2, 16, dtype=np.float32), b"jpeg", {"taken": "a photo"})


@pytest.fixture
def filled(gallery, people):
    people.fill(gallery, "door", [people.tracklet(number=k, second=2 * k) for k in range(4)])
    return gallery


def ids(gallery):
    return [row.id for row in gallery.tracklets()]


def rows(gallery, table):
    with gallery.database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_a_question_comes_back_as_it_was(filled, people):
    questions = Questions(filled.database)
    other = Part(people.directions(1), b"another jpeg", {"box": [1, 2, 3, 4]})
    id_ = questions.add(people.embedder, [NOBODY, other], ids(filled)[:2], asked_by="ann")
    asked = questions.get(id_)
    assert asked.id == id_
    assert asked.embedder == f"stripes 16 {'ab' * 32}"
    assert [part.picture for part in asked.parts] == [b"jpeg", b"another jpeg"]
    assert [part.facts for part in asked.parts] == [NOBODY.facts, other.facts]
    assert np.array_equal(asked.parts[1].vectors, other.vectors)
    assert asked.vectors.shape == (3, 16)
    assert asked.vectors.dtype == np.float32
    assert (asked.own, asked.confirmed, asked.rejected) == (tuple(ids(filled)[:2]), (), ())


def test_ids_are_long_random_and_fit_into_a_url(filled, people):
    questions = Questions(filled.database)
    made = {questions.add(people.embedder, [NOBODY]) for _ in range(20)}
    assert len(made) == 20
    assert all(re.fullmatch(r"[\w-]{22}", id_) for id_ in made)
    assert questions.get("nothing") is None


def test_a_question_about_somebody_who_was_erased_is_not_kept(filled, people):
    questions = Questions(filled.database)
    with pytest.raises(QueryError, match="'nobody'"):
        questions.add(people.embedder, [NOBODY], ["nobody"])
    assert rows(filled, schema.queries) == 0


def test_marks_are_set_replaced_and_taken_back(filled, people):
    questions = Questions(filled.database)
    own, one, two, three = ids(filled)
    id_ = questions.add(people.embedder, [NOBODY], [own])
    assert questions.mark(id_, confirmed=[one], rejected=[two])
    assert questions.mark(id_, confirmed=[three, two])
    assert questions.mark(id_, neither=[one])
    asked = questions.get(id_)
    assert (asked.own, asked.confirmed, asked.rejected) == ((own,), (two, three), ())
    assert not questions.mark("nothing", confirmed=[one])
    with pytest.raises(QueryError, match="made from"):
        questions.mark(id_, rejected=[one, own])
    with pytest.raises(QueryError, match="named twice"):
        questions.mark(id_, confirmed=[one], neither=[one])
    with pytest.raises(QueryError, match="'nobody'"):
        questions.mark(id_, rejected=[one, "nobody"])
    assert questions.get(id_).rejected == (), "what is refused changes nothing"


def test_removing_leaves_nothing(filled, people):
    questions = Questions(filled.database)
    first, second = (questions.add(people.embedder, [NOBODY], ids(filled)[:1]) for _ in range(2))
    assert questions.remove(first)
    assert not questions.remove(first)
    assert questions.get(second) is not None
    assert rows(filled, schema.query_tracklets) == 1
    assert questions.remove_older_than(questions.get(second).created) == 0
    assert questions.remove_older_than(questions.get(second).created + timedelta(seconds=1)) == 1
    assert (rows(filled, schema.queries), rows(filled, schema.query_tracklets)) == (0, 0)


def test_the_newest_are_kept(filled, people):
    questions = Questions(filled.database, most=3)
    made = [questions.add(people.embedder, [NOBODY], ids(filled)[:1]) for _ in range(5)]
    assert [questions.get(id_) is not None for id_ in made] == [False, False, True, True, True]
    assert rows(filled, schema.query_tracklets) == 3


@pytest.mark.parametrize("how", ["tracklet", "camera"])
def test_erasing_takes_along_what_was_made_of_or_confirmed_by_a_tracklet(filled, people, how):
    questions = Questions(filled.database)
    people.fill(filled, "yard", [people.tracklet("yard")], source_hash="yard")
    gone = "yard-000001"
    made = questions.add(people.embedder, [NOBODY], [gone])
    confirmed, rejected, other = (questions.add(people.embedder, [NOBODY]) for _ in range(3))
    questions.mark(confirmed, confirmed=[gone])
    questions.mark(rejected, confirmed=ids(filled)[:1], rejected=[gone])
    filled.erase(**({"tracklets": [gone]} if how == "tracklet" else {"cameras": ["yard"]}))
    assert questions.get(made) is None
    assert questions.get(confirmed) is None
    assert questions.get(other) is not None
    left = questions.get(rejected)
    assert (left.confirmed, left.rejected) == (tuple(ids(filled)[:1]), ())
    assert b"jpeg" in left.parts[0].picture
