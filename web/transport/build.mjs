// Builds the package into a folder: one ES module, one classic script, and the types.

import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));

/** The compiler's script. */
export const TSC = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");

/** Checks the types and builds into `out`. */
export async function buildInto(out) {
  execFileSync(process.execPath, [TSC, "--project", here, "--outDir", join(out, "types")], { stdio: "inherit" });
  const common = { bundle: true, target: "es2022", charset: "utf8", legalComments: "none", logLevel: "warning" };
  const entry = (name) => [join(here, "src", `${name}.ts`)];
  await build({ ...common, entryPoints: entry("index"), format: "esm", outfile: join(out, "transport.js") });
  await build({ ...common, entryPoints: entry("shim"), format: "iife", outfile: join(out, "shim.js") });
}

if (process.argv[2]) await buildInto(resolve(here, process.argv[2]));
