"""Debian's Chromium without a window, driven over the DevTools protocol.

    async with launched(tmp_path) as browser:
        page = await browser.page(PHONE, dark=True)
        await page.open(url)
        await page.until("document.querySelector('h1')")
        await page.press("Tab")

Nothing here sleeps: `Page.until` waits inside the page, everything else for the browser's answer.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

BINARIES = ("chromium", "chromium-browser", "google-chrome")
START_S = 30.0  # a cold start on a busy machine
END_S = 5.0
ANSWER_S = 30.0  # the longest that a command may take, beside what it waits for
UNTIL_S = 10.0
MAX_MESSAGE = 64 * 2**20  # a screenshot of a long page is several megabytes of base64
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # tests run as root in containers; what is opened is our own page
    "--remote-debugging-port=0",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--mute-audio",
)
LISTENING = re.compile(rb"DevTools listening on (ws://\S+)")
# Times that an element is aimed at.
CLICKS = 5

# Where the middle of an element is; `wasHit` says afterwards whether the mouse was pressed there.
AIM = """
(() => {
  const element = document.querySelector(%s);
  element.scrollIntoView({ block: "center", behavior: "instant" });
  window.wasHit = false;
  element.addEventListener("pointerdown", () => (window.wasHit = true), { once: true, capture: true });
  const box = element.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
})()
"""

UNTIL = """
new Promise((done, failed) => {
  const end = performance.now() + %d;
  const look = () => {
    let value;
    try { value = %s; } catch (error) { value = null; }
    if (value) done(value === true || typeof value !== "object" ? value : true);
    else if (performance.now() > end) failed(new Error("it never came true"));
    else setTimeout(look, 20);
  };
  look();
})
"""
FROZEN = "chromium.py: frozen"
KEYS = {
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    "Space": (32, " "),
    "End": (35, ""),
    "Home": (36, ""),
    "ArrowLeft": (37, ""),
    "ArrowUp": (38, ""),
    "ArrowRight": (39, ""),
    "ArrowDown": (40, ""),
}


@dataclass(frozen=True)
class Screen:
    """The window that a page is shown in, in CSS pixels."""

    width: int
    height: int
    mobile: bool = False
    scale: float = 1.0


DESKTOP = Screen(1280, 800)
PHONE = Screen(390, 844, mobile=True)


class BrowserError(Exception):
    """The browser, or a script in the page, answered with an error."""


def binary() -> str | None:
    """Where Chromium is; None where it is not installed."""
    return next(filter(None, map(shutil.which, BINARIES)), None)


def fake_media(speech: Path | None = None) -> tuple[str, ...]:
    """Flags for a camera and a microphone that need no device; the microphone plays the WAV file, once and again."""
    flags = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    return flags if speech is None else (*flags, f"--use-file-for-fake-audio-capture={speech}")


@contextlib.asynccontextmanager
async def launched(folder: Path, flags: Sequence[str] = ()) -> AsyncIterator[Browser]:
    """A browser with a profile of its own in ``folder``, and at the end none. BrowserError if it does not start."""
    found = binary()
    if found is None:
        raise BrowserError("chromium is not installed")
    profile = f"--user-data-dir={folder / 'chromium'}"
    process = await asyncio.create_subprocess_exec(
        found, *FLAGS, profile, *flags, "about:blank", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(START_S):
            address = await _address(process)
        draining = asyncio.create_task(_drain(process))
        try:
            async with _attached(address, process.pid) as browser:
                yield browser
        finally:
            draining.cancel()
            await asyncio.gather(draining, return_exceptions=True)
    finally:
        await _end(process)


@contextlib.asynccontextmanager
async def _attached(address: str, pid: int) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession() as http, http.ws_connect(address, max_msg_size=MAX_MESSAGE) as socket:
        browser = Browser(socket, pid)
        listening = asyncio.create_task(browser.listen())
        try:
            yield browser
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


class SharedChromium:
    """A browser that many tests use, one after another: its start takes longer than most of them."""

    def __init__(self, folder: Path, flags: Sequence[str] = ()) -> None:
        self._folder, self._flags = folder, flags
        self._process: subprocess.Popen[bytes] | None = None
        self._address = ""

    @contextlib.asynccontextmanager
    async def used(self) -> AsyncIterator[Browser]:
        """The browser with a profile that nobody has used, which is gone at the end. It is started if it has ended."""
        if self._process is None or self._process.poll() is not None:
            self._start()
        assert self._process is not None
        async with _attached(self._address, self._process.pid) as browser:
            browser.profile = (await browser.send("Target.createBrowserContext"))["browserContextId"]
            try:
                yield browser
            finally:
                await browser.send("Target.disposeBrowserContext", browserContextId=browser.profile)

    def end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _start(self) -> None:
        found = binary()
        assert found is not None
        command = [found, *FLAGS, f"--user-data-dir={self._folder / 'chromium'}", *self._flags, "about:blank"]
        log = self._folder / "log"
        with log.open("wb") as writing:  # a file takes all that it says, read or not
            self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=writing)
        end = time.monotonic() + START_S
        while not (listens := LISTENING.search(log.read_bytes())):
            if self._process.poll() is not None or time.monotonic() > end:
                raise BrowserError(f"chromium did not start: {log.read_text(errors='replace')[-500:]}")
            time.sleep(0.02)
        self._address = listens[1].decode()


async def _end(process: asyncio.subprocess.Process) -> None:
    """A browser asked to end takes its children with it; one that does not answer is killed."""
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(END_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    said = b""
    while line := await process.stderr.readline():
        said += line
        if found := LISTENING.search(line):
            return found[1].decode()
    raise BrowserError(f"chromium did not start: {said.decode(errors='replace')[-500:]}")


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Keeps the pipe empty: a browser that cannot write its log stands still."""
    assert process.stderr is not None
    while await process.stderr.read(65536):
        pass


