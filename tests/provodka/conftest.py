"""What the tests of this room share."""

import pytest


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mail_password").write_text("mail-password-1\n")
    return tmp_path
