"""Renewed certificates take effect as the operator's guide says: by certbot's hook, and where a Secret is swapped."""

import os
import re
import ssl
import subprocess

from commands import gateway
from pages import blocks
from proxies import certificate
from running import eventually

HOOK = next(block.text for block in blocks() if block.key == ("docs/operating.md", "#!/bin/sh"))


def shown(served):
    """The certificate that a handshake is shown."""
    host, port = served.addresses["https"].rsplit(":", 1)
    return ssl.get_server_certificate((host, int(port)))


def issued(folder):
    """A new certificate in a folder."""
    folder.mkdir(exist_ok=True)
    certificate(folder)
    return (folder / "fullchain.pem").read_text()


def test_the_hook_of_certbot_puts_a_renewed_certificate_in_force(tmp_path):
    lineage, tls = tmp_path / "lineage", tmp_path / "tls"
    tls.mkdir()
    issued(lineage)
    hook = replaced(HOOK, "-o root -g pixelgate ", "")
    hook = replaced(hook, "/etc/pixelgate/tls/", f"{tls}/")

    def run(reload):
        text = replaced(hook, "systemctl try-reload-or-restart pixelgate", reload)
        subprocess.run(["sh", "-c", text], env={**os.environ, "RENEWED_LINEAGE": str(lineage)}, check=True)

    run("true")
    files = ["--cert", str(tls / "fullchain.pem"), "--key", str(tls / "privkey.pem")]
    with gateway(tmp_path, *files) as served:
        before = shown(served)
        renewed = issued(lineage)
        run(f"kill -HUP {served.process.pid}")
        eventually("the renewed certificate", lambda: same(shown(served), renewed))
        assert not same(before, renewed)


def test_a_secret_that_is_swapped_takes_effect(tmp_path):
    """Kubernetes puts a new folder beside the old one and swaps a link."""
    mount = tmp_path / "tls"
    mount.mkdir()
    issued(mount / "one")
    (mount / "..data").symlink_to("one")
    for name in ("fullchain.pem", "privkey.pem"):
        (mount / name).symlink_to(f"..data/{name}")
    with gateway(tmp_path, "--cert", str(mount / "fullchain.pem"), "--key", str(mount / "privkey.pem")) as served:
        renewed = issued(mount / "two")
        assert not same(shown(served), renewed)
        (mount / "..data_tmp").symlink_to("two")
        (mount / "..data_tmp").rename(mount / "..data")
        eventually("the swapped certificate", lambda: same(shown(served), renewed))


def replaced(text, old, new):
    """What is replaced must stand there."""
    assert old in text, f"the hook no longer says {old}"
    return text.replace(old, new)


def same(one, other):
    return re.sub(r"\s", "", one) == re.sub(r"\s", "", other)
