/** The files of both routers, read back into a pair, are the pair that they were rendered from. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { importPair } from "../../../src/config/import/import.ts";
import type { PairConfig } from "../../../src/config/pair/model.ts";
import { renderConntrackd } from "../../../src/render/conntrackd.ts";
import { renderKeepalived } from "../../../src/render/keepalived.ts";
import { PATHS } from "../../../src/render/paths.ts";
import { ENVIRONMENT, filesFrom } from "../../support/keepalived-files.ts";
import { pairOf } from "../../support/pair-files.ts";

const HOME = pairOf(
  readFileSync(path.join(import.meta.dirname, "../../../examples/home/duet.yaml"), "utf8"),
);

function importRendered(pair: PairConfig): ReturnType<typeof importPair> {
  const files: Record<string, string> = {};
  const [first, second] = pair.routers.map(({ name }) => {
    const [keepalived, conntrackd] = [`/${name}/keepalived.conf`, `/${name}/conntrackd.conf`];
    files[keepalived] = renderKeepalived(pair, name);
    files[conntrackd] = renderConntrackd(pair, name);
    return { keepalived, conntrackd, uci: {} };
  });
  const options = { pairName: pair.name, routerNames: [], addresses: [] };
  const around = { source: filesFrom(files), environment: ENVIRONMENT };
  return importPair([first!, second!], options, around);
}

test("the example for a home comes back, its DHCP aside, which neither file speaks of", () => {
  const { pair, diagnostics, notCarried } = importRendered(HOME);
  expect(diagnostics).toEqual([]);
  // Duet does by itself what the script does.
  const others = notCarried.filter(({ text }) => !text.includes(PATHS.notifyScript));
  expect(others).toEqual([]);
  const networks = HOME.networks.map((network) => ({ ...network, dhcp: undefined }));
  expect(pair).toEqual({ ...HOME, networks });
});
