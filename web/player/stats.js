// What `RTCPeerConnection.getStats()` tells, as the few numbers that people ask for. Pure.

/** `reports` is an iterable of stats objects; `before` an earlier result, for what is counted per second. */
export function measure(reports, before = null) {
  const all = [...reports];
  const byId = new Map(all.map((report) => [report.id, report]));
  const video = all.find(({ type, kind }) => type === "inbound-rtp" && kind === "video") ?? {};
  const audio = all.find(({ type, kind }) => type === "inbound-rtp" && kind === "audio") ?? {};
  const pair = selectedPair(all, byId) ?? {};
  const raw = {
    at: video.timestamp ?? pair.timestamp ?? 0,
    bytes: (video.bytesReceived ?? 0) + (audio.bytesReceived ?? 0),
    frames: video.framesDecoded ?? 0,
    received: video.packetsReceived ?? 0,
    lost: video.packetsLost ?? 0,
    buffered: video.jitterBufferDelay ?? 0,
    emitted: video.jitterBufferEmittedCount ?? 0,
    processed: video.totalProcessingDelay ?? 0,
  };
  return { ...now(video, pair, byId), ...since(raw, before?.raw ?? null), raw };
}

function now(video, pair, byId) {
  return {
    framesDecoded: video.framesDecoded ?? 0,
    width: video.frameWidth ?? null,
    height: video.frameHeight ?? null,
    codec: byId.get(video.codecId)?.mimeType?.replace(/^video\//, "") ?? null,
    /** Network round trip, in ms. */
    roundTrip: pair.currentRoundTripTime === undefined ? null : pair.currentRoundTripTime * 1000,
    route: route(pair, byId),
  };
}

/** Rates since the measurement before; null when there is none, or when a new connection has begun to count anew. */
function since(raw, before) {
  const seconds = before ? (raw.at - before.at) / 1000 : 0;
  if (seconds <= 0 || raw.bytes < before.bytes || raw.frames < before.frames) {
    return { frameRate: null, bitrate: null, loss: null, delay: null };
  }
  const frames = raw.frames - before.frames;
  const lost = Math.max(0, raw.lost - before.lost);
  const expected = raw.received - before.received + lost;
  const emitted = raw.emitted - before.emitted;
  return {
    frameRate: frames / seconds,
    /** Bits per second. */
    bitrate: ((raw.bytes - before.bytes) * 8) / seconds,
    /** 0..1. */
    loss: expected > 0 ? lost / expected : 0,
    /** From a frame's first packet to its decoded picture, in ms: what this side adds. */
    delay:
      raw.processed > before.processed && frames > 0
        ? ((raw.processed - before.processed) / frames) * 1000
        : emitted > 0
          ? ((raw.buffered - before.buffered) / emitted) * 1000
          : null,
  };
}

function selectedPair(all, byId) {
  const transport = all.find(({ type, selectedCandidatePairId }) => type === "transport" && selectedCandidatePairId);
  if (transport) return byId.get(transport.selectedCandidatePairId);
  // Firefox has no transport reports.
  return all.find(
    ({ type, selected, nominated, state }) =>
      type === "candidate-pair" && (selected ?? (nominated && state === "succeeded")),
  );
}

function route({ localCandidateId, remoteCandidateId }, byId) {
  const [local, remote] = [byId.get(localCandidateId), byId.get(remoteCandidateId)];
  return local && remote ? `${local.candidateType} → ${remote.candidateType}, ${local.protocol}` : null;
}

/** Lines of the panel, `[name, value]`. */
export function lines(stats) {
  const { width, height, codec, frameRate, bitrate, loss, roundTrip, delay, route } = stats;
  return [
    ["Picture", width ? `${width} × ${height}${codec ? `, ${codec}` : ""}` : null],
    ["Frame rate", frameRate === null ? null : `${frameRate.toFixed(0)} per second`],
    ["Bitrate", bitrate === null ? null : bits(bitrate)],
    ["Packets lost", loss === null ? null : `${(loss * 100).toFixed(1)} %`],
    ["Network round trip", roundTrip === null ? null : `${ms(roundTrip)}`],
    ["Receive and decode", delay === null ? null : ms(delay)],
    ["Latency, about", roundTrip === null || delay === null ? null : ms(roundTrip / 2 + delay)],
    ["Media route", route],
  ].map(([name, value]) => [name, value ?? "–"]);
}

function bits(perSecond) {
  return perSecond >= 1e6 ? `${(perSecond / 1e6).toFixed(1)} Mbit/s` : `${(perSecond / 1e3).toFixed(0)} kbit/s`;
}

export function ms(value) {
  return value < 10 ? `${value.toFixed(1)} ms` : `${value.toFixed(0)} ms`;
}
