"""The vectorised tracker against DeepSORT as the paper tells it: one object per track, loops, 8 x 8 matrices."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from tracking.settings import TrackerSettings
from tracking.tracker import DeepSort

GATE = 9.4877
TRANSITION, OBSERVATION = np.eye(8) + np.eye(8, k=4), np.eye(4, 8)


def deviations(h, position, aspect, velocity, aspect_velocity):
    return np.diag(
        np.square([position * h] * 2 + [aspect, position * h] + [velocity * h] * 2 + [aspect_velocity, velocity * h])
    )


class SlowTrack:
    def __init__(self, number, z, feature):
        self.number, self.hits, self.missed, self.confirmed, self.features = number, 1, 0, False, [feature]
        self.x = np.concatenate([z, np.zeros(4)])
        self.P = deviations(z[3], 2 / 20, 1e-2, 10 / 160, 1e-5)

    def predict(self):
        noise = deviations(self.x[3], 1 / 20, 1e-2, 1 / 160, 1e-5)
        self.x, self.P = TRANSITION @ self.x, TRANSITION @ self.P @ TRANSITION.T + noise
        self.missed += 1

    def spread(self):
        return OBSERVATION @ self.P @ OBSERVATION.T + deviations(self.x[3], 1 / 20, 1e-1, 0, 0)[:4, :4]

    def see(self, z, feature, n_init):
        gain = self.P @ OBSERVATION.T @ np.linalg.inv(self.spread())
        self.x, self.P = self.x + gain @ (z - self.x[:4]), (np.eye(8) - gain @ OBSERVATION) @ self.P
        self.features.append(feature)
        self.hits, self.missed = self.hits + 1, 0
        self.confirmed |= self.hits >= n_init

    def possible(self, z):
        return (z - self.x[:4]) @ np.linalg.inv(self.spread()) @ (z - self.x[:4]) <= GATE


def corners(z):
    half = np.array([z[2] * z[3], z[3]]) / 2
    return np.concatenate([z[:2] - half, z[:2] + half])


def overlap(a, b):
    sides = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None)
    common = sides.prod()
    return common / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - common)


class SlowDeepSort:
    def __init__(self, max_cosine, budget, max_iou, max_age, n_init):
        self.max_cosine, self.budget, self.max_iou, self.max_age, self.n_init = (
            max_cosine,
            budget,
            max_iou,
            max_age,
            n_init,
        )
        self.tracks, self.next = [], 1

    def pair(self, distance, limit, tracks, free):
        """Pairs of tracks and detections, and the detections left, in the order that decides their ids."""
        if not tracks or not free:
            return [], free
        table = np.array([[distance(t, d) for d in free] for t in tracks])
        table[table > limit] = limit + 1e-5
        rows, columns = linear_sum_assignment(table)
        pairs = [(tracks[r], free[c]) for r, c in zip(rows, columns, strict=True) if table[r, c] <= limit]
        refused = [free[c] for r, c in zip(rows, columns, strict=True) if table[r, c] > limit]
        return pairs, [free[c] for c in range(len(free)) if c not in columns] + refused

    def step(self, boxes, features):
        z = [
            np.array([(b[0] + b[2]) / 2, (b[1] + b[3]) / 2, (b[2] - b[0]) / (b[3] - b[1]), b[3] - b[1]]) for b in boxes
        ]
        for track in self.tracks:
            track.predict()

        def looks(track, d):
            kept = track.features[-self.budget :] if self.budget else track.features
            return min(1 - float(f @ features[d]) for f in kept) if track.possible(z[d]) else 1e5

        def place(track, d):
            return 1 - overlap(corners(track.x), boxes[d])

        pairs, free = [], list(range(len(boxes)))
        confirmed = [t for t in self.tracks if t.confirmed]
        for age in range(1, self.max_age + 1):
            found, free = self.pair(looks, self.max_cosine, [t for t in confirmed if t.missed == age], free)
            pairs += found
        indices = {self.tracks.index(t) for t in confirmed} - {self.tracks.index(t) for t, _ in pairs}
        waiting = [self.tracks[k] for k in indices if self.tracks[k].missed == 1]
        found, free = self.pair(place, self.max_iou, [t for t in self.tracks if not t.confirmed] + waiting, free)
        pairs += found
        for track, d in pairs:
            track.see(z[d], features[d], self.n_init)
        self.tracks = [t for t in self.tracks if t.missed == 0 or (t.confirmed and t.missed <= self.max_age)]
        self.tracks += [SlowTrack(self.next + k, z[d], features[d]) for k, d in enumerate(free)]
        self.next += len(free)
        return [(t.number, t.confirmed, t.missed, corners(t.x)) for t in self.tracks]


def scene(seed, frames, people, noise):
    """People who walk at random, are missed or hidden for a while; false boxes; looks with noise."""
    random = np.random.default_rng(seed)
    at, speed = random.uniform(0, 600, (people, 2)), random.normal(0, 4, (people, 2))
    height, looks = random.uniform(60, 160, people), random.standard_normal((people, 24))
    hidden = np.zeros(people, int)
    for _ in range(frames):
        at, speed = at + speed, speed + random.normal(0, 0.3, speed.shape)
        hidden = np.where(random.random(people) < 0.03, random.integers(2, 12, people), hidden - 1)
        seen = np.flatnonzero((hidden <= 0) & (random.random(people) < 0.9))
        false = random.integers(0, 3)
        h = np.concatenate([height[seen] * random.normal(1, 0.03, len(seen)), random.uniform(60, 160, false)])
        x, y = np.concatenate([at[seen] + random.normal(0, 3, (len(seen), 2)), random.uniform(0, 600, (false, 2))]).T
        features = np.concatenate([looks[seen], np.zeros((false, 24))]) + random.normal(0, noise, (len(x), 24))
        features /= np.linalg.norm(features, axis=1, keepdims=True)
        yield np.column_stack([x, y, x + h * 0.4, y + h]).reshape(-1, 4), features.astype(np.float32)


@pytest.mark.parametrize(
    ("seed", "people", "noise", "budget", "max_age", "n_init"),
    [
        (1, 6, 0.3, 100, 30, 3),  # looks tell people apart
        (2, 6, 3.0, 100, 30, 3),  # looks say nothing
        (3, 14, 0.5, None, 30, 3),  # a crowd, all features kept
        (4, 14, 0.5, 2, 4, 1),  # everything is short
        (5, 1, 0.3, 10, 8, 2),
        (6, 0, 0.3, 10, 8, 2),  # false boxes only
    ],
)
def test_all_tracks_at_once_are_the_tracks_one_by_one(seed, people, noise, budget, max_age, n_init):
    fast = DeepSort(TrackerSettings(nn_budget=budget, max_age=max_age, n_init=n_init))
    slow = SlowDeepSort(0.2, budget, 0.7, max_age, n_init)
    for boxes, features in scene(seed, 120, people, noise):
        found = fast.step(boxes, np.ones(len(boxes)), features)
        expected = slow.step(boxes, features)
        assert found.ids.tolist() == [number for number, _, _, _ in expected]
        assert found.confirmed.tolist() == [confirmed for _, confirmed, _, _ in expected]
        assert (found.detections < 0).tolist() == [missed > 0 for _, _, missed, _ in expected]
        if expected:
            assert np.allclose(found.boxes, [box for _, _, _, box in expected], atol=1e-3)
