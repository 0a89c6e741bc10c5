"""A headless Chromium, driven over its DevTools pipe with the standard library alone."""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
COMMAND = shutil.which("chromium")
SHELL = shutil.which("bash")  # moves the pipe's ends to file descriptors 3 and 4, where Chromium looks for them


class Chromium:
    """One browser with one page."""

    def __init__(self, profile: Path, width: int = 1400, height: int = 900):
        ours_in, self.send_to = os.pipe()
        self.read_from, ours_out = os.pipe()
        flags = [*FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}", "about:blank"]
        self.process = subprocess.Popen(
            [str(SHELL), "-c", f'exec "$@" 3<&{ours_in} 4>&{ours_out}', "bash", str(COMMAND), *flags],
            pass_fds=(ours_in, ours_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(ours_in)
        os.close(ours_out)
        self.buffer, self.number, self.session = b"", 0, ""
        self.requests: list[str] = []
        self.errors: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command, and its answer."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.send_to, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self.number:
            if answer.get("method") == "Network.requestWillBeSent":
                self.requests.append(answer["params"]["request"]["url"])
            if answer.get("method") == "Runtime.exceptionThrown":
                self.errors.append(json.dumps(answer["params"]["exceptionDetails"])[:500])
        assert "error" not in answer, answer
        return answer["result"]

    def _next(self, seconds: float = 60) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.read_from], [], [], max(0, end - time.monotonic()))
            assert ready, "Chromium does not answer"
            read = os.read(self.read_from, 1 << 20)
            assert read, "Chromium has ended"
            self.buffer += read
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def run(self, script: str) -> Any:
        """What an expression of the page's script gives; promises are waited for."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, script: str, seconds: float = 20) -> None:
        """Waits until an expression holds."""
        end = time.monotonic() + seconds
        while not self.run(f"!!({script})"):
            assert time.monotonic() < end, f"never came true: {script}; errors: {self.errors}"
            time.sleep(0.02)

    def open(self, path: Path, fragment: str = "") -> int:
        """Opens a page; the milliseconds from the call of it until it is drawn, by the page's own clock."""
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=path.resolve().as_uri() + fragment)
        self.wait("document.body && document.body.dataset.opened")
        return int(self.run("document.body.dataset.opened"))

    def key(self, key: str) -> None:
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def mouse(self, kind: str, x: float, y: float) -> None:
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)

    def place(self, selector: str) -> tuple[float, float]:
        """The middle of an element, scrolled into sight."""
        x, y = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'nearest'});"
            "const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        return x, y

    def click(self, selector: str) -> None:
        place = self.place(selector)
        self.mouse("mousePressed", *place)
        self.mouse("mouseReleased", *place)

    def drag(self, start: str, end: str) -> None:
        """From one element to another with the button down."""
        (x0, y0), (x1, y1) = self.place(start), self.place(end)
        self.mouse("mousePressed", x0, y0)
        for share in (0.3, 0.7, 1):
            self.mouse("mouseMoved", x0 + share * (x1 - x0), y0 + share * (y1 - y0))
        self.mouse("mouseReleased", x1, y1)

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        os.close(self.send_to)
        os.close(self.read_from)
        self.process.terminate()
        self.process.wait(20)
