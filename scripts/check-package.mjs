#!/usr/bin/env node
// Is what users would install sound? Packs the package, installs the tarball into an empty folder without running any install
// script, and uses it: the program answers, checks an example, loads its system call layer, and the library can be imported.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { root } from "./prepare.mjs";

const folder = mkdtempSync(path.join(os.tmpdir(), "duet-package-"));
const run = (program, parameters, cwd = folder) =>
  execFileSync(program, parameters, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });

try {
  const [packed] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", folder], root));
  writeFileSync(path.join(folder, "package.json"), '{"private":true,"type":"module"}');
  run("npm", [
    "install",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    path.join(folder, packed.filename),
  ]);
  const duet = path.join(folder, "node_modules", ".bin", "duet");
  const version = run(duet, ["--version"]).trim();
  run(path.join(folder, "node_modules", ".bin", "conntrackd"), ["-v"]);
  run(process.execPath, [
    "--input-type=module",
    "-e",
    'import { ControlClient } from "duet-router"; if (typeof ControlClient !== "function") process.exit(1);',
  ]);
  run(process.execPath, ["--input-type=module", "-e", 'await import("koffi");']);
  const size = Math.round(packed.unpackedSize / 1024);
  process.stdout.write(
    `package ${packed.filename}: ${packed.files.length} files, ${size} kB, duet ${version} runs\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
