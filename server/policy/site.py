"""The running server as anybody sees it: its pages, over HTTP."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import aiohttp

ANSWER_SECONDS = 10.0
MOST_BYTES = 8 * 1024 * 1024
MOST_FILES = 100
_LINKED = re.compile(r"""(?:src|href)\s*=\s*["']([^"'#]+)""", re.IGNORECASE)

_IMPORTED = re.compile(r"""\b(?:from|import)\s*\(?\s*["'`](\.{1,2}/[^"'`]+\.js)["'`]""")


class Unreachable(Exception):
    """The server did not answer. The message names the path and the kind of fault."""


@dataclass(frozen=True, slots=True)
class Answer:
    path: str
    status: int
    headers: dict[str, str]
    sets_cookie: bool
    text: str


class Site:
    """Asks one server. What it serves under its own certificate is believed: it is our own."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        """`url` is the server's address, such as http://127.0.0.1:7880."""
        self._http = http
        self.url = url.rstrip("/") + "/"
        self._seen: dict[str, Answer] = {}

    async def get(self, path: str) -> Answer:
        """Raises Unreachable. Asked once, however many checks want it."""
        if path not in self._seen:
            self._seen[path] = await self._ask(path)
        return self._seen[path]

    async def ask(self, method: str, path: str, content: object = None) -> Answer:
        """Any other request, each time anew; `content` goes as JSON. Raises Unreachable."""
        return await self._ask(path, method, content)

    async def pages(self) -> list[Answer]:
        """The join page, the policy, the page of people's rights, and every file that they load from here.

        Raises Unreachable.
        """
        found = [await self.get(path) for path in ("", "privacy", "rights")]
        names: set[str] = set()
        for page in found:
            names |= {self._own(link) for link in _LINKED.findall(page.text)}
        waiting = sorted(name for name in names if "." in name)  # files, not other routes
        while waiting and len(found) < MOST_FILES:
            file = await self.get(waiting.pop(0))
            found.append(file)
            if file.path.endswith(".js"):
                imported = {self._own(urljoin(file.path, one)) for one in _IMPORTED.findall(file.text)}
                waiting += sorted(imported - names)
                names |= imported
        return found

    def is_own(self, link: str) -> bool:
        """Whether a link leads to this server."""
        return link.startswith(("data:", "blob:", "mailto:")) or urljoin(self.url, link).startswith(self.url)

    def _own(self, link: str) -> str:
        parts = urlsplit(urljoin(self.url, link))
        full = f"{parts.scheme}://{parts.netloc}{parts.path}"
        return full.removeprefix(self.url) if full.startswith(self.url) else ""

    async def _ask(self, path: str, method: str = "GET", content: object = None) -> Answer:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        try:
            async with self._http.request(
                method, self.url + path, json=content, ssl=False, timeout=timeout, allow_redirects=False
            ) as answer:
                body = await answer.content.read(MOST_BYTES)
                return Answer(
                    path,
                    answer.status,
                    {name.lower(): value for name, value in answer.headers.items()},
                    "Set-Cookie" in answer.headers,
                    body.decode("utf-8", "replace"),
                )
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise Unreachable(f"/{path} does not answer ({type(error).__name__})") from None
