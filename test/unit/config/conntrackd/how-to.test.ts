import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { formatDiagnostic } from "../../../../src/config/diagnostics.ts";
import { CONNTRACKD_CONF, loadReplication } from "../../../support/conntrackd-files.ts";

const TEXT = readFileSync(path.join(import.meta.dirname, "how-to.conf"), "utf8");
const SECOND = 1_000_000;

test("the configuration of the how-to gives exactly this", () => {
  expect(loadReplication(TEXT).config).toStrictEqual({
    mode: {
      type: "ftfw",
      resendQueueSize: 131_072,
      ackWindowSize: 300,
      externalCache: true,
      startupResync: false,
    },
    channels: [
      {
        transport: "udp",
        isDefault: false,
        interface: "sync",
        address: "10.255.0.1",
        peer: "10.255.0.2",
        port: 3780,
        sendBuffer: 1_249_280,
        receiveBuffer: 1_249_280,
        checksum: true,
        errorQueueLength: 128,
      },
    ],
    commitTimeout: 1_800 * SECOND,
    purgeTimeout: 5 * SECOND,
    loadsAhead: true,
    windowTracking: false,
    expectations: false,
    hashSize: 32_768,
    hashLimit: 131_072,
    netlinkBuffer: 2_097_152,
    netlinkBufferMax: 8_388_608,
    overrunResync: 30 * SECOND,
    reliableEvents: false,
    eventIterationLimit: 100,
    poll: undefined,
    filter: {
      place: "userspace",
      protocols: { policy: "accept", entries: [6, 17, 1] },
      addresses: { policy: "ignore", entries: [{ address: "127.0.0.1", length: 32 }] },
      tcpStates: undefined,
    },
    logFile: "/var/log/conntrackd.log",
    syslog: "daemon",
    lockFile: "/var/lock/conntrack.lock",
    controlSocket: "/var/run/conntrackd.ctl",
  });
});

test("its only findings are the two deprecated options, each with its line and keyword", () => {
  expect(loadReplication(TEXT).diagnostics.map((finding) => formatDiagnostic(finding))).toEqual([
    `${CONNTRACKD_CONF}:20:5: warning: Nice is deprecated and has no effect: remove it [deprecated]`,
    `${CONNTRACKD_CONF}:28:9: warning: Backlog is deprecated and has no effect: remove it [deprecated]`,
  ]);
});

test("as published, it is told what is wrong with each placeholder and what to write", () => {
  const published = TEXT.replace("10.255.0.1", '"<internal IP of this router>"')
    .replace("10.255.0.2", '"<internal IP of the other router>"')
    .replace("Interface sync", "Interface eth*")
    .replace("Nice -20", "Nice 20")
    .replace("LockFile", "Lockfile");
  const { config, diagnostics } = loadReplication(published, {
    interfaces: ["lo", "eth0", "eth1"],
  });
  expect(config).toBeUndefined();
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  expect(errors.map((finding) => formatDiagnostic(finding))).toEqual([
    `${CONNTRACKD_CONF}:9:22: error: "<internal IP of this router>" is a placeholder for this router's address on the dedicated link: write that without quotation marks and brackets, as in IPv4_address 10.255.0.1 [placeholder]`,
    `${CONNTRACKD_CONF}:10:34: error: "<internal IP of the other router>" is a placeholder for the other router's address on the dedicated link: write that without quotation marks and brackets, as in IPv4_Destination_Address 10.255.0.2 [placeholder]`,
    `${CONNTRACKD_CONF}:12:19: error: "eth*" is a pattern, and Interface takes one name (here eth0, eth1): write the one of the dedicated link, and another block of the same kind for each further link [interface-name]`,
    `${CONNTRACKD_CONF}:20:10: error: Nice takes a number with its sign, not "20"; it has no effect anyway: remove it (or write it with its sign, Nice -20) [number-invalid]`,
    `${CONNTRACKD_CONF}:25:5: error: Lockfile is not a keyword in General, capitals count: write LockFile [keyword-unknown]`,
  ]);
});

test("the configuration is frozen to its leaves", () => {
  const { config } = loadReplication(TEXT);
  expect(Object.isFrozen(config?.filter.addresses?.entries[0])).toBe(true);
});

test("carriage returns at the ends of lines change nothing", () => {
  const { config } = loadReplication(TEXT.replaceAll("\n", "\r\n"));
  expect(config).toStrictEqual(loadReplication(TEXT).config);
});
