// A player that takes the wanted (`?id=`) or the first streamer, shows its video and echoes its data channels.

import { candidateMessage, join, page, query, show } from "./page.js";

const LIST_AGAIN_MS = 1000;

let options = {};
let connection = null;

/** Frames of video decoded so far. */
page.framesDecoded = async () => {
  if (!connection) return 0;
  for (const report of (await connection.getStats()).values()) {
    if (report.type === "inbound-rtp" && report.kind === "video") return report.framesDecoded ?? 0;
  }
  return 0;
};

function listStreamers() {
  page.send({ type: "listStreamers" });
}

function subscribe({ ids }) {
  const wanted = query.get("id") ?? ids[0];
  if (!ids.includes(wanted)) {
    show("no streamer");
    setTimeout(listStreamers, LIST_AGAIN_MS);
    return;
  }
  page.send({ type: "subscribe", streamerId: wanted });
  show("subscribed");
}

async function answer({ sdp }) {
  connection?.close();
  connection = new RTCPeerConnection(options);
  connection.onicecandidate = (event) => {
    const message = candidateMessage(event);
    if (message) page.send(message);
  };
  connection.ontrack = ({ track, streams }) => {
    if (track.kind === "video") document.getElementById("video").srcObject = streams[0] ?? new MediaStream([track]);
  };
  connection.ondatachannel = ({ channel }) => echo(channel);
  connection.onconnectionstatechange = () => show(connection.connectionState);
  await connection.setRemoteDescription({ type: "offer", sdp });
  await connection.setLocalDescription();
  page.send({ type: "answer", sdp: connection.localDescription.sdp });
}

function echo(channel) {
  channel.onmessage = ({ data }) => {
    page.received.push(data);
    channel.send(data);
  };
}

await join("player", {
  config: ({ peerConnectionOptions }) => (options = peerConnectionOptions),
  streamerList: subscribe,
  subscribeFailed: ({ message }) => show(message),
  offer: answer,
  iceCandidate: ({ candidate }) => connection?.addIceCandidate(candidate),
});
listStreamers();
