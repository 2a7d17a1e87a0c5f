// Starts and stops a gateway for a test, by process id, and bounds every wait.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const BINARY = resolve(
  process.env.PIXELGATE_BIN ?? fileURLToPath(new URL("../../../target/debug/pixelgate", import.meta.url)),
);
const START_MS = 20_000;
const STOP_MS = 20_000;
const LISTENERS = ["http", "https", "streamer", "sfu", "admin"];
const ANYWHERE = /^\[::1?\]:/;

/** `promise`, or an error that names `what` when it takes longer than `ms`. `what` may be a function, asked only then. */
export function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`not within ${ms} ms: ${typeof what === "function" ? what() : what}`));
    }, ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A running gateway: its addresses (`host:port`) by listener, its certificates' hashes, and its log. */
export class Gateway {
  #process;
  #exited;
  #folder;
  #log = "";

  /** Starts one on ports of its own. `args` follow the arguments that every test has. */
  static start(...args) {
    const listeners = LISTENERS.flatMap((name) => [`--${name}`, "127.0.0.1:0"]);
    const more = ["--log", "debug", ...args];
    return Gateway.#run((folder) => ["serve", ...listeners, "--cert-dir", join(folder, "certs"), ...more]);
  }

  /** Starts one in the place of the reference server, with its command line, on ports of its own. */
  static wilbur(...args) {
    const ports = ["player_port", "streamer_port", "sfu_port"].flatMap((name) => [`--${name}`, "0"]);
    return Gateway.#run(() => ["wilbur", ...ports, "--log_level_console", "debug", ...args]);
  }

  static async #run(argsIn) {
    const gateway = new Gateway();
    try {
      await gateway.#start(argsIn);
    } catch (error) {
      await gateway.#kill();
      throw new Error(`${error.message}\n${gateway.#log}`);
    }
    return gateway;
  }

  async #start(argsIn) {
    this.#folder = mkdtempSync(join(tmpdir(), "pixelgate-"));
    const announcement = join(this.#folder, "announce.json");
    const announced = appearance(announcement);
    this.#spawn([...argsIn(this.#folder), "--announce", announcement]);
    const died = this.#exited.then((how) => Promise.reject(new Error(`the gateway did not start: ${how}`)));
    try {
      await within(START_MS, "the gateway's announcement", Promise.race([announced.seen, died]));
    } finally {
      announced.stop();
    }
    Object.assign(this, JSON.parse(readFileSync(announcement, "utf8"), reachable));
  }

  #spawn(args) {
    this.#process = spawn(BINARY, args, { cwd: this.#folder, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (this.#log += text));
    }
    this.#exited = once(this.#process, "close").then(
      ([code, signal]) => (signal ? `signal ${signal}` : `exit code ${code}`),
      (error) => error.message,
    );
  }

  /** What the gateway has written. */
  get log() {
    return this.#log;
  }

  /** Stops it as an operator would; it must drain, exit with 0 and never have panicked. */
  async stop() {
    this.#process.kill("SIGTERM");
    try {
      const how = await within(STOP_MS, "the gateway's end after SIGTERM", this.#exited);
      if (how !== "exit code 0") throw new Error(`the gateway ended with ${how}`);
      if (/panicked at/.test(this.#log)) throw new Error("the gateway panicked");
    } catch (error) {
      throw new Error(`${error.message}\n${this.#log}`);
    } finally {
      await this.#kill();
    }
  }

  async #kill() {
    if (this.#process?.exitCode === null && this.#process.signalCode === null) this.#process.kill("SIGKILL");
    await this.#exited;
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A listener on every address of the machine is announced at one of them; this is another. */
function reachable(_, value) {
  return typeof value === "string" ? value.replace(ANYWHERE, "127.0.0.1:") : value;
}

/** Waits for a file that is renamed into place. */
function appearance(path) {
  const folder = join(path, "..");
  let watcher;
  const seen = new Promise((resolve, reject) => {
    watcher = watch(folder, () => existsSync(path) && resolve());
    watcher.on("error", reject);
  });
  return { seen, stop: () => watcher.close() };
}
