// A streamer whose picture is a canvas: an offer with video and a data channel to every player that comes.

import { candidateMessage, join, page, query, show } from "./page.js";

const FRAMES_PER_SECOND = 30;

let options = {};
const connections = new Map();
const video = animate(document.getElementById("canvas"));

/** The id that the gateway gave. */
page.id = null;
/** The ids of the players that are here. */
page.players = () => [...connections.keys()];

/** Draws a moving bar, so that no frame is like the one before it. */
function animate(canvas) {
  const context = canvas.getContext("2d");
  let step = 0;
  setInterval(() => {
    context.fillStyle = `hsl(${step % 360} 80% 40%)`;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = "white";
    context.fillRect((step * 4) % canvas.width, 0, 24, canvas.height);
    step += 1;
  }, 1000 / FRAMES_PER_SECOND);
  return canvas.captureStream(FRAMES_PER_SECOND);
}

async function offer({ playerId }) {
  const connection = new RTCPeerConnection(options);
  connections.set(playerId, connection);
  for (const track of video.getTracks()) connection.addTrack(track, video);
  greet(connection.createDataChannel("input"));
  connection.onicecandidate = (event) => {
    const message = candidateMessage(event, playerId);
    if (message) page.send(message);
  };
  await connection.setLocalDescription();
  page.send({ type: "offer", sdp: connection.localDescription.sdp, playerId });
}

function greet(channel) {
  channel.onopen = () => channel.send(`hello from ${page.id}`);
  channel.onmessage = ({ data }) => page.received.push(data);
}

function forget({ playerId }) {
  connections.get(playerId)?.close();
  connections.delete(playerId);
}

await join("streamer", {
  config: ({ peerConnectionOptions }) => (options = peerConnectionOptions),
  identify: () => page.send({ type: "endpointId", id: query.get("id") ?? "TestStreamer" }),
  endpointIdConfirm: ({ committedId }) => {
    page.id = committedId;
    show("streaming");
  },
  playerConnected: offer,
  playerDisconnected: forget,
  answer: ({ playerId, sdp }) => connections.get(playerId)?.setRemoteDescription({ type: "answer", sdp }),
  iceCandidate: ({ playerId, candidate }) => connections.get(playerId)?.addIceCandidate(candidate),
});
