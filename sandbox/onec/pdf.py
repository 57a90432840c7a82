"""A small real PDF of one A4 page with Russian text, as a printed form of 1C is one.

No font is embedded: the page names Arial with Cyrillic glyphs and carries the table that turns its codes back into
Unicode, so viewers show it with a font of their own and programs can read the text out of it.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

_TOP, _LEFT, _STEP = 800, 56, 18
_FIRST, _LAST = 32, 255


def pdf(lines: Sequence[str]) -> bytes:
    """One page with the lines from top to bottom; signs outside windows-1251 become question marks."""
    text = "".join(f"({_literal(line)}) Tj T*\n" for line in lines)
    content = zlib.compress(f"BT /F1 11 Tf {_STEP} TL {_LEFT} {_TOP} Td\n{text}ET\n".encode("latin-1"))
    widths = " ".join(["600"] * (_LAST - _FIRST + 1))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        _stream(content, b" /Filter /FlateDecode"),
        f"<< /Type /Font /Subtype /TrueType /BaseFont /Arial /FirstChar {_FIRST} /LastChar {_LAST} /Widths [{widths}]"
        " /FontDescriptor 6 0 R /Encoding 7 0 R /ToUnicode 8 0 R >>".encode(),
        b"<< /Type /FontDescriptor /FontName /Arial /Flags 32 /FontBBox [-665 -325 2000 1006] /ItalicAngle 0"
        b" /Ascent 905 /Descent -212 /CapHeight 716 /StemV 80 >>",
        f"<< /Type /Encoding /BaseEncoding /WinAnsiEncoding /Differences [{_glyphs()}] >>".encode(),
        _stream(_to_unicode().encode()),
    ]
    return _file(objects)


def _file(objects: Sequence[bytes]) -> bytes:
    body = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    offsets = []
    for number, one in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % count + table + trailer


def _stream(content: bytes, extra: bytes = b"") -> bytes:
    return b"<< /Length %d%b >>\nstream\n%b\nendstream" % (len(content), extra, content)


def _literal(line: str) -> str:
    """The line's windows-1251 bytes as a PDF string; brackets and backslashes are escaped."""
    raw = line.encode("cp1251", "replace").decode("latin-1")
    return raw.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _cyrillic() -> list[tuple[int, str]]:
    """Each upper code of windows-1251 that stands for a character, with that character."""
    decoded = ((code, bytes([code]).decode("cp1251", "ignore")) for code in range(128, _LAST + 1))
    return [(code, sign) for code, sign in decoded if sign]


def _glyphs() -> str:
    return " ".join(f"{code} /uni{ord(sign):04X}" for code, sign in _cyrillic())


def _to_unicode() -> str:
    plain = [(code, chr(code)) for code in range(_FIRST, 127)]
    pairs = [f"<{code:02X}> <{ord(sign):04X}>" for code, sign in plain + _cyrillic()]
    blocks = [pairs[start : start + 100] for start in range(0, len(pairs), 100)]
    maps = "\n".join(f"{len(block)} beginbfchar\n{chr(10).join(block)}\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapName /ToUnicode def\n/CMapType 2 def\n"
        f"1 begincodespacerange\n<00> <FF>\nendcodespacerange\n{maps}\nendcmap\n"
        "CMapName currentdict /CMap defineresource pop\nend\nend"
    )
