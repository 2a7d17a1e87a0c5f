// Runs the program for a test, by process id; every wait has a bound.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const BINARY = process.env.PIXELGATE_BIN ?? fileURLToPath(new URL("../../target/debug/pixelgate", import.meta.url));
const WAIT_MS = 20_000;

/** A program that runs, and all that it has written. */
export class Program {
  output = "";
  #process;
  #exited;

  /** Of pixelgate, unless `args` begin with a `{ command }`. */
  constructor(...args) {
    const { command } = typeof args[0] === "object" ? args.shift() : { command: BINARY };
    this.#process = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (this.output += text));
    }
    this.#exited = once(this.#process, "close");
  }

  /** The match of the first line that has one, `after` so many characters of the output. */
  async says(pattern, after = 0) {
    for (const until = Date.now() + WAIT_MS; ; await pause(10)) {
      const match = this.output.slice(after).match(pattern);
      if (match) return match;
      if (Date.now() > until || this.#process.exitCode !== null) throw new Error(`no ${pattern}: ${this.output}`);
    }
  }

  /** How it ended by itself. */
  async code() {
    const [code] = await Promise.race([this.#exited, pause(WAIT_MS, ["late"], { ref: false })]);
    return code;
  }

  /** As an operator would; it must end in order. */
  async stop() {
    this.#process.kill("SIGTERM");
    const code = await this.code();
    if (code !== 0 || this.output.includes("panicked at")) throw new Error(`it ended with ${code}: ${this.output}`);
  }

  /** As a crash would. */
  async kill() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) this.#process.kill("SIGKILL");
    await this.#exited;
  }
}

/** `pixelgate demo` on free ports. `page` is the URL that it prints. */
export class Demo extends Program {
  #folder;

  static async start(...args) {
    const folder = mkdtempSync(join(tmpdir(), "pixelgate-demo-"));
    const listeners = ["http", "https"].flatMap((name) => [`--${name}`, "127.0.0.1:0"]);
    const off = ["streamer", "sfu", "admin"].flatMap((name) => [`--${name}`, "off"]);
    const demo = new Demo("demo", ...listeners, ...off, "--cert-dir", join(folder, "certs"), ...args);
    demo.#folder = folder;
    [, demo.page] = await demo.says(/Open\n\n {2}(http:\S+\/)\n/);
    return demo;
  }

  /** It must have lived as long as its test, and end in order. */
  async end() {
    try {
      await this.stop();
    } finally {
      await this.kill();
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }
}
