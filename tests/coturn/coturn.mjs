// Debian's coturn on a free port of this machine, and its own client; every wait has a bound.

import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const HOST = "127.0.0.1";
const START_MS = 20_000;
const STOP_MS = 20_000;
const CLIENT_MS = 30_000;

/** A TURN server that shares `secret` with whoever makes its credentials. */
export class Coturn {
  #process;
  #exited;
  #folder = mkdtempSync(join(tmpdir(), "pixelgate-coturn-"));
  log = "";

  static async start(secret) {
    const coturn = new Coturn();
    coturn.port = await freePort();
    coturn.#run(secret);
    try {
      await coturn.#listens();
    } catch (error) {
      await coturn.stop();
      throw error;
    }
    return coturn;
  }

  /** Its URL, for WebRTC. */
  get url() {
    return `turn:${HOST}:${this.port}?transport=udp`;
  }

  #run(secret) {
    const own = (name) => join(this.#folder, name);
    const options = [
      ["-n", "--no-cli", "--no-tcp", "--no-tls", "--no-dtls", "--fingerprint", "--allow-loopback-peers"],
      ["--listening-ip", HOST, "--relay-ip", HOST, "--listening-port", String(this.port)],
      ["--use-auth-secret", "--static-auth-secret", secret, "--realm", "pixelgate.example"],
      ["--log-file", "stdout", "--verbose", "--pidfile", own("pid"), "--userdb", own("db")],
    ];
    this.#process = spawn("turnserver", options.flat(), { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (this.log += text));
    }
    this.#exited = once(this.#process, "close");
  }

  /** Until it answers a binding request (RFC 8489 §6). */
  async #listens() {
    const asked = Buffer.concat([Buffer.from("000100002112a442", "hex"), Buffer.alloc(12, 7)]);
    const socket = createSocket("udp4");
    let answered = false;
    socket.on("message", () => (answered = true)).on("error", () => {});
    for (const until = Date.now() + START_MS; !answered; await pause(50)) {
      if (Date.now() > until || this.#process.exitCode !== null) throw new Error(`coturn does not start: ${this.log}`);
      socket.send(asked, this.port, HOST);
    }
    socket.close();
  }

  /** Whether its own client gets an allocation, a permission and its data through with that name and password. */
  async allocates(username, credential) {
    const words = ["-y", "-c", "-n", "2", "-m", "1", "-p", String(this.port), "-u", username, "-w", credential, HOST];
    const client = spawn("turnutils_uclient", words, { stdio: ["ignore", "pipe", "pipe"], timeout: CLIENT_MS });
    let said = "";
    for (const stream of [client.stdout, client.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
    const [code, signal] = await once(client, "close");
    if (signal) throw new Error(`turnutils_uclient does not end: ${said}`);
    if (code === 0 && /Total lost packets 0 /.test(said)) return true;
    // Nothing else may be the reason.
    if (!/Cannot complete Allocation/.test(said)) throw new Error(said);
    if (!this.log.includes(`user <${username}>: incoming packet message processed, error 401`)) throw new Error(this.log);
    return false;
  }

  async stop() {
    this.#process.kill("SIGTERM");
    const [code] = await Promise.race([this.#exited, pause(STOP_MS, ["late"], { ref: false })]);
    if (code === "late") this.#process.kill("SIGKILL");
    await this.#exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A UDP port that is free now. */
async function freePort() {
  const socket = createSocket("udp4").bind(0, HOST);
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  return port;
}
