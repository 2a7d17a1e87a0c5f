"""The gateway behind nginx, HAProxy and Caddy as the documentation says: TLS ends there, below a path prefix."""

import asyncio
import json
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request

from websockets.asyncio.client import connect

from gateway import Gateway, within
from peer import Peer
from proxies import PROXIES, certificate, folder_of, gateway_configuration, running

# A loopback address that no other peer here has.
FAR_AWAY = "127.0.0.2"
# The timeouts of the proxies are 60 s.
IDLE_S = 70
WAIT_S = 10


def trust_anyone():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def fetch(url):
    """Status, text and final URL."""

    def ask():
        try:
            with urllib.request.urlopen(url, context=trust_anyone(), timeout=WAIT_S) as answer:
                return answer.status, answer.read().decode(), answer.geturl()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), url

    return await asyncio.to_thread(ask)


class Behind:
    """A gateway, and a proxy before it on port `port`."""

    def __init__(self, gateway, port, fingerprint):
        self.gateway = gateway
        self.fingerprint = fingerprint
        self.url = f"https://127.0.0.1:{port}/pixelstream"
        self.socket = f"wss://127.0.0.1:{port}/pixelstream/player"

    async def player(self):
        """A player from an address of its own, whose library answers pings and sends none."""
        options = {"ssl": trust_anyone(), "local_addr": (FAR_AWAY, 0), "compression": None, "ping_interval": None}
        return await within(WAIT_S, "the player's connection", connect(self.socket, **options))


async def with_each(folder, check):
    """Does the same behind every proxy, at once."""
    async def behind(name):
        place = folder / name
        place.mkdir()
        fingerprint = certificate(place)
        folder_of(place)
        async with Gateway.of_file(gateway_configuration(place)) as gateway:
            host, port = gateway.addresses["proxied"]
            async with running(name, place, f"{host}:{port}") as port:
                await check(name, Behind(gateway, port, fingerprint))

    await asyncio.gather(*map(behind, PROXIES))


async def hears(player, kind):
    message = json.loads(await within(WAIT_S, f"the player hears {kind}", player.recv()))
    assert message["type"] == kind, message
    return message


async def outlives_the_timeout(name, behind):
    host, port = behind.gateway.addresses["streamer"]
    async with connect(f"ws://{host}:{port}", compression=None) as streamer, await behind.player() as player:
        await hears(streamer, "config")
        await hears(streamer, "identify")
        await streamer.send(json.dumps({"type": "endpointId", "id": "Stage"}))
        await hears(streamer, "endpointIdConfirm")
        await hears(player, "config")
        await hears(player, "playerCount")
        await player.send(json.dumps({"type": "subscribe", "streamerId": "Stage"}))
        player_id = (await hears(streamer, "playerConnected"))["playerId"]
        await asyncio.sleep(IDLE_S)
        await streamer.send(json.dumps({"type": "offer", "sdp": "s", "playerId": player_id}))
        await hears(player, "offer")
        await player.send(json.dumps({"type": "answer", "sdp": "s"}))
        assert (await hears(streamer, "answer"))["playerId"] == player_id
        opened = re.search(r"session opened .*role=player.*", behind.gateway.log())[0]
        assert f"remote={FAR_AWAY}" in opened, f"{name}: {opened}"


def test_a_session_outlives_the_idle_timeouts_and_has_its_own_address(tmp_path):
    asyncio.run(with_each(tmp_path, outlives_the_timeout))


async def can_be_loaded(name, behind):
    status, text, address = await fetch(behind.url)
    assert (status, address) == (200, behind.url + "/"), name
    links = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert len(links) >= 3, text
    seen = set()
    while links:
        link = urllib.parse.urljoin(address, links.pop())
        if link in seen:
            continue
        seen.add(link)
        status, text, _ = await fetch(link)
        assert status == 200, f"{name}: {link}"
        if link.endswith(".js"):
            imports = re.findall(r'from "([^"]+)"', text)
            links += [urllib.parse.urljoin(link, imported) for imported in imports]
    assert len(seen) > 8, seen


def test_the_page_and_all_its_parts_are_below_the_prefix(tmp_path):
    asyncio.run(with_each(tmp_path, can_be_loaded))


async def goes_straight(name, behind):
    status, text, _ = await fetch(f"{behind.url}/transports.json")
    told = json.loads(text)
    host, port = behind.gateway.addresses["quic"]
    assert status == 200
    assert told["websocket"] == behind.socket, name
    assert told["webtransport"]["url"] == f"https://{host}:{port}/player", name
    behind.gateway.certificate_hashes.append(behind.fingerprint)
    player = await Peer.connect(behind.gateway, "webtransport", "player")
    assert json.loads(await player.next_text("config"))["type"] == "config"
    await player.close()


def test_webtransport_goes_straight_to_the_gateway(tmp_path):
    asyncio.run(with_each(tmp_path, goes_straight))


async def is_believed_of_the_proxy_alone(name, behind):
    claimed = {"X-Forwarded-For": "203.0.113.9"}
    options = {"ssl": trust_anyone(), "local_addr": (FAR_AWAY, 0), "compression": None, "additional_headers": claimed}
    async with connect(behind.socket, **options) as player:
        await hears(player, "config")
        opened = re.search(r"session opened .*role=player.*", behind.gateway.log())[0]
        assert f"remote={FAR_AWAY}" in opened, f"{name}: {opened}"


def test_what_a_client_says_of_its_address_is_not_believed(tmp_path):
    asyncio.run(with_each(tmp_path, is_believed_of_the_proxy_alone))
