import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { buildInto, TSC } from "../build.mjs";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));

test("what is checked in is what the sources build", async () => {
  const fresh = mkdtempSync(join(tmpdir(), "pixelgate-transport-"));
  try {
    await buildInto(fresh);
    const names = (folder) => readdirSync(folder, { recursive: true, withFileTypes: false }).sort();
    assert.deepEqual(names(DIST), names(fresh));
    for (const name of names(fresh).filter((name) => /\.(js|ts)$/.test(name))) {
      const same = readFileSync(join(DIST, name)).equals(readFileSync(join(fresh, name)));
      assert.ok(same, `dist/${name} is old: npm run build`);
    }
  } finally {
    rmSync(fresh, { recursive: true });
  }
});

test("the example has the right types for Epic's published library", () => {
  execFileSync(process.execPath, [TSC, "--project", fileURLToPath(new URL("../examples", import.meta.url))]);
});
