"""What training makes small: a weighted sum of losses, read from a line of text."""

import difflib
import inspect
import math
from collections.abc import Mapping
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints

from gallery.errors import ConfigError
from ingest.paddle_library import nn, paddle
from training.arcmargin_loss import ArcMarginLoss
from training.center_loss import CenterLoss
from training.circle_loss import CircleLoss
from training.contrastive_loss import ContrastiveLoss
from training.distill_loss import DistillLoss
from training.distillation import Teacher
from training.eml_loss import EmlLoss
from training.loss import Loss
from training.loss_terms import Term, read_terms
from training.msml_loss import MsmlLoss
from training.network import Features
from training.npairs_loss import NPairsLoss
from training.quadruplet_loss import QuadrupletLoss
from training.relation_loss import RelationLoss
from training.softmax_loss import SoftmaxLoss
from training.triplet_loss import TripletLoss

LOSSES: Mapping[str, type[nn.Layer]] = {
    "softmax": SoftmaxLoss,
    "arcmargin": ArcMarginLoss,
    "triplet": TripletLoss,
    "msml": MsmlLoss,
    "quadruplet": QuadrupletLoss,
    "eml": EmlLoss,
    "npairs": NPairsLoss,
    "contrastive": ContrastiveLoss,
    "circle": CircleLoss,
    "center": CenterLoss,
    "distill": DistillLoss,
    "relation": RelationLoss,
}
"""By the names that they are written with. Options are their keyword-only arguments."""

TAUGHT = ("distill", "relation")
"""Those that compare with a teacher."""


class Objective(nn.Layer):
    """A weighted sum of losses; ``str`` of it is its canonical form, with all options, which ``parse`` reads back.

    Its parameters (classifier weights, projections) are trained with the network's; they and the centres are its state.

    Attributes:
        terms: The weight, name and options of each loss.
        names: What the parts are called: the losses' names, numbered from the second of a kind on.
        needs_pairs: Whether any of them learns only from several images of a person in a batch.
    """

    def __init__(
        self, terms: tuple[Term, ...], *, dimension: int, classes: int, teacher: Teacher | None = None
    ) -> None:
        super().__init__()
        self._teacher = teacher
        known: dict[str, Any] = {"dimension": dimension, "classes": classes}
        if teacher is not None:
            known["teacher_dimension"] = teacher.dimension
        self.terms: list[Term] = []
        self.names: list[str] = []
        self.needs_pairs = False
        for term in terms:
            kind, options = _kind(term.name), _options(term)
            if term.name in TAUGHT and teacher is None:
                raise ConfigError(
                    f"loss: {term.name} learns from a teacher, and there is none; set teacher, or leave the loss out"
                )
            loss = kind(*(known[name] for name in _known_arguments(kind)), **options)
            before = sum(one.name == term.name for one in self.terms)
            name = f"{term.name}_{before + 1}" if before else term.name
            self.terms.append(Term(term.weight, term.name, {key: _written(value) for key, value in options.items()}))
            self.names.append(name)
            self.add_sublayer(name, loss)
            self.needs_pairs |= isinstance(loss, Loss) and loss.needs_pairs
        if teacher is not None and not any(term.name in TAUGHT for term in terms):
            raise ConfigError(
                f"the teacher {', '.join(teacher.names)} has nothing to do; add distill or relation to the loss, or leave it out"
            )

    @classmethod
    def parse(cls, text: str, *, dimension: int, classes: int, teacher: Teacher | None = None) -> Self:
        """Reads a sum such as ``softmax(smoothing=0.1) + triplet(margin=0.3, mining=hard) + 0.0005*center``.

        Args:
            text: Losses by the names of ``LOSSES``, each with a weight before and options behind where wanted.
            dimension: Length of the embedding.
            classes: How many people are trained on.
            teacher: Whom ``distill`` and ``relation`` learn from.

        Raises:
            ConfigError: If it cannot be read, a loss or an option does not exist, or a value is not allowed.
        """
        return cls(read_terms(text), dimension=dimension, classes=classes, teacher=teacher)

    def forward(
        self, features: Features, labels: paddle.Tensor, *, images: paddle.Tensor | None = None
    ) -> tuple[paddle.Tensor, dict[str, paddle.Tensor]]:
        """The weighted sum, and what it is made of.

        In float32 even under AMP: losses take exponents, and differences of near numbers.

        Args:
            features: Of the batch: each loss takes what it looks at (``Loss.looks_at``), those of ``TAUGHT`` the embedding.
            labels: (B,) int64, 0 to classes - 1.
            images: (B, 3, H, W), for the teacher.

        Returns:
            The sum, a scalar, and each loss before its weight, by ``names``, without gradient.

        Raises:
            ValueError: If there is a teacher and no images.
        """
        with paddle.amp.auto_cast(enable=False):
            seen = {"metric": _full(features.metric), "embedding": _full(features.embedding)}
            taught = self._taught(images)
            total, parts = 0.0, {}
            for name, term in zip(self.names, self.terms, strict=True):
                loss = self._sub_layers[name]
                given = (seen[loss.looks_at], labels) if isinstance(loss, Loss) else (seen["embedding"], taught)
                value = loss(*given)
                total = total + term.weight * value
                parts[name] = value.detach()
            return total, parts

    def _taught(self, images: paddle.Tensor | None) -> paddle.Tensor | None:
        if self._teacher is None:
            return None
        if images is None:
            raise ValueError("the teacher needs the images of the batch; give them to forward")
        return self._teacher.embed(images)

    def __str__(self) -> str:
        return " + ".join(map(_term_text, self.terms))


