/** Time from the start of the program until it says that it listens. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { oneByOne } from "../src/lab/waiting.ts";
import { TestNet } from "../test/support/netns.ts";
import { createPeer } from "../test/support/peers.ts";
import type { Contestant } from "./report.ts";
import { configOf } from "./site.ts";

const TWO = { instances: 2, version: 2, interval: 1 } as const;

/** Seconds, one per repeat. */
export async function measureStarts(contestant: Contestant, repeats: number): Promise<number[]> {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-bench-"));
  const net = new TestNet();
  try {
    const router = net.namespace("a");
    net.cable(router, "eth0", net.namespace("b"), "eth0");
    router.ip("addr add 192.0.2.1/24 dev eth0");
    const peer = createPeer(contestant, router, path.join(folder, "router"));
    const rounds = Array.from({ length: repeats }, (_, index) => index);
    return await oneByOne(rounds, async () => {
      const before = performance.now();
      await peer.start(configOf(TWO, 100));
      const seconds = (performance.now() - before) / 1_000;
      await peer.terminate();
      return seconds;
    });
  } finally {
    net.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
