"""Where a secret may be sent without https."""

from __future__ import annotations

import pytest

from connectors.addresses import check_base_url, check_near_url


@pytest.mark.parametrize("url", ["https://1c.example.ru/base/", "http://127.0.0.1:8903/base", "http://localhost/base"])
def test_https_and_this_machine_will_do_for_all(url: str) -> None:
    assert check_base_url(url) == check_near_url(url) == url.rstrip("/")


@pytest.mark.parametrize("url", ["http://192.168.1.5/base", "http://srv-1c/base", "http://buh.firm.local/base"])
def test_plain_http_will_do_within_the_clients_own_network_only(url: str) -> None:
    assert check_near_url(url) == url
    with pytest.raises(ValueError, match="use https://"):
        check_base_url(url)


@pytest.mark.parametrize("url", ["http://1c.example.ru/base", "http://8.8.8.8/base"])
def test_a_password_never_goes_over_the_internet_in_the_open(url: str) -> None:
    with pytest.raises(ValueError, match="use https://"):
        check_near_url(url)
