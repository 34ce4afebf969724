#!/usr/bin/env node
// `node scripts/bench.mjs failover [--quick] [--case NAME]`: builds Duet, sees to its peers, and runs one benchmark in namespaces
// that end with it. Vitest's loader runs the TypeScript as it stands; what is measured are other processes.
// `--conntrack-max N` gives the kernel's flow table that much room meanwhile, which can be done from outside of them only.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { missingPeers } from "./peers.mjs";
import {
  build,
  checkMachine,
  guarded,
  installDebianPackages,
  installPackages,
  Refusal,
  root,
} from "./prepare.mjs";

const CONNTRACK_MAX = "/proc/sys/net/netfilter/nf_conntrack_max";

const [name = "failover", ...words] = process.argv.slice(2);
const room = takeOption("--conntrack-max");

await guarded("bench", async () => {
  checkMachine();
  if (process.getuid() !== 0)
    throw new Refusal(
      "benchmarks want real-time scheduling and networks of their own: run as root.",
    );
  await installPackages();
  await build();
  await installDebianPackages(missingPeers());
  const { isSealed, runSealed, stopSignal } = await import(
    new URL("../dist/lab/seal.js", import.meta.url)
  );
  if (!isSealed())
    return withRoom(() => runSealed(process.argv.slice(1), "node scripts/bench.mjs"));
  // A /run of its own, which is gone with all files in it however this ends.
  process.env.TMPDIR = "/run";
  stopSignal().addEventListener("abort", () => process.exit(1));
  return measure();
});

/** Takes an option and its value out of `words`; undefined when it is not there. */
function takeOption(option) {
  const at = words.indexOf(option);
  return at === -1 ? undefined : (words.splice(at, 2)[1] ?? "");
}

async function withRoom(work) {
  if (room === undefined) return work();
  if (!/^[1-9]\d{0,8}$/.test(room))
    throw new Refusal(`--conntrack-max wants a number of flows, and not "${room}".`);
  if (!existsSync(CONNTRACK_MAX))
    throw new Refusal("the kernel has no flow table yet: modprobe nf_conntrack");
  const before = readFileSync(CONNTRACK_MAX, "latin1");
  writeFileSync(CONNTRACK_MAX, room);
  try {
    return await work();
  } finally {
    writeFileSync(CONNTRACK_MAX, before);
  }
}

async function measure() {
  // It is there only now: a fresh clone has no packages before installPackages().
  const { createViteServer } = await import("vitest/node");
  const server = await createViteServer({
    root,
    configFile: false,
    logLevel: "error",
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  });
  try {
    const { main } = await server.ssrLoadModule(`/bench/${name}.ts`);
    return await main(words);
  } finally {
    await server.close();
  }
}
