"""amoCRM's API v4 as the rest of the room speaks it: reads, pages and judged writes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from connectors.http import Http, Reply
from connectors.oauth import Auth
from provodka.errors import AuthFailed

API: Final = "/api/v4"
PAGE: Final = 250  # the most that lists give at once; custom fields give 50
NOT_FOUND: Final = 404

Json = dict[str, Any]
Pairs = Sequence[tuple[str, str]]


class Client:
    """Calls with the token of the moment; a 401 renews it once. `api` is what all paths begin with."""

    def __init__(self, http: Http, auth: Auth, api: str = API) -> None:
        self._http = http
        self._auth = auth
        self._api = api

    def get(self, path: str, params: Pairs = ()) -> Json | None:
        """The JSON object at `path`; None for 204, which is amoCRM's "nothing found"."""
        reply = self._call("GET", path, params=params)
        return reply.data if isinstance(reply.data, dict) else None

    def find(self, path: str, params: Pairs = ()) -> Json | None:
        """One item by its id; None where there is none, which amoCRM says with 204 or, for some kinds, with 404."""
        reply = self._call("GET", path, params=params, accept=(NOT_FOUND,))
        return reply.data if isinstance(reply.data, dict) and reply.status != NOT_FOUND else None

    def pages(
        self, path: str, collection: str, params: Pairs = (), *, limit: int = PAGE, first: int = 1
    ) -> Iterator[tuple[int, list[Json]]]:
        """The pages of a list with their numbers, from page `first` on.

        Ends on 204, on an empty page, where no next page is linked, and where the link leads back: amoCRM has been
        seen to give the last page as its own next. Links are counted, never followed, so a foreign host in them is
        harmless.
        """
        page, last_ids = first, None
        while True:
            data = self.get(path, [*params, ("limit", str(limit)), ("page", str(page))])
            items = embedded(data, collection)
            ids = [item.get("id", item.get("uid")) for item in items]
            if not items or ids == last_ids:
                return
            yield page, items
            if not _leads_on(data, page):
                return
            page, last_ids = page + 1, ids

    def write(self, method: str, path: str, body: object, *, accept: Collection[int] = ()) -> Reply:
        """A change. `accept` are error statuses whose answer the caller reads himself."""
        return self._call(method, path, json=body, accept=accept)

    def upload(self, path: str, content: bytes) -> Reply:
        """Send raw bytes."""
        return self._call("POST", path, content=content)

    def close(self) -> None:
        self._http.close()

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Pairs = (),
        json: object = None,
        content: bytes | None = None,
        accept: Collection[int] = (),
    ) -> Reply:
        kind = {} if content is None else {"Content-Type": "application/octet-stream"}

        def send(token: str) -> Reply:
            headers = {"Authorization": f"Bearer {token}", **kind}
            return self._http.call(
                method, self._api + path, params=params, json=json, content=content, headers=headers, accept=accept
            )

        token = self._auth.token()
        try:
            return send(token)
        except AuthFailed as error:
            if error.status != 401:
                raise
        return send(self._auth.renew(token))


def embedded(data: Json | None, collection: str) -> list[Json]:
    """`_embedded.<collection>` of a HAL answer."""
    inner = (data or {}).get("_embedded")
    rows = inner.get(collection) if isinstance(inner, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _leads_on(data: Json | None, page: int) -> bool:
    links = (data or {}).get("_links")
    following = links.get("next") if isinstance(links, dict) else None
    href = following.get("href") if isinstance(following, dict) else None
    if not isinstance(href, str):
        return False
    number = parse_qs(urlsplit(href).query).get("page", [""])[0]
    return not number.isdigit() or int(number) > page
