"""What a rule took of the environment is kept under its name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provodka.errors import Rejected
from provodka.veil import Veil

VEIL = Veil({"A": "secret", "AB": "secret-longer", "TINY": "x"})


PIECES = st.text(max_size=5) | st.sampled_from(["secret", "$", "${A}", "a secret-longer$"])


@given(
    st.lists(PIECES, max_size=6).map("".join).flatmap(lambda text: st.sampled_from([text, [text, 1], {text: [text]}]))
)
def test_what_is_hidden_can_be_shown_again_and_holds_no_secret(value):
    hidden = VEIL.hide(value)
    assert VEIL.show(hidden) == value
    assert "secret" not in repr(hidden)


def test_the_longer_of_two_secrets_is_hidden_whole():
    assert VEIL.hide("Bearer secret-longer, secret") == "Bearer ${AB}, ${A}"
    assert VEIL.mask("Bearer secret-longer for 5 $") == "Bearer ${AB} for 5 $"


def test_a_value_of_a_letter_is_no_secret():
    assert VEIL.hide("x") == "x"


def test_a_name_that_is_gone_is_refused_in_words():
    with pytest.raises(Rejected, match="GONE") as refused:
        VEIL.show("${GONE}")
    assert "GONE" in refused.value.hint