def _full(features: paddle.Tensor) -> paddle.Tensor:
    return features.astype("float32") if features.dtype in (paddle.float16, paddle.bfloat16) else features


def _kind(name: str) -> type[nn.Layer]:
    if name not in LOSSES:
        near = difflib.get_close_matches(name, LOSSES, 1)
        meant = f"did you mean {near[0]}? There are" if near else "there are"
        raise ConfigError(f"loss: there is no loss '{name}'; {meant} {', '.join(LOSSES)}")
    return LOSSES[name]


def _known_arguments(kind: type[nn.Layer]) -> list[str]:
    """What a loss has to be told that is no option."""
    parameters = inspect.signature(kind).parameters.values()
    return [one.name for one in parameters if one.kind is not inspect.Parameter.KEYWORD_ONLY]


def _options(term: Term) -> dict[str, Any]:
    """All options of a loss: those written, of the right type, and the defaults of the others."""
    kind = LOSSES[term.name]
    options = {
        name: one.default
        for name, one in inspect.signature(kind).parameters.items()
        if one.kind is inspect.Parameter.KEYWORD_ONLY
    }
    hints = get_type_hints(kind.__init__)
    for name, text in term.options.items():
        if name not in options:
            there = f"it has {', '.join(options)}" if options else "it has none"
            raise ConfigError(f"loss: {term.name} has no option '{name}'; {there}")
        options[name] = _value(f"{term.name}: {name}", text, hints[name])
    return options


def _value(what: str, text: str, hint: Any) -> Any:
    if hint is bool:
        if text not in ("true", "false"):
            raise ConfigError(f"{what} is '{text}'; use true or false")
        return text == "true"
    parts = (hint,) if hint is float or get_origin(hint) is Literal else get_args(hint)
    words = [word for part in parts if get_origin(part) is Literal for word in get_args(part)]
    if text in words:
        return text
    if float in parts:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            return number
        words = ["a number", *words]
    raise ConfigError(f"{what} is '{text}'; use {' or '.join(words)}")


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _term_text(term: Term) -> str:
    weight = "" if term.weight == 1 else f"{_written(term.weight)}*"
    options = ", ".join(f"{name}={value}" for name, value in term.options.items())
    return f"{weight}{term.name}({options})" if options else f"{weight}{term.name}"
