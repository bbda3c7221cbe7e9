"""Driving a headless Chromium over its debugging pipe: no port, no web socket, no other library."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--mute-audio",
    "--hide-scrollbars", "--force-device-scale-factor=1", "--remote-debugging-pipe",
)  # fmt: skip


class Chromium:
    """One browser with one tab. Commands go to file descriptor 3 of the process, answers come from 4.

    The protocol is https://chromedevtools.github.io/devtools-protocol/; messages end in a NUL.
    """

    def __init__(self, profile: Path) -> None:
        assert CHROMIUM is not None
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        # Above 4, so that neither is overwritten before it is copied.
        high = [
            os.dup2(end, 100 + place, inheritable=False) for place, end in enumerate((theirs_in, theirs_out))
        ]
        actions: list[Any] = [
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_DUP2, high[0], 3),
            (os.POSIX_SPAWN_DUP2, high[1], 4),
        ]
        arguments = [CHROMIUM, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
        self._process = os.posix_spawn(
            CHROMIUM, arguments, dict(os.environ), file_actions=actions, setpgroup=0
        )
        for end in (theirs_in, theirs_out, *high):
            os.close(end)
        self._number = 0
        self._buffer = b""
        self._messages: deque[dict[str, Any]] = deque()
        self.events: list[dict[str, Any]] = []
        self._session: str | None = None
        tab = self.send("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self.send("Target.attachToTarget", {"targetId": tab, "flatten": True})["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._out)
        os.close(self._in)
        os.killpg(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)

    def send(self, method: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One command, and its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": dict(parameters or {})}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                result: dict[str, Any] = answer["result"]
                return result

    def _receive(self, seconds: float = 60.0) -> dict[str, Any]:
        """The next message; events are kept as well."""
        while b"\0" not in self._buffer:
            assert select.select([self._in], [], [], seconds)[0], "the browser does not answer"
            piece = os.read(self._in, 1 << 20)
            assert piece, "the browser has gone"
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        if "method" in message:
            self.events.append(message)
        return message

    def open(self, address: str) -> None:
        """Load a page; returns when it has been loaded."""
        before = len(self.events)
        self.send("Page.navigate", {"url": address})
        while not any(event["method"] == "Page.loadEventFired" for event in self.events[before:]):
            self._receive()

    def run(self, script: str) -> Any:
        """The value of an expression in the page; an exception in it is an `AssertionError` here."""
        parameters = {"expression": script, "returnByValue": True, "awaitPromise": True}
        done = self.send("Runtime.evaluate", parameters)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def settle(self) -> None:
        """Wait until the page has been painted twice."""
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    def press(self, key: str) -> None:
        """Type one key."""
        text = {"text": key} if len(key) == 1 else {}
        for kind, more in (("keyDown", text), ("keyUp", {})):
            self.send("Input.dispatchKeyEvent", {"type": kind, "key": key, **more})
        self.settle()

    def click(self, selector: str) -> None:
        """Press the mouse in the middle of the first element that matches."""
        place = self.run(
            f"(() => {{ const box = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            mouse = {"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1}
            self.send("Input.dispatchMouseEvent", mouse)
        self.settle()

    def look(self, width: int, height: int, scheme: str = "light") -> None:
        """The size of the window, and which colours the user prefers."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.send("Emulation.setDeviceMetricsOverride", size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.send("Emulation.setEmulatedMedia", {"features": [feature]})

    def complaints(self) -> list[Any]:
        """Everything that the console or the log would show, and every exception."""
        words = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [event["params"] for event in self.events if event["method"] in words]

    def requests(self) -> list[str]:
        """The address of everything that was asked for."""
        asked = [event for event in self.events if event["method"] == "Network.requestWillBeSent"]
        return [str(event["params"]["request"]["url"]) for event in asked]

    def screenshot(self) -> bytes:
        """The window as a PNG."""
        import base64

        return base64.b64decode(self.send("Page.captureScreenshot", {"format": "png"})["data"])


def wait_until(browser: Chromium, condition: str, seconds: float = 10.0) -> None:
    """Wait for an expression of the page to be true."""
    end = time.monotonic() + seconds
    while not browser.run(condition):
        assert time.monotonic() < end, condition
        time.sleep(0.02)
