"""A site of a hundred lines that 1C may exchange with: what the protocol asks of one, and no more."""

from __future__ import annotations

import io
import secrets
import threading
import zipfile

from cheroot import wsgi
from flask import Flask, Response, request
from lxml import etree

from tests.sandbox.onec.services.publication import BODIES

USER, PASSWORD = "Обмен", "пароль"
NOTHING = b'<?xml version="1.0" encoding="UTF-8"?><\xd0\xba/>'


class TinySite:
    """Gives `query` (till it is confirmed), gathers files, and reads their documents at import.

    `read` holds each import's documents, `asked` every mode with its arguments. `sessid` is issued where set.
    """

    def __init__(self):
        app = Flask("site")
        app.add_url_rule("/1c_exchange.php", view_func=self.answer, methods=["GET", "POST"])
        self.server = wsgi.Server(("127.0.0.1", 0), app.wsgi_app, numthreads=4)
        self.server.shutdown_timeout = 1
        self.server.prepare()
        self.url = f"http://127.0.0.1:{self.server.bind_addr[1]}/1c_exchange.php"
        self.thread = threading.Thread(target=self.server.serve, daemon=True)
        self.reset()

    def reset(self):
        self.query, self.empty = None, NOTHING.replace("к".encode(), "КоммерческаяИнформация".encode())
        self.zip, self.file_limit, self.sessid, self.progress = "no", 2_048_000, "", 0
        self.refusal = self.status = None
        self.kinds = ("sale", "crm", "catalog")
        self.asked, self.read, self.goods, self.files, self.cookie = [], [], [], {}, secrets.token_hex(8)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.stop()
        self.thread.join()

    def modes(self):
        return [args["mode"] for args in self.asked]

    def answer(self):
        args = request.args.to_dict()
        self.asked.append({**args, "size": len(request.get_data())})
        if self.status:
            return "", self.status
        mode = args["mode"]
        if args["type"] not in self.kinds:
            return "failure\nunknown type"
        if mode == "checkauth":
            return self.checkauth()
        if request.cookies.get("SITE") != self.cookie or args.get("sessid", "") != self.sessid:
            return "failure\nNo session"
        if self.refusal and self.refusal[0] == mode:
            return Response(self.refusal[1], mimetype="text/plain")
        return getattr(self, f"mode_{mode}")(args)

    def checkauth(self):
        login = request.authorization
        if login is None or (login.username, login.password) != (USER, PASSWORD):
            return "failure\nWrong login"
        more = f"\nsessid={self.sessid}\ntimestamp=1784106000" if self.sessid else ""
        return f"success\nSITE\n{self.cookie}{more}"

    def mode_init(self, args):
        self.files.clear()
        more = f"\nsessid={self.sessid}\nversion={args['version']}" if self.sessid else ""
        return f"zip={self.zip}\nfile_limit={self.file_limit}{more}"

    def mode_query(self, args):
        return Response(self.query or self.empty, mimetype="application/xml")

    def mode_success(self, args):
        self.query = None
        return "success"

    def mode_info(self, args):
        return Response((BODIES / "cml" / "sale_info_reply.xml").read_bytes(), mimetype="application/xml")

    def mode_file(self, args):
        self.files[args["filename"]] = self.files.get(args["filename"], b"") + request.get_data()
        return "success"

    def mode_import(self, args):
        if self.progress:
            self.progress -= 1
            return "progress\n200 of 950"
        try:
            found = self.documents(args["filename"])
            (self.goods if args["type"] == "catalog" else self.read).append(found)
        except (KeyError, zipfile.BadZipFile, zipfile.zlib.error, etree.XMLSyntaxError) as error:
            return Response(f"failure\nФайл {args['filename']} не прочитан: {type(error).__name__}".encode())
        self.files.clear()
        return "success"

    def documents(self, name):
        content = self.files.get(name)
        for packed in self.files if content is None else ():
            content = zipfile.ZipFile(io.BytesIO(self.files[packed])).read(name)
        tags = ("{*}Документ", "{*}Каталог/{*}Товары/{*}Товар", "{*}ПакетПредложений/{*}Предложения/{*}Предложение")
        root = etree.fromstring(content or b"")
        return [Document(one) for tag in tags for one in root.iterfind(f".//{tag}")]


class Document:
    """A document of a file: `text(path)` by local names, and its requisites."""

    def __init__(self, element):
        self.element = element
        rows = element.findall("{*}ЗначенияРеквизитов/{*}ЗначениеРеквизита")
        self.requisites = {one.findtext("{*}Наименование"): one.findtext("{*}Значение") for one in rows}

    def text(self, path):
        return self.element.findtext("/".join(f"{{*}}{name}" for name in path.split("/")))
