// What a test knows of the media in a page: the reports of its last peer connection.

/** Keeps the page's connections and channels, and when it asked for a streamer and saw its first picture. */
export function keep() {
  window.kept = { connections: [], channels: [], subscribed: null, pictured: null };
  const keepChannel = (channel) => window.kept.channels.push(channel);
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...args) {
      super(...args);
      window.kept.connections.push(this);
      this.addEventListener("datachannel", ({ channel }) => keepChannel(channel));
    }
    createDataChannel(...args) {
      const channel = super.createDataChannel(...args);
      keepChannel(channel);
      return channel;
    }
  };
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (text) {
    if (String(text).includes('"subscribe"')) window.kept.subscribed = performance.now();
    return send.call(this, text);
  };
  document.addEventListener("loadeddata", () => (window.kept.pictured ??= performance.now()), true);
}

/** Numbers of the last connection. */
export function media(page) {
  return page.evaluate(async () => {
    const reports = [...((await window.kept.connections.at(-1)?.getStats())?.values() ?? [])];
    const inbound = (kind) => reports.find((report) => report.type === "inbound-rtp" && report.kind === kind) ?? {};
    const [video, audio] = [inbound("video"), inbound("audio")];
    return {
      now: performance.now(),
      frames: video.framesDecoded ?? 0,
      freezes: video.freezeCount ?? 0,
      dropped: video.framesDropped ?? 0,
      keyframes: video.keyFramesDecoded ?? 0,
      width: video.frameWidth,
      height: video.frameHeight,
      energy: audio.totalAudioEnergy ?? 0,
    };
  });
}

/** Waits until frames are decoded one after the other; the numbers then. */
export async function advancing(page) {
  const first = await until(page, ({ frames }) => frames > 0);
  return until(page, ({ frames }) => frames > first.frames);
}

/** Lets the page be heard, as somebody who looks at it would: it asks for a click where the browser wants one. */
export async function hear(page) {
  const settled = await page.waitForFunction(() => {
    const [video, sound] = [document.querySelector("video"), document.getElementById("sound")];
    if (video.paused || (video.muted && sound.hidden)) return null;
    return video.muted ? "muted" : "heard";
  });
  if ((await settled.jsonValue()) === "muted") await page.click("#sound");
}

async function until(page, holds) {
  let seen;
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    seen = await media(page);
    if (holds(seen)) return seen;
  }
  throw new Error(`no video: ${JSON.stringify(seen)}; errors: ${page.errors}`);
}

/** The numbers once a second, `seconds` long. */
export async function sample(page, seconds) {
  const all = [await media(page)];
  for (let second = 1; second <= seconds; second += 1) {
    await page.waitForTimeout(Math.max(0, all[0].now + second * 1000 - (await page.evaluate(() => performance.now()))));
    all.push(await media(page));
  }
  return all;
}

/** What rose from each of the samples to the next. */
export const rises = (samples, name) => samples.slice(1).map((sample, index) => sample[name] - samples[index][name]);
