/** What is derived from a pair is what the readers make of the files that are rendered from it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { seconds } from "../../src/base/time.ts";
import { deriveModel } from "../../src/config/pair/derive.ts";
import type { PairConfig } from "../../src/config/pair/model.ts";
import { renderConntrackd } from "../../src/render/conntrackd.ts";
import { renderKeepalived } from "../../src/render/keepalived.ts";
import { loadReplication } from "../support/conntrackd-files.ts";
import { loadText } from "../support/keepalived-files.ts";
import { pairConfig } from "../support/pair-arbitrary.ts";
import { loaded } from "../support/pair-values.ts";

const SECRET = new TextEncoder().encode("0123456789abcdef");

const withNode = pairConfig.chain((pair) =>
  fc.record({ pair: fc.constant(pair), node: fc.constantFrom(...pair.routers.map((r) => r.name)) }),
);

/** Plain JSON without places. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, inner: unknown) =>
      key === "at" || key === "positions" ? undefined : inner,
    ),
  );

const upToSeconds = (span: number): number => Math.ceil(span / seconds(1)) * seconds(1);

/** What keepalived.conf can say of the pair: whole seconds for its scripts, and no password with a double quote in it. */
const expressible = (pair: PairConfig): PairConfig => ({
  ...pair,
  election: { ...pair.election, authentication: withoutQuotes(pair.election.authentication) },
  tracking: {
    ...pair.tracking,
    checks: pair.tracking.checks.map((check) =>
      check.type === "script"
        ? {
            ...check,
            interval: upToSeconds(check.interval) as typeof check.interval,
            timeout: upToSeconds(check.timeout) as typeof check.timeout,
          }
        : check,
    ),
  },
});

type Authentication = PairConfig["election"]["authentication"];

const withoutQuotes = (authentication: Authentication): Authentication =>
  authentication.type === "pass" && authentication.password !== undefined
    ? { type: "pass", password: authentication.password.replaceAll('"', "'") }
    : authentication;

test("keepalived.conf", () => {
  fc.assert(
    fc.property(withNode, ({ pair: any, node }) => {
      const pair = expressible(any);
      const text = renderKeepalived(pair, node, SECRET);
      const { model: read } = loadText(text, { hostName: node });
      const { model } = deriveModel(loaded(pair), node, SECRET);
      // Of fencing and of the wait for connections keepalived knows nothing, and its scripts run conntrackd's commands.
      const { fencing: _, stateTransfer: __, ...vrrp } = model.vrrp;
      const { fencing: ___, ...readVrrp } = read?.vrrp ?? { fencing: undefined };
      expect(plain(vrrp), text).toEqual(plain(readVrrp));
      expect(plain({ ...model, vrrp: 0, ...OWN }), text).toEqual(
        plain({ ...read, vrrp: 0, ...OWN }),
      );
    }),
    { numRuns: 200 },
  );
});

test("has nothing to complain of in a pair that its reader accepts, but weights of an owner", () => {
  fc.assert(
    fc.property(withNode, ({ pair, node }) => {
      const { diagnostics } = deriveModel(loaded(pair), node, SECRET);
      expect(diagnostics.filter(({ code }) => code !== "priority-owner")).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

/** Notify scripts, and trackers, which are compared below. */
const OWN = { instanceNotify: 0, groupNotify: 0, trackers: 0 };

test("its scripts and checks, but for the user root that is written out there", () => {
  fc.assert(
    fc.property(withNode, ({ pair: any, node }) => {
      // Without replication nothing stands before the hooks.
      const pair = { ...expressible(any), replication: undefined };
      const text = renderKeepalived(pair, node, SECRET);
      const { model: read } = loadText(text, { hostName: node });
      const { model } = deriveModel(loaded(pair), node, SECRET);
      const withoutRoot = (value: unknown): unknown =>
        JSON.parse(
          JSON.stringify(plain(value)).replaceAll('"user":"root"', '"user":"@"'),
          (_, inner: unknown) => (inner === "@" ? undefined : inner),
        );
      const programs = ({ instanceNotify, groupNotify, trackers }: typeof model): unknown => ({
        instanceNotify,
        groupNotify,
        trackers,
      });
      expect(read, text).toBeDefined();
      if (read === undefined) return;
      expect(withoutRoot(programs(model)), text).toEqual(withoutRoot(programs(read)));
    }),
    { numRuns: 200 },
  );
});

test("conntrackd.conf, but for what belongs to one daemon a machine", () => {
  fc.assert(
    fc.property(withNode, ({ pair, node }) => {
      const { replication } = deriveModel(loaded(pair), node, SECRET);
      const text = renderConntrackd(pair, node);
      const { config } = loadReplication(text);
      if (replication === undefined) {
        expect(config).toBeUndefined();
        return;
      }
      const shared = {
        lockFile: 0,
        controlSocket: 0,
        syslog: 0,
        loadsAhead: 0,
        commitTimeout: upToSeconds(replication.commitTimeout ?? 0),
        purgeTimeout: upToSeconds(replication.purgeTimeout),
      };
      expect(config?.commitTimeout ?? 0).toBe(shared.commitTimeout);
      expect(config?.purgeTimeout).toBe(shared.purgeTimeout);
      expect(plain({ ...replication, ...shared }), text).toEqual(plain({ ...config, ...shared }));
    }),
    { numRuns: 200 },
  );
});
