#!/usr/bin/env node
// `node scripts/bench.mjs failover [--quick] [--case NAME]`: builds Duet, sees to its peers, and runs one benchmark in namespaces
// that end with it. Vitest's loader runs the TypeScript as it stands; what is measured are other processes.
import { createViteServer } from "vitest/node";
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

const [name = "failover", ...words] = process.argv.slice(2);

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
  if (!isSealed()) return runSealed(process.argv.slice(1), "node scripts/bench.mjs");
  stopSignal().addEventListener("abort", () => process.exit(1));
  return measure();
});

async function measure() {
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
