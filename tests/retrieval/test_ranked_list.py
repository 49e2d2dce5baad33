"""Which images answer a query, and which queries are shown."""

import numpy as np
import pytest

from retrieval.blocks import products
from retrieval.ranked_list import best_and_worst, ranked_list
from tests.retrieval.made_up_market import made_up_market


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory):
    return made_up_market(tmp_path_factory.mktemp("market"), noise=1.2, pictures=False)


def test_the_ranks_of_right_answers_are_those_that_were_scored(evaluation):
    for k, hit_ranks in enumerate(evaluation.scores.hit_ranks):
        ranked = ranked_list(evaluation, k, length=100)
        assert [answer.rank for answer in ranked.answers if answer.right] == hit_ranks.tolist()
        assert (ranked.matches, ranked.precision) == (len(hit_ranks), evaluation.scores.precisions[k])
        similarities = [answer.similarity for answer in ranked.answers]
        assert similarities == sorted(similarities, reverse=True)
        query = evaluation.query.images[ranked.row]
        shown = [evaluation.gallery.images[answer.row] for answer in ranked.answers]
        assert all((image.person, image.camera) != (query.person, query.camera) for image in shown)
        assert [image.person == query.person for image in shown] == [answer.right for answer in ranked.answers]


def test_a_list_ends_with_the_first_right_answer_if_that_comes_late(evaluation):
    late = int(np.argmax(evaluation.scores.first_ranks))
    rank = int(evaluation.scores.first_ranks[late])
    assert rank > 2
    assert [answer.rank for answer in ranked_list(evaluation, late, length=2).answers] == [1, 2, rank]
    assert [answer.rank for answer in ranked_list(evaluation, late, length=rank).answers] == list(range(1, rank + 1))


def test_a_similarity_is_the_cosine(evaluation):
    ranked = ranked_list(evaluation, 0)
    cosines = products(evaluation.query.vectors[[ranked.row]], evaluation.gallery.vectors)[0]
    assert [answer.similarity for answer in ranked.answers] == [cosines[answer.row] for answer in ranked.answers]


def test_the_best_and_the_worst_are_of_different_people_and_in_order(evaluation):
    best, worst = best_and_worst(evaluation, 3)
    precisions = evaluation.scores.precisions
    people = evaluation.query.people[evaluation.scores.scored]
    assert len(best) == len(worst) == 3
    assert not set(best) & set(worst)
    for chosen in (best, worst):
        assert len(set(people[chosen].tolist())) == 3
    assert precisions[best].tolist() == sorted(precisions[best], reverse=True)
    assert precisions[worst].tolist() == sorted(precisions[worst])
    assert precisions[best[0]] == precisions.max()
    assert precisions[worst[0]] == precisions.min()


def test_few_queries_are_shown_once(tmp_path):
    evaluation = made_up_market(tmp_path, people=2, cameras=2, pictures=False)
    best, worst = best_and_worst(evaluation, 5)
    assert len(best) == 1
    assert sorted([*best, *worst]) == list(range(len(evaluation.scores.scored)))
