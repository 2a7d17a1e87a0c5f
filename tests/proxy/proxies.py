"""Real reverse proxies, with the configuration files of the documentation: only addresses and paths are put in."""

import asyncio
import contextlib
import datetime
import ipaddress
import pathlib
import socket

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway import ROOT, within

DOCS = ROOT / "docs/proxies"
LISTEN_S = 20

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {documented}
}}
"""


def documented(name, *replacements):
    """A file of the documentation; whatever is replaced must stand there."""
    text = (DOCS / name).read_text()
    for old, new in replacements:
        assert old in text, f"{name} no longer says {old}"
        text = text.replace(old, new)
    return text


def certificate(folder):
    """A certificate for this machine, with its key: `fullchain.pem`, `privkey.pem`, and `both.pem` with the two. Returns
    its hash."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=5))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "fullchain.pem").write_bytes(chain)
    (folder / "privkey.pem").write_bytes(secret)
    (folder / "both.pem").write_bytes(chain + secret)
    return made.fingerprint(hashes.SHA256()).hex()


def gateway_configuration(folder):
    """The gateway's file, on ports of its own."""
    text = documented(
        "pixelgate.toml",
        ("[::]:8443", "127.0.0.1:0"),
        ("127.0.0.1:8080", "127.0.0.1:0"),
        ("/etc/ssl/stream.example.org", str(folder)),
    )
    file = folder / "pixelgate.toml"
    file.write_text(text)
    return file


def _nginx(folder, port, gateway):
    text = documented(
        "nginx.conf",
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("127.0.0.1:8080", gateway),
        ("/etc/ssl/stream.example.org", str(folder)),
    )
    file = folder / "nginx.conf"
    file.write_text(NGINX.format(folder=folder, documented=text))
    return ["nginx", "-p", folder, "-e", "stderr", "-c", file]


def _haproxy(folder, port, gateway):
    text = documented(
        "haproxy.cfg",
        ("bind :443", f"bind 127.0.0.1:{port}"),
        ("127.0.0.1:8080", gateway),
        ("/etc/ssl/stream.example.org", str(folder)),
    )
    file = folder / "haproxy.cfg"
    file.write_text(text)
    return ["haproxy", "-db", "-f", file]


def _caddy(folder, port, gateway):
    # Its own certificates would come from an authority.
    site = f"https://127.0.0.1:{port} {{\n\ttls {folder}/fullchain.pem {folder}/privkey.pem"
    text = documented("Caddyfile", ("stream.example.org {", site), ("127.0.0.1:8080", gateway))
    file = folder / "Caddyfile"
    file.write_text("{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + text)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", file]


PROXIES = {"nginx": _nginx, "haproxy": _haproxy, "caddy": _caddy}


@contextlib.asynccontextmanager
async def running(name, folder, gateway):
    """Starts a proxy before `gateway`, an address; its own port. It is stopped by its process id."""
    port = _free_port()
    command = PROXIES[name](folder, port, gateway)
    log = folder / f"{name}.log"
    environment = {"HOME": str(folder), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    with open(log, "wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, env=environment
        )
    try:
        await within(LISTEN_S, f"{name} listens", _listens(process, port, log))
        yield port
    except BaseException:
        print(log.read_text())
        raise
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _listens(process, port, log):
    while True:
        assert process.returncode is None, log.read_text()
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def folder_of(path):
    """A folder that a proxy's own user may read too."""
    path = pathlib.Path(path)
    for place in [path, *path.parents]:
        if place.stat().st_uid == path.stat().st_uid:
            place.chmod(place.stat().st_mode | 0o055)
        if place.name.startswith("pytest-of"):
            break
    return path
