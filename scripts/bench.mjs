#!/usr/bin/env node
// `node scripts/bench.mjs failover [--quick] [--case NAME]`: builds Duet, sees to its peers, and runs one benchmark. Vitest's
// loader runs the TypeScript as it stands; what is measured are other processes.
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

await guarded("bench", async () => {
  const [name = "failover", ...words] = process.argv.slice(2);
  checkMachine();
  if (process.getuid() !== 0)
    throw new Refusal("benchmarks build networks of namespaces: run as root.");
  await installPackages();
  await build();
  await installDebianPackages(missingPeers());
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
});
