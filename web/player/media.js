// The peer connection to a streamer or an SFU: answers offers, trades candidates, opens the data channel.

import { diagnose, kindOf, kindsIn, undecodable } from "./diagnosis.js";
import { measure } from "./stats.js";

/** From the answer to a connection. Relays over TCP take several seconds. */
const CONNECT_MS = 15_000;

export class Media {
  #options;
  #handlers;
  #connection = null;
  #channel = null;
  #stream = null;
  #deadline = null;
  #kinds = { here: [], there: [] };
  #last = null;
  #order = Promise.resolve();

  /**
   * `options` are those of `RTCPeerConnection`. `handlers`: `send(message)` to the gateway, `onStream(stream)`,
   * `onConnecting()`, `onInterrupted(yes)`, `onFailed(diagnosis)`, `onChannel()` and `onData(buffer)`.
   */
  constructor(options, handlers) {
    this.#options = options;
    this.#handlers = handlers;
  }

  /** Deals with a signalling message after those before it: a candidate must not overtake its offer. */
  take(message) {
    const handler = { offer: this.#offer, iceCandidate: this.#candidate, peerDataChannels: this.#channels }[
      message.type
    ];
    if (!handler) return;
    this.#order = this.#order
      .then(() => handler.call(this, message))
      .catch((error) => {
        // What fails because the connection was closed meanwhile is no error.
        if (this.#connection) console.error(message.type, error);
      });
  }

  /** Sends bytes to the streamer; what is only worth something now is dropped rather than queued. */
  send(bytes, droppable = false) {
    if (this.#channel?.readyState !== "open" || (droppable && this.#channel.bufferedAmount > 1 << 16)) return false;
    this.#channel.send(bytes);
    return true;
  }

  /** The numbers of now, or null without a connection. */
  async stats() {
    const connection = this.#connection;
    if (!connection) return null;
    const reports = await connection.getStats();
    if (connection === this.#connection) this.#last = measure(reports.values(), this.#last);
    return this.#last;
  }

  /** Frames of the picture so far. Leaves the rates of `stats` alone, which run from one call of it to the next. */
  async framesDecoded() {
    return this.#connection ? measure((await this.#connection.getStats()).values()).framesDecoded : 0;
  }

  close() {
    clearTimeout(this.#deadline);
    this.#connection?.close();
    this.#connection = this.#channel = this.#stream = this.#last = null;
  }

  async #offer({ sdp, sfu }) {
    if (!continues(this.#connection, sdp)) this.#begin();
    const connection = this.#connection;
    this.#kinds.there.push(...kindsIn(sdp));
    await connection.setRemoteDescription({ type: "offer", sdp });
    const answer = await connection.createAnswer();
    await connection.setLocalDescription({ type: "answer", sdp: inStereo(answer.sdp) });
    if (connection !== this.#connection) return;
    this.#handlers.send({ type: "answer", sdp: connection.localDescription.sdp });
    if (sfu) this.#handlers.send({ type: "dataChannelRequest" });
    const lacking = undecodable(sdp, answer.sdp);
    if (lacking) this.#fail(lacking);
  }

  #begin() {
    this.close();
    this.#kinds = { here: [], there: [] };
    this.#stream = new MediaStream();
    const connection = (this.#connection = new RTCPeerConnection(this.#options));
    connection.onicecandidate = ({ candidate }) => this.#found(candidate);
    connection.ontrack = ({ track, receiver }) => this.#track(track, receiver);
    connection.ondatachannel = ({ channel }) => this.#use(channel);
    connection.onconnectionstatechange = () => this.#changed(connection.connectionState);
    this.#deadline = setTimeout(() => this.#failed(), CONNECT_MS);
    this.#handlers.onConnecting();
  }

  #track(track, receiver) {
    // What is on the way is to be seen as soon as it is there.
    receiver.jitterBufferTarget = 0;
    this.#stream.addTrack(track);
    this.#handlers.onStream(this.#stream);
  }

  #found(candidate) {
    // The end of candidates is not sent.
    if (!candidate?.candidate) return;
    this.#kinds.here.push(kindOf(candidate.candidate));
    this.#handlers.send({ type: "iceCandidate", candidate: candidate.toJSON() });
  }

  async #candidate({ candidate }) {
    if (!this.#connection || !candidate?.candidate) return;
    this.#kinds.there.push(kindOf(candidate.candidate));
    await this.#connection.addIceCandidate(candidate);
  }

  /** An SFU names the ids of channels that both sides open by themselves. */
  #channels({ sendStreamId, recvStreamId }) {
    if (!this.#connection) return;
    const open = (label, id) => this.#connection.createDataChannel(label, { ordered: true, negotiated: true, id });
    if (sendStreamId === recvStreamId) return this.#use(open("datachannel", sendStreamId));
    const incoming = open("recv-datachannel", recvStreamId);
    this.#use(open("send-datachannel", sendStreamId));
    incoming.binaryType = "arraybuffer";
    incoming.onmessage = ({ data }) => this.#data(data);
    incoming.onopen = () => this.#handlers.send({ type: "peerDataChannelsReady" });
  }

  #use(channel) {
    this.#channel = channel;
    channel.binaryType = "arraybuffer";
    channel.onmessage = ({ data }) => this.#data(data);
    if (channel.readyState === "open") this.#handlers.onChannel();
    else channel.onopen = () => this.#handlers.onChannel();
  }

  #data(data) {
    if (data instanceof ArrayBuffer) this.#handlers.onData(data);
  }

  #changed(state) {
    if (state === "connected") clearTimeout(this.#deadline);
    if (state === "failed") return this.#failed();
    this.#handlers.onInterrupted(state === "disconnected");
  }

  #failed() {
    const turn = JSON.stringify(this.#options.iceServers ?? []).includes("turn");
    this.#fail(diagnose({ ...this.#kinds, turn }));
  }

  #fail(diagnosis) {
    this.close();
    this.#handlers.onFailed(diagnosis);
  }
}

/** Whether an offer goes on with a connection: same certificate, same ICE session or a restart of it. */
function continues(connection, sdp) {
  const fingerprint = (text) => /^a=fingerprint:(.*)$/m.exec(text ?? "")?.[1].trim();
  const before = fingerprint(connection?.remoteDescription?.sdp);
  return before !== undefined && before === fingerprint(sdp) && connection.connectionState !== "closed";
}

/** Opus is received in mono unless the answer says otherwise. */
export function inStereo(sdp) {
  const payload = /^a=rtpmap:(\d+) opus\//m.exec(sdp)?.[1];
  return payload ? sdp.replace(new RegExp(`^(a=fmtp:${payload} (?!.*\\bstereo=).*)$`, "m"), "$1;stereo=1") : sdp;
}
