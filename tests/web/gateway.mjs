// Starts, stops and restarts a gateway for a test, by process id; every wait has a bound.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const BINARY = process.env.PIXELGATE_BIN ?? fileURLToPath(new URL("../../target/debug/pixelgate", import.meta.url));
const START_MS = 20_000;
const STOP_MS = 20_000;

/** A gateway on free ports; `http` and `https` are its ports. */
export class Gateway {
  #args;
  #folder = mkdtempSync(join(tmpdir(), "pixelgate-web-"));
  #process;
  #exited;
  log = "";

  /** `args` follow those that every test has. */
  static async start(...args) {
    const gateway = new Gateway();
    gateway.#args = args;
    await gateway.#run(0, 0);
    return gateway;
  }

  get page() {
    return `http://localhost:${this.http}`;
  }

  /** Starts again on the same ports. */
  async again() {
    await this.#run(this.http, this.https);
  }

  async #run(http, https) {
    const announcement = join(this.#folder, "announce.json");
    rmSync(announcement, { force: true });
    const listeners = ["--http", `localhost:${http}`, "--https", `localhost:${https}`];
    const off = ["--streamer", "off", "--sfu", "off", "--admin", "off"];
    const files = ["--cert-dir", join(this.#folder, "certs"), "--announce", announcement];
    this.#process = spawn(BINARY, ["serve", ...listeners, ...off, ...files, "--log", "debug", ...this.#args]);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (this.log += text));
    }
    this.#exited = once(this.#process, "close");
    for (const until = Date.now() + START_MS; !existsSync(announcement); await pause(20)) {
      if (Date.now() > until || this.#process.exitCode !== null) throw new Error(`no start: ${this.log}`);
    }
    const bound = JSON.parse(readFileSync(announcement, "utf8"));
    const port = (address) => Number(address.split(":").at(-1));
    Object.assign(this, { http: port(bound.http), https: port(bound.https) });
  }

  /** As an operator would; it must drain and exit with 0. */
  async stop() {
    this.#process.kill("SIGTERM");
    const [code] = await Promise.race([this.#exited, pause(STOP_MS, ["late"], { ref: false })]);
    if (code !== 0) throw new Error(`the gateway ended with ${code}: ${this.log}`);
  }

  /** As a crash would. */
  async crash() {
    this.#process.kill("SIGKILL");
    await this.#exited;
  }

  async end() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.crash();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
