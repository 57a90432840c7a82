"""Site forms: Tilda as it posts, and a site's own form with an HMAC over its body."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import requests

from sandbox.senders.http import FORM, Signing, post

PROJECT = 467251

Pairs = list[tuple[str, str]]


def new_tranid() -> str:
    """Shaped as Tilda's: project and number."""
    return f"{PROJECT}:{8_000_000 + secrets.randbelow(10**9)}"


def tilda_probe(url: str) -> requests.Response:
    """What Tilda sends right after the address was saved; it wants 200."""
    return post(url, b"test=test", FORM)


def tilda_lead(
    url: str,
    *,
    name: str = "Мария",
    phone: str = "+7 (916) 000-11-22",
    email: str = "maria@example.ru",
    comments: str = "",
    tranid: str | None = None,
    utm: Mapping[str, str] | None = None,
    form_name: str = "Заявка с главной",
    cookies: bool = True,
    extra: Mapping[str, str] | None = None,
    api_key: tuple[str, str] | None = None,
) -> requests.Response:
    """A filled form. Empty fields are left out; utm travels in the COOKIES field, as hidden fields without it.

    `extra` adds fields under the names the site's owner typed; `api_key` is a header's name and value.
    """
    answers = {"Name": name, "Phone": phone, "Email": email, "Comments": comments, **(extra or {})}
    fields: Pairs = [(key, value) for key, value in answers.items() if value]
    if utm and not cookies:
        fields += list(utm.items())
    fields += _service(tranid, "form123456789", form_name)
    if cookies:
        fields.append(("COOKIES", _cookies(utm or {})))
    return _post_fields(url, fields, api_key)


def tilda_order(
    url: str,
    *,
    products: Sequence[Mapping[str, str | int]] = (
        {"name": "Окно ПВХ 60", "quantity": 2, "price": 4500, "sku": "OK-60"},
    ),
    name: str = "Мария",
    phone: str = "+79160001122",
    email: str = "maria@example.ru",
    tranid: str | None = None,
    payment: Mapping[str, str] | None = None,
    as_json: bool = False,
    api_key: tuple[str, str] | None = None,
) -> requests.Response:
    """An order from the cart: bracketed payment fields, or with `as_json` one JSON string, as both are met."""
    items = [{**item, "amount": int(item["quantity"]) * int(item["price"])} for item in products]
    total = sum(int(item["amount"]) for item in items)
    head = {"sys": "yakassa", "orderid": str(10**9 + secrets.randbelow(10**9)), "subtotal": total, "amount": total}
    order: dict[str, Any] = {**head, **(payment or {}), "products": items}
    fields: Pairs = [("Name", name), ("phone", phone), ("email", email)]
    fields += [("payment", json.dumps(order, ensure_ascii=False))] if as_json else bracketed("payment", order)
    return _post_fields(url, fields + _service(tranid, "form987654321", "Cart"), api_key)


def form_post(
    url: str,
    body: Mapping[str, Any],
    *,
    secret: str | None,
    header: str = "X-Signature",
    as_form: bool = False,
    signing: Signing = Signing.GOOD,
) -> requests.Response:
    """A site's own form: JSON or a form, with the hex HMAC-SHA256 of the raw body in `header` if there is a secret."""
    text = urlencode(body) if as_form else json.dumps(body, ensure_ascii=False)
    raw = text.encode()
    headers = {}
    if secret is not None and signing is not Signing.MISSING:
        key = f"not {secret}" if signing is Signing.WRONG else secret
        headers[header] = hmac.new(key.encode(), raw, hashlib.sha256).hexdigest()
    if signing is Signing.TAMPERED:
        raw += b" "
    return post(url, raw, FORM if as_form else "application/json", headers)


def _service(tranid: str | None, form_id: str, form_name: str) -> Pairs:
    return [("tranid", tranid or new_tranid()), ("formid", form_id), ("formname", form_name)]


def _cookies(utm: Mapping[str, str]) -> str:
    tags = "".join(f"{key}={value}|||" for key, value in utm.items())
    cookies = {"_ym_uid": "1764570000111222333", "_ym_d": "1764570000", "_ga": "GA1.2.111.222"}
    if tags:
        cookies["TILDAUTM"] = quote(tags, safe="")
    cookies["previousUrl"] = quote("example.ru/", safe="")
    return "; ".join(f"{key}={value}" for key, value in cookies.items())


def bracketed(prefix: str, value: object) -> Pairs:
    """A nested value under PHP's bracketed names."""
    if isinstance(value, Mapping):
        return [pair for key, inner in value.items() for pair in bracketed(f"{prefix}[{key}]", inner)]
    if isinstance(value, list):
        return [pair for index, inner in enumerate(value) for pair in bracketed(f"{prefix}[{index}]", inner)]
    return [(prefix, str(value))]


def _post_fields(url: str, fields: Pairs, api_key: tuple[str, str] | None) -> requests.Response:
    return post(url, urlencode(fields).encode(), FORM, dict([api_key]) if api_key else None)
