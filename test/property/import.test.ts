/** Rendering a pair and importing what was rendered: the routers run on the same as before, or are told what they lost. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { seconds } from "../../src/base/time.ts";
import { importPair } from "../../src/config/import/import.ts";
import { FENCING } from "../../src/config/pair/defaults.ts";
import { deriveModel } from "../../src/config/pair/derive.ts";
import type { PairCheck, PairConfig } from "../../src/config/pair/model.ts";
import { same } from "../../src/config/plan.ts";
import type { FileSource } from "../../src/config/source.ts";
import { renderConntrackd } from "../../src/render/conntrackd.ts";
import { renderKeepalived } from "../../src/render/keepalived.ts";
import { pairConfig } from "../support/pair-arbitrary.ts";

/** Files by their names. */
const sourceOf = (files: Readonly<Record<string, string>>): FileSource => ({
  read: (name) =>
    files[name] === undefined
      ? { ok: false, reason: "there is no such file" }
      : { ok: true, text: files[name] },
  glob: () => [],
});

const ANYWHERE = { hostName: "", variables: {} };

function importRendered(pair: PairConfig) {
  const files: Record<string, string> = {};
  const sources = pair.routers.map(({ name }) => {
    files[`${name}/keepalived.conf`] = renderKeepalived(pair, name);
    if (pair.replication !== undefined)
      files[`${name}/conntrackd.conf`] = renderConntrackd(pair, name);
    return {
      keepalived: `${name}/keepalived.conf`,
      conntrackd: pair.replication === undefined ? undefined : `${name}/conntrackd.conf`,
      uci: {},
    };
  });
  const [first, second] = sources;
  const options = { pairName: pair.name, routerNames: [], addresses: [] };
  return importPair([first!, second], options, { source: sourceOf(files), environment: ANYWHERE });
}

const modelOf = (pair: PairConfig, node: string): unknown => {
  const loaded = { pair, diagnostics: [], files: [], positions: {} };
  const { model, replication } = deriveModel(loaded, node);
  const { positions: _, ...rest } = model;
  return { ...rest, replication };
};

/** keepalived knows no fractions of them. */
const inWholeSeconds = (check: PairCheck): PairCheck =>
  check.type === "script" ? { ...check, interval: seconds(3), timeout: seconds(2) } : check;

/**
 * What the classic files have words for: no secrets, no other fencing, each network on an interface of its own. Names such as
 * the how-to's E1 are given up for better ones.
 */
const classic = pairConfig
  .filter(({ networks }) => networks.every(({ name }) => !/^[A-Z]+\d*$/.test(name)))
  .filter(({ networks, routers }) =>
    routers.every(({ name }) => {
      const devices = networks.map((network) => network.interfaces[name] ?? "");
      return (
        new Set(devices).size === devices.length &&
        devices.every((one) => /^[a-z][\w.-]*$/.test(one))
      );
    }),
  )
  .map((pair): PairConfig => {
    const { election, replication } = pair;
    const { authentication } = election;
    const isKept = authentication.type === "pass" && authentication.password === "12345678";
    return Object.assign({}, pair, {
      fencing: FENCING,
      tracking: { ...pair.tracking, checks: pair.tracking.checks.map(inWholeSeconds) },
      election: { ...election, authentication: isKept ? authentication : { type: "none" } },
      replication: replication && { ...replication, loadAhead: true, takeoverWait: seconds(2) },
    });
  });

test("what was rendered is imported as a pair that runs the same on both routers, or says what is lost", () => {
  let equal = 0;
  fc.assert(
    fc.property(classic, (pair) => {
      const { pair: imported, diagnostics, notCarried } = importRendered(pair);
      expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
      if (imported === undefined) throw new Error("nothing was imported");
      for (const { name } of pair.routers) {
        const [before, after] = [modelOf(pair, name), modelOf(imported, name)];
        if (same(before, after)) equal += 1;
        else if (notCarried.length === 0) expect(after).toEqual(before);
      }
    }),
    { numRuns: 60 },
  );
  expect(equal).toBeGreaterThan(60);
});

test("files that lost lines, or have them twice, are imported or refused with a reason", () => {
  const vyos = (router: string, name: string): readonly string[] =>
    readFileSync(
      new URL(`../unit/config/import/vyos/${router}/${name}`, import.meta.url),
      "utf8",
    ).split("\n");
  const originals = ["alpha", "beta"].map((router) => ({
    keepalived: vyos(router, "keepalived.conf"),
    conntrackd: vyos(router, "conntrackd.conf"),
  }));
  const change = fc.array(fc.tuple(fc.nat(1), fc.nat(100), fc.nat(2)), { maxLength: 6 });
  fc.assert(
    fc.property(change, (changes) => {
      const files: Record<string, string> = {};
      const sources = originals.map(({ keepalived, conntrackd }, router) => {
        const mine = changes.filter(([one]) => one === router);
        files[`${router}/keepalived.conf`] = mangle(keepalived, mine);
        files[`${router}/conntrackd.conf`] = mangle(conntrackd, mine);
        return {
          keepalived: `${router}/keepalived.conf`,
          conntrackd: `${router}/conntrackd.conf`,
          uci: {},
        };
      });
      const options = { pairName: undefined, routerNames: [], addresses: [] };
      const world = { source: sourceOf(files), environment: ANYWHERE };
      const { pair, diagnostics } = importPair([sources[0]!, sources[1]], options, world);
      for (const { message, at } of diagnostics) {
        expect(message).not.toBe("");
        expect(at.line).toBeGreaterThan(0);
      }
      if (pair === undefined)
        expect(diagnostics.some(({ severity }) => severity === "error")).toBe(true);
    }),
    { numRuns: 100 },
  );
});

/** Removes, doubles or swaps lines. */
function mangle(lines: readonly string[], changes: readonly (readonly number[])[]): string {
  const changed = [...lines];
  for (const [, place = 0, kind = 0] of changes) {
    const at = place % changed.length;
    if (kind === 0) changed.splice(at, 1);
    else if (kind === 1) changed.splice(at, 0, changed[at] ?? "");
    else changed.splice(at, 2, changed[at + 1] ?? "", changed[at] ?? "");
  }
  return changed.join("\n");
}
