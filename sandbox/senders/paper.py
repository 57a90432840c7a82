"""How the pages of the played services look: one style, for light and dark, for the desk and the phone."""

from __future__ import annotations

import html

from flask import Response

STYLE = """\
:root{color-scheme:light dark;--ink:light-dark(#1f2a33,#e7edf2);--soft:light-dark(#566573,#a9b6c2);
--line:light-dark(#d5dce2,#36424d);--paper:light-dark(#fff,#1d252c);--ground:light-dark(#f4f6f8,#141a1f);
--accent:light-dark(#1b6fd0,#5aa2f2);--on:light-dark(#fff,#10161b)}
*{box-sizing:border-box}
body{margin:0 auto;max-width:960px;padding:24px 20px 40px;font:16px/1.45 system-ui,sans-serif;color:var(--ink);
background:var(--ground)}
body.narrow{max-width:520px}
h1{font-size:22px;margin:0 0 4px}
p{margin:0 0 16px}
.soft{color:var(--soft)}
.sum{font-size:28px;font-weight:600;margin:0}
main{margin-top:16px;padding:16px 20px;border:1px solid var(--line);border-radius:10px;background:var(--paper);
overflow-x:auto;overflow-wrap:anywhere}
a{color:var(--accent)}
form.deeds{display:flex;flex-wrap:wrap;gap:8px;margin-top:16px}
button{font:inherit;padding:8px 14px;border:1px solid var(--line);border-radius:8px;background:transparent;
color:var(--accent);cursor:pointer}
button.first{border-color:var(--accent);background:var(--accent);color:var(--on)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
table{border-collapse:collapse;width:100%;overflow-wrap:normal}
th,td{padding:7px 10px;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{color:var(--soft);font-weight:500}
td.number{white-space:nowrap;text-align:right}
td input{font:inherit;color:inherit;background:var(--ground);width:100%;min-width:8em;padding:6px 8px;
border:1px solid var(--line);border-radius:8px}
"""


def page(title: str, body: str, *, under: str = "", narrow: bool = False) -> Response:
    """`body` is HTML; `title`, and what stands `under` it, are texts."""
    return Response(
        '<!doctype html><html lang="ru"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>"
        f"<body{' class=narrow' if narrow else ''}><h1>{html.escape(title)}</h1>"
        f'<p class="soft">{html.escape(under)}</p><main>{body}</main></body></html>',
        mimetype="text/html",
    )
