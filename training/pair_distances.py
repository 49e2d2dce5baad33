"""Distances between all features of a batch, with gradients that are finite wherever the features lie."""

from ingest.paddle_library import paddle

_SHORTEST = 1e-12
"""A vector whose coordinates are all smaller has no direction."""

_ROUNDINGS = 4.0
"""A squared distance below so many roundings of what it is the difference of is not told from 0."""

_TINY = 1e-30


def unit(features: paddle.Tensor) -> paddle.Tensor:
    """f̂ = f / ‖f‖, row by row of (N, D); 0, with a gradient of 0, where no coordinate of f reaches 1e-12.

    A row of zeros has no direction, so nothing is to draw at it with the slope of 1e12 that f / max(‖f‖, 1e-12) has there.
    Rows are first divided by their largest coordinate, which changes nothing but keeps the squares from overflowing.
    """
    largest = features.detach().abs().max(axis=1, keepdim=True)
    long = largest >= _SHORTEST
    one, none = paddle.ones_like(largest), paddle.zeros_like(largest)
    scaled = features * paddle.where(long, 1.0 / paddle.where(long, largest, one), none)
    squared = (scaled * scaled).sum(axis=1, keepdim=True)
    return scaled * paddle.rsqrt(paddle.where(long, squared, one))


def squared_distances(features: paddle.Tensor) -> paddle.Tensor:
    """(N, N) squared Euclidean distances between the rows of (N, D), with a diagonal of exactly 0.

    By ‖a‖² + ‖b‖² - 2 a·b of the features less their mean, which distances do not see and rounding does.
    """
    return _squared(_centred(features))[0]


def distances(features: paddle.Tensor) -> paddle.Tensor:
    """(N, N) Euclidean distances between the rows of (N, D).

    The root has no gradient at 0. Where two features coincide, or are nearer than rounding can tell, distance and gradient
    are 0: the middle of all subgradients.
    """
    centred = _centred(features)
    scale = paddle.clip(centred.detach().abs().max(), min=_TINY)
    squared, lengths = _squared(centred / scale)
    apart = squared > _ROUNDINGS * paddle.finfo(features.dtype).eps * lengths.detach()
    root = paddle.sqrt(paddle.where(apart, squared, paddle.ones_like(squared)))
    return paddle.where(apart, root, paddle.zeros_like(root)) * scale


def _centred(features: paddle.Tensor) -> paddle.Tensor:
    return features - features.detach().mean(axis=0, keepdim=True)


def _squared(rows: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
    """Squared distances, and ‖a‖² + ‖b‖², each (N, N)."""
    own = (rows * rows).sum(axis=1)
    lengths = own.unsqueeze(1) + own.unsqueeze(0)
    squared = paddle.clip(lengths - 2.0 * paddle.matmul(rows, rows, transpose_y=True), min=0.0)
    return squared * (1.0 - paddle.eye(rows.shape[0], dtype=rows.dtype)), lengths


def cosines(features: paddle.Tensor) -> paddle.Tensor:
    """(N, N) cosine similarities between the rows of (N, D); 0 with a row of zeros."""
    rows = unit(features)
    return paddle.matmul(rows, rows, transpose_y=True)


def positive_pairs(labels: paddle.Tensor) -> paddle.Tensor:
    """(B, B) whether two images show one person, the image itself left out; ``labels`` (B,)."""
    same = labels.unsqueeze(0) == labels.unsqueeze(1)
    return same & ~paddle.eye(labels.shape[0]).astype("bool")


def negative_pairs(labels: paddle.Tensor) -> paddle.Tensor:
    """(B, B) whether two images show two people; ``labels`` (B,)."""
    return labels.unsqueeze(0) != labels.unsqueeze(1)