class Browser:
    """One running browser; its pages share one socket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, pid: int) -> None:
        self.pid = pid
        self.profile: str | None = None  # of new tabs; None for the one of the command line
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._pages: dict[str, Page] = {}

    async def page(self, screen: Screen = DESKTOP, *, dark: bool = False, still: bool = False) -> Page:
        """A new, empty tab. ``still`` asks pages for reduced motion. Tabs share one profile, like a person's."""
        profile = {} if self.profile is None else {"browserContextId": self.profile}
        target = await self.send("Target.createTarget", url="about:blank", **profile)
        found = await self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        page = Page(self, found["sessionId"], target["targetId"])
        self._pages[page.session] = page
        for domain in ("Page", "Runtime", "Log", "Network", "Performance"):
            await page.send(f"{domain}.enable")
        await page.show_as(screen, dark=dark, still=still)
        return page

    async def send(self, method: str, session: str | None = None, waits: float = 0.0, **params: Any) -> dict[str, Any]:
        """One command and its result, which may take ``waits`` seconds; BrowserError when the browser refuses it."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        answer = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            await self._socket.send_json(message)
            async with asyncio.timeout(ANSWER_S + waits):
                said = await answer
        except TimeoutError:
            raise BrowserError(f"no answer to {method} within {ANSWER_S + waits:.0f} s") from None
        finally:
            del self._answers[number]
        if "error" in said:
            raise BrowserError(f"{method}: {said['error']['message']}")
        result: dict[str, Any] = said["result"]
        return result

    async def listen(self) -> None:
        """Pass answers to their callers and events to their pages, until the socket closes."""
        async for message in self._socket:
            said = message.json()
            if (number := said.get("id")) is not None:
                if (answer := self._answers.get(number)) is not None and not answer.done():
                    answer.set_result(said)
            elif (page := self._pages.get(said.get("sessionId", ""))) is not None:
                page.happened(said["method"], said["params"])


@dataclass
class Page:
    """One tab. ``errors`` has what its console reported, uncaught exceptions and broken policies included; ``requests``
    every address it asked for."""

    browser: Browser
    session: str
    target: str
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    _loaded: asyncio.Event = field(default_factory=asyncio.Event)
    _frozen: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, method: str, waits: float = 0.0, **params: Any) -> dict[str, Any]:
        """One command to this tab."""
        return await self.browser.send(method, self.session, waits, **params)

    def happened(self, method: str, params: dict[str, Any]) -> None:
        """Takes an event of this tab."""
        match method:
            case "Page.loadEventFired":
                self._loaded.set()
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.errors.append(details.get("exception", {}).get("description") or details["text"])
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                self.errors.append(f"{params['entry']['text']} {params['entry'].get('url', '')}".strip())
            case "Runtime.consoleAPICalled" if params["args"] and params["args"][0].get("value") == FROZEN:
                self._frozen.set()
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "assert"):
                self.errors.append(" ".join(str(each.get("value", each)) for each in params["args"]))

    async def show_as(self, screen: Screen, *, dark: bool = False, still: bool = False) -> None:
        """The window and what its person prefers."""
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=screen.width,
            height=screen.height,
            deviceScaleFactor=screen.scale,
            mobile=screen.mobile,
        )
        wanted = {
            "prefers-color-scheme": "dark" if dark else "light",
            "prefers-reduced-motion": "reduce" if still else "no-preference",
        }
        await self.send(
            "Emulation.setEmulatedMedia", features=[{"name": name, "value": value} for name, value in wanted.items()]
        )

    async def open(self, url: str) -> None:
        """Goes there and waits until it is loaded."""
        self._loaded.clear()
        went = await self.send("Page.navigate", url=url)
        if "errorText" in went:
            raise BrowserError(f"{url}: {went['errorText']}")
        await self._until_loaded()

    async def reload(self) -> None:
        """Reload the page."""
        self._loaded.clear()
        await self.send("Page.reload")
        await self._until_loaded()

    async def _until_loaded(self) -> None:
        async with asyncio.timeout(ANSWER_S):
            await self._loaded.wait()

    async def evaluate(self, expression: str, waits: float = 0.0) -> Any:
        """What the expression, or the promise that it is, comes to. It counts as a person's doing."""
        asked = {"expression": expression, "awaitPromise": True, "returnByValue": True, "userGesture": True}
        said = await self.send("Runtime.evaluate", waits, **asked)
        if (details := said.get("exceptionDetails")) is not None:
            what = details.get("exception", {}).get("description") or details["text"]
            raise BrowserError(f"{what.splitlines()[0]} in {expression.strip()[:500]}")
        return said["result"].get("value")

    async def until(self, expression: str, seconds: float = UNTIL_S) -> Any:
        """Waits for the expression to become true, and returns it; BrowserError if it does not within the time."""
        return await self.evaluate(UNTIL % (seconds * 1000, expression), waits=seconds)

    async def text(self, selector: str) -> str:
        """The text that is to be read there; empty if there is no such element."""
        return str(await self.evaluate(f"document.querySelector({selector!r})?.innerText ?? ''"))

    async def click(self, selector: str) -> None:
        """Presses the mouse in the middle of the element, scrolled into view; again if it moved away meanwhile."""
        for _ in range(CLICKS):
            x, y = await self.evaluate(AIM % repr(selector))
            for kind in ("mousePressed", "mouseReleased"):
                await self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
            if await self.evaluate("window.wasHit !== false"):  # undefined where a click led to another page
                return
        raise BrowserError(f"{selector} cannot be hit: it moves, or something lies over it")

    async def press(self, key: str, *, shift: bool = False) -> None:
        """One of KEYS, or a letter."""
        code, text = KEYS.get(key, (ord(key[0].upper()), key))
        named = {"key": text if key == "Space" else key, "code": key, "windowsVirtualKeyCode": code}
        modifiers = 8 if shift else 0
        await self.send("Input.dispatchKeyEvent", type="keyDown", text=text, modifiers=modifiers, **named)
        await self.send("Input.dispatchKeyEvent", type="keyUp", modifiers=modifiers, **named)

    async def screenshot(self) -> bytes:
        """What is to be seen of it, as PNG."""
        return base64.b64decode((await self.send("Page.captureScreenshot", format="png"))["data"])

    async def to_front(self) -> None:
        """The tab that is looked at; others are hidden."""
        await self.send("Page.bringToFront")

    async def freeze(self, frozen: bool = True) -> None:
        """What becomes of a tab in the background, or of all of them while a laptop sleeps; False wakes it."""
        self._frozen.clear()
        if frozen:
            await self.evaluate(f"document.addEventListener('freeze', () => console.debug('{FROZEN}'), {{once: true}})")
        await self.send("Page.setWebLifecycleState", state="frozen" if frozen else "active")
        if frozen:
            async with asyncio.timeout(ANSWER_S):
                await self._frozen.wait()  # one that is woken while it still freezes never loads anything again
        else:
            other = await self.browser.send("Target.createTarget", url="about:blank")
            await self.to_front()  # from behind another tab: Chromium leaves it hidden otherwise
            await self.browser.send("Target.closeTarget", targetId=other["targetId"])

    async def metrics(self) -> dict[str, float]:
        """Chromium's own figures of this tab (`Performance.getMetrics`), times in seconds."""
        said = await self.send("Performance.getMetrics")
        return {each["name"]: each["value"] for each in said["metrics"]}

    async def close(self) -> None:
        """No more tab."""
        await self.browser.send("Target.closeTarget", targetId=self.target)
