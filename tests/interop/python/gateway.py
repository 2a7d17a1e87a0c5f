"""Starts and stops a gateway for a test, by process id, and bounds every wait."""

import asyncio
import contextlib
import json
import os
import pathlib
import re
import signal
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = os.path.abspath(os.environ.get("PIXELGATE_BIN", ROOT / "target/debug/pixelgate"))
START_S = 20
STOP_S = 20
LOOK_EVERY_S = 0.01
LISTENERS = ("http", "https", "streamer", "sfu", "admin")


async def within(seconds, what, awaitable):
    """The result of `awaitable`, or an error that names `what` when it takes longer."""
    try:
        return await asyncio.wait_for(awaitable, seconds)
    except asyncio.TimeoutError:
        raise AssertionError(f"not within {seconds} s: {what}") from None


class Gateway:
    """A running gateway: its addresses as (host, port) by listener, and the hashes of its certificates."""

    def __init__(self, process, folder):
        self._process = process
        self._folder = folder

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, *args):
        """Starts one on ports of its own; at the end it must drain, exit with 0 and never have panicked."""
        listeners = [argument for name in LISTENERS for argument in (f"--{name}", "127.0.0.1:0")]
        async with cls._serving(*listeners, *args) as gateway:
            yield gateway

    @classmethod
    def of_file(cls, file):
        """The same, as a configuration file says; what it does not say of listeners is on ports of their own."""
        text = file.read_text()
        unsaid = [name for name in LISTENERS if not re.search(rf"^{name} = ", text, re.MULTILINE)]
        listeners = [argument for name in unsaid for argument in (f"--{name}", "127.0.0.1:0")]
        return cls._serving("--config", file, *listeners)

    @classmethod
    def cirrus(cls, *args):
        """The same in the place of the older reference server, with its keys."""
        ports = [f"--{name}=0" for name in ("HttpPort", "StreamerPort", "SFUPort")]
        return cls._started(lambda folder: ["cirrus", *ports, "--LogToFile=false", *args])

    @classmethod
    def _serving(cls, *args):
        return cls._started(lambda folder: ["serve", "--cert-dir", folder / "certs", "--log", "debug", *args])

    @classmethod
    @contextlib.asynccontextmanager
    async def _started(cls, arguments):
        with tempfile.TemporaryDirectory(prefix="pixelgate-") as folder:
            folder = pathlib.Path(folder)
            command = [*arguments(folder), "--announce", folder / "announce.json"]
            with open(folder / "log", "wb") as log:
                process = await asyncio.create_subprocess_exec(
                    BINARY, *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder
                )
            gateway = cls(process, folder)
            try:
                await within(START_S, "the gateway's announcement", gateway._announced())
                yield gateway
                await gateway._stop()
            except BaseException:
                print(gateway.log())
                raise
            finally:
                await gateway._kill()

    async def _announced(self):
        announcement = self._folder / "announce.json"
        while not announcement.exists():
            assert self._process.returncode is None, f"the gateway ended with {self._process.returncode}"
            await asyncio.sleep(LOOK_EVERY_S)
        said = json.loads(announcement.read_text())
        self.certificate_hashes = said.pop("certificate_hashes")
        said |= said.pop("listeners", {})
        self.addresses = {name: _host_and_port(address) for name, address in said.items() if address}

    def log(self):
        """What the gateway has written."""
        return (self._folder / "log").read_text(errors="replace")

    async def _stop(self):
        self._process.send_signal(signal.SIGTERM)
        code = await within(STOP_S, "the gateway's end after SIGTERM", self._process.wait())
        assert code == 0, f"the gateway ended with {code}"
        assert "panicked at" not in self.log()

    async def _kill(self):
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


def _host_and_port(address):
    host, port = address.rsplit(":", 1)
    return host, int(port)
