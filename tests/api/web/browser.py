"""A browser without a window: keeps cookies, follows redirects, and sends forms with the key of the page."""

from __future__ import annotations

import re
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from skillyard.api.entrance import Door, Entrance
from skillyard.api.web import build_web
from skillyard.app import App
from tests.api.asgi import Answer, call

_KEY = re.compile(r'name="form_key" value="([0-9a-f]+)"')


class Browser:
    def __init__(self, app: App) -> None:
        self._site = Entrance(app, [Door(surface=build_web(app), prefix="")])
        self.cookies: dict[str, str] = {}
        self.form_key = ""

    def get(self, path: str) -> Answer:
        return self._call("GET", path)

    def post(self, path: str, **fields: str | list[str]) -> Answer:
        """Send a form with the key of the page that was last seen."""
        return self._call("POST", path, urlencode({"form_key": self.form_key, **fields}, doseq=True).encode())

    def sign_in(self, username: str, password: str) -> Answer:
        self.get("/sign-in")
        return self.post("/sign-in", username=username, password=password)

    def _call(self, method: str, path: str, body: bytes = b"") -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"cookie": cookies, "content-type": "application/x-www-form-urlencoded"}
        answer = call(self._site, method, path, headers=headers, chunks=[body])
        for name, morsel in SimpleCookie(answer.headers.get("set-cookie", "")).items():
            self.cookies[name] = morsel.value
        if key := _KEY.search(answer.body.decode("utf-8", "replace")):
            self.form_key = key.group(1)
        return answer
