/** Whatever the pair is like, the rendered files are read without a finding, and say what is derived from the pair. */
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { type Duration, seconds } from "../../src/base/time.ts";
import type { Diagnostic } from "../../src/config/diagnostics.ts";
import type { Model } from "../../src/config/model.ts";
import { deriveModel } from "../../src/config/pair/derive.ts";
import type { PairConfig } from "../../src/config/pair/model.ts";
import { conntrackdRemarks, renderConntrackd } from "../../src/render/conntrackd.ts";
import { isKeepalivedIncomplete, renderKeepalived } from "../../src/render/keepalived.ts";
import { wholeSeconds } from "../../src/render/words.ts";
import type { ReplicationConfig } from "../../src/replication/config.ts";
import { loadReplication } from "../support/conntrackd-files.ts";
import { loadText, modelOf } from "../support/keepalived-files.ts";
import { pairConfig } from "../support/pair-arbitrary.ts";
import { loaded } from "../support/pair-values.ts";

// Machines that run the suite may be busy with something else.
vi.setConfig({ testTimeout: 60_000 });

const SECRET = new TextEncoder().encode("a secret that both routers have\n");
/** They are about the pair and not about how it is written. */
const EXPECTED = new Set(["clear-text-password"]);

const unexpected = (diagnostics: readonly Diagnostic[]): readonly Diagnostic[] =>
  diagnostics.filter(({ code }) => !EXPECTED.has(code));

const namesOf = ({ routers }: PairConfig): readonly string[] => routers.map(({ name }) => name);

describe("keepalived.conf of any pair", () => {
  test("is read without a finding", () => {
    fc.assert(
      fc.property(pairConfig, (pair) => {
        for (const node of namesOf(pair)) {
          const text = renderKeepalived(pair, node, SECRET);
          expect(unexpected(loadText(text).diagnostics), text).toEqual([]);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("says what is derived from the pair", () => {
    fc.assert(
      fc.property(pairConfig, (random) => {
        const pair = inWholeSeconds(random);
        fc.pre(!isKeepalivedIncomplete(pair, SECRET));
        for (const node of namesOf(pair)) {
          const text = renderKeepalived(pair, node, SECRET);
          const { model } = deriveModel(loaded(pair), node, SECRET);
          expect(comparable(modelOf(text)), text).toEqual(comparable(model));
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("conntrackd.conf of any pair that replicates", () => {
  test("says what is derived from the pair, and is read without a finding", () => {
    fc.assert(
      fc.property(pairConfig, (random) => {
        const pair = inWholeSeconds(random);
        for (const node of namesOf(pair)) {
          const { replication } = deriveModel(loaded(pair), node, SECRET);
          fc.pre(replication !== undefined && conntrackdRemarks(pair, node).length === 0);
          const text = renderConntrackd(pair, node);
          const { config, diagnostics } = loadReplication(text);
          expect(diagnostics, text).toEqual([]);
          expect(comparableReplication(config), text).toEqual(comparableReplication(replication));
        }
      }),
      { numRuns: 100 },
    );
  });
});

/** keepalived's checks take whole seconds. */
const inWholeSeconds = (pair: PairConfig): PairConfig => ({
  ...pair,
  tracking: {
    ...pair.tracking,
    checks: pair.tracking.checks.map((check) =>
      check.type === "script"
        ? { ...check, interval: rounded(check.interval), timeout: rounded(check.timeout) }
        : check,
    ),
  },
});

const rounded = (span: Duration): Duration => seconds(wholeSeconds(span));

/** Without what keepalived does not know, where things stand, and the script that moves the connections. */
function comparable(model: Model): unknown {
  const { fencing: _, stateTransfer: __, ...vrrp } = model.vrrp;
  const { positions: ___, instanceNotify, groupNotify, ...rest } = model;
  const notify = (all: Model["groupNotify"]): unknown =>
    Object.entries(all).map(([name, { master, backup, fault, stop }]) => [
      name,
      [master, backup, fault, stop].map((command) => hookOf(command?.argv ?? [])),
    ]);
  const value = { ...rest, vrrp, notify: [notify(instanceNotify), notify(groupNotify)] };
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) =>
      key === "at" || (key === "user" && inner === "root") ? undefined : inner,
    ),
  );
}

const hookOf = (argv: readonly string[]): readonly string[] =>
  argv[0] === "/etc/duet/notify.sh" ? argv.slice(2) : argv;

/** Without the files that one conntrackd on a machine needs. */
function comparableReplication(config: ReplicationConfig | undefined): unknown {
  if (config === undefined) return undefined;
  const { lockFile: _, controlSocket: __, syslog: ___, loadsAhead: ____, ...rest } = config;
  return rest;
}
