/** The sample files of Debian's conntrackd package, read where they lie. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { loadReplication } from "../../../support/conntrackd-files.ts";
import { codesOf } from "../../../support/keepalived-files.ts";

const FOLDER = "/usr/share/doc/conntrackd/examples";
const present = existsSync(FOLDER);
const sample = (name: string): string =>
  readFileSync(path.join(FOLDER, name, "conntrackd.conf"), "utf8");

if (!present)
  test.skip(`the samples are not installed: apt-get install conntrackd puts them into ${FOLDER}`);

describe.runIf(present)("the samples of conntrackd", () => {
  test.each([
    ["sync/ftfw", { type: "ftfw", externalCache: true, ackWindowSize: 300 }],
    ["sync/notrack", { type: "notrack", externalCache: true, internalCache: true }],
    ["sync/alarm", { type: "alarm", refreshTime: 15_000_000, cacheTimeout: 180_000_000 }],
  ])("%s is read without a finding", (name, mode) => {
    const { config, diagnostics } = loadReplication(sample(name));
    expect(diagnostics).toEqual([]);
    expect(config?.mode).toMatchObject(mode);
    expect(config?.channels).toEqual([
      {
        transport: "multicast",
        isDefault: false,
        interface: "eth2",
        address: "225.0.0.50",
        peer: "192.168.100.100",
        port: 3780,
        sendBuffer: 1_249_280,
        receiveBuffer: 1_249_280,
        checksum: true,
        errorQueueLength: 128,
      },
    ]);
    expect(config?.filter.protocols).toEqual({ policy: "accept", entries: [6, 132, 33] });
    expect(config?.filter.addresses?.entries).toHaveLength(6);
  });

  test("stats asks for what Duet does not do", () => {
    const { config, diagnostics } = loadReplication(sample("stats"));
    expect(config).toBeUndefined();
    expect(codesOf(diagnostics).toSorted()).toEqual([
      "error section-missing",
      "warning not-supported",
    ]);
  });
});
