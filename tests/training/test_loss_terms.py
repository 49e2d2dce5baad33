import pytest

from gallery.errors import ConfigError
from training.loss_terms import EXAMPLE, Term, read_terms


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("softmax", [Term(1.0, "softmax", {})]),
        ("  softmax ( ) ", [Term(1.0, "softmax", {})]),
        (
            "softmax(smoothing=0.1)+triplet( margin = 0.3 , mining=hard )",
            [Term(1.0, "softmax", {"smoothing": "0.1"}), Term(1.0, "triplet", {"margin": "0.3", "mining": "hard"})],
        ),
        ("0.0005*center", [Term(0.0005, "center", {})]),
        ("5e-4 * center + .5*eml + 2.*eml", [Term(0.0005, "center", {}), Term(0.5, "eml", {}), Term(2.0, "eml", {})]),
        ("1E+2*a + b_2\n+ c", [Term(100.0, "a", {}), Term(1.0, "b_2", {}), Term(1.0, "c", {})]),
        (EXAMPLE, [Term(1.0, "softmax", {"smoothing": "0.1"}), Term(1.0, "triplet", {"margin": "0.3"})]),
    ],
)
def test_what_can_be_read(text, terms):
    assert read_terms(text) == tuple(terms)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"cannot read '' at its end; write a sum of losses like 'softmax\("),
        ("   ", "cannot read '   ' at its end"),
        ("softmax +", r"cannot read 'softmax \+' at its end"),
        ("+ softmax", r"cannot read '\+ softmax' at '\+ softmax'"),
        ("softmax triplet", "at 'triplet'"),
        ("softmax - triplet", "at '- triplet'"),
        ("softmax*0.5", r"at '\*0\.5'"),
        ("-1*softmax", r"at '-1\*softmax'"),
        ("softmax(smoothing=0.1", r"at '\(smoothing=0\.1'"),
        ("softmax(smoothing=(1))", r"at '\(smoothing=\(1\)\)'"),
        ("2 softmax", "at '2 softmax'"),
        ("soft-max", "at '-max'"),
        ("softmax;rm", "at ';rm'"),
        ("0*softmax", r"the weight of softmax is 0; use a number above 0, or leave the loss out"),
        ("1e999*softmax", "the weight of softmax is 1e999; use a number above 0"),
        ("1.2.3*softmax", r"the weight of softmax is 1\.2\.3; use a number above 0"),
        ("softmax(0.1)", r"softmax has the option '0\.1'; write it as name=value"),
        ("softmax(smoothing=)", "softmax has the option 'smoothing='; write it as name=value"),
        ("softmax(=1)", "softmax has the option '=1'; write it as name=value"),
        ("softmax(smoothing=0.1,)", "softmax has the option ''; write it as name=value"),
        ("triplet(margin=1, margin=2)", "triplet has the option margin twice; leave one out"),
    ],
)
def test_what_cannot_be_read_is_one_clear_error(text, message):
    with pytest.raises(ConfigError, match=f"^loss: .*{message}"):
        read_terms(text)


def test_a_long_text_is_refused_quickly():
    with pytest.raises(ConfigError, match="cannot read"):
        read_terms("a + " * 20_000)
