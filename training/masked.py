"""Means, sums of exponentials and extremes over a part of a matrix, with gradients that stay finite where it is empty."""

from ingest.paddle_library import paddle


def masked_mean(values: paddle.Tensor, mask: paddle.Tensor) -> paddle.Tensor:
    """The mean of the values where ``mask`` is true, a scalar; 0 where it is nowhere true.

    It multiplies by 1/n before it adds, so that the sum of large values does not overflow.
    """
    share = mask.astype(values.dtype)
    share = share / paddle.clip(share.sum(), min=1.0)
    return paddle.where(mask, values * share, paddle.zeros_like(values)).sum()


def masked_logsumexp(values: paddle.Tensor, mask: paddle.Tensor) -> paddle.Tensor:
    """(N,) ln Σ exp over the columns where ``mask`` (N, M) is true; in rows where it is nowhere true it means nothing."""
    counted = mask | ~mask.any(axis=1, keepdim=True)
    return paddle.logsumexp(paddle.where(counted, values, paddle.full_like(values, float("-inf"))), axis=1)


def largest(values: paddle.Tensor, mask: paddle.Tensor) -> paddle.Tensor:
    """(N,) the largest value in each row of (N, M) where ``mask`` is true, the first of equal ones.

    Of equal values one alone has the gradient. In rows where the mask is nowhere true it means nothing.
    """
    column = paddle.where(mask, values, paddle.full_like(values, float("-inf"))).argmax(axis=1, keepdim=True)
    return paddle.take_along_axis(values, column, axis=1).squeeze(1)


def smallest(values: paddle.Tensor, mask: paddle.Tensor) -> paddle.Tensor:
    """(N,) the smallest value in each row where ``mask`` is true (see ``largest``)."""
    return -largest(-values, mask)
