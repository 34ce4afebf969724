/** Whatever a pair is like, its OpenWrt configuration is one that OpenWrt reads, however it is put there. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatPrefix } from "../../src/base/ip.ts";
import { formatDiagnostic } from "../../src/config/diagnostics.ts";
import { importUci } from "../../src/config/import/uci.ts";
import { instancesOf } from "../../src/config/pair/instances.ts";
import { keepalivedText } from "../../src/config/uci/keepalived-text.ts";
import type { UciFile, UciValue } from "../../src/config/uci/model.ts";
import { entriesOf, valueOf } from "../../src/config/uci/model.ts";
import { parseUci } from "../../src/config/uci/parse.ts";
import { UciScanner } from "../../src/config/uci/scanner.ts";
import { renderKeepalived } from "../../src/render/keepalived.ts";
import { renderUciBatch } from "../../src/render/uci.ts";
import { renderUciFiles, type UciFileText } from "../../src/render/uci-files.ts";
import { modelOf } from "../support/keepalived-files.ts";
import { pairConfig } from "../support/pair-arbitrary.ts";

const PACKAGES = ["network", "dhcp", "firewall", "keepalived"] as const;
const EMPTY: readonly UciFileText[] = PACKAGES.map((name) => ({
  package: name,
  path: `/etc/config/${name}`,
  text: "",
}));
const SECRET = Uint8Array.from({ length: 32 }, (_, index) => index);
const RUNS = { numRuns: 40 };

type Options = Map<string, UciValue>;
/** By "package.section": its type and what it says. */
type Configuration = Map<string, { readonly type: string; readonly options: Options }>;

function read(files: readonly UciFileText[]): Configuration {
  const all: Configuration = new Map();
  for (const file of files) {
    const parsed: UciFile = parseUci(file.path, file.text);
    expect(parsed.diagnostics.map(formatDiagnostic)).toEqual([]);
    for (const section of parsed.sections) {
      const names = new Set(entriesOf(section).map(({ name }) => name));
      const options: Options = new Map(
        [...names].map((name) => [name, valueOf(section, name) ?? ""]),
      );
      all.set(`${file.package}.${section.name}`, { type: section.type, options });
    }
  }
  return all;
}

/** What uci makes of a batch on a router that has nothing. */
function run(batch: string): Configuration {
  const all: Configuration = new Map();
  const scanner = new UciScanner("batch", batch);
  for (;;) {
    const scanned = scanner.next();
    if (scanned.type === "end") return all;
    if (scanned.type === "open-quote") throw new Error("a quotation is open");
    const { keyword, words } = scanned.statement;
    expect(words).toHaveLength(1);
    obey(all, keyword, words[0]!.text);
  }
}

function obey(all: Configuration, keyword: string, text: string): void {
  if (keyword === "commit") return;
  const [, path = "", name, value = ""] = /^(\w+\.\w+)(?:\.(\w+))?(?:=(.*))?$/s.exec(text) ?? [];
  expect(path, text).not.toBe("");
  const options = all.get(path)?.options ?? new Map<string, UciValue>();
  if (name !== undefined) setOption(options, keyword, name, value);
  else if (keyword === "delete") all.delete(path);
  else all.set(path, { type: value, options });
}

function setOption(options: Options, keyword: string, name: string, value: string): void {
  const before = [options.get(name) ?? []].flat();
  const others = before.filter((entry) => entry !== value);
  if (keyword === "delete") options.delete(name);
  else if (keyword === "set") options.set(name, value);
  else if (keyword === "add_list") options.set(name, [...before, value]);
  else if (before.length > 0) options.set(name, others);
}

const sorted = (all: Configuration): unknown =>
  [...all]
    .map(([path, { type, options }]) => [
      path,
      type,
      [...options].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ])
    .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));

test("the batch and the edited files say the same", () => {
  fc.assert(
    fc.property(pairConfig, fc.nat(1), (pair, which) => {
      const node = pair.routers[which]!.name;
      const { files, diagnostics } = renderUciFiles(pair, node, EMPTY, SECRET);
      expect(diagnostics).toEqual([]);
      expect(sorted(read(files))).toEqual(sorted(run(renderUciBatch(pair, node, SECRET))));
    }),
    RUNS,
  );
});

/** What keepalived elects by and installs, without what OpenWrt's package has no word for. */
function electionOf(conf: string): unknown {
  const { vrrp, trackers } = modelOf(conf);
  const instances = vrrp.instances.map(({ authentication, ...instance }) => ({
    ...instance,
    tracking: undefined,
    authentication: authentication.type === "password" ? authentication : undefined,
  }));
  return {
    instances: withoutMetrics(instances),
    groups: vrrp.groups.map(({ name, members }) => ({ name, members })),
    scripts: trackers.flatMap((tracker) =>
      tracker.type === "script" ? [[tracker.name, tracker.command.argv, tracker.timeout]] : [],
    ),
  };
}

const withoutMetrics = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, part: unknown) => (key === "metric" ? undefined : part)));

test("OpenWrt's package makes a keepalived.conf of it that elects like the one that is rendered", () => {
  fc.assert(
    fc.property(pairConfig, fc.nat(1), (pair, which) => {
      const node = pair.routers[which]!.name;
      const { files } = renderUciFiles(pair, node, EMPTY, SECRET);
      const uci = files.find((file) => file.package === "keepalived")!;
      const { text, diagnostics } = keepalivedText(parseUci(uci.path, uci.text));
      expect(diagnostics).toEqual([]);
      expect(electionOf(text)).toEqual(electionOf(renderKeepalived(pair, node, SECRET)));
    }),
    RUNS,
  );
});

test("editing what was edited changes nothing", () => {
  fc.assert(
    fc.property(pairConfig, (pair) => {
      const node = pair.routers[0].name;
      const once = renderUciFiles(pair, node, EMPTY).files;
      expect(renderUciFiles(pair, node, once).files).toEqual(once);
    }),
    RUNS,
  );
});

test("what was rendered for one pair and then for another is what the other one wants", () => {
  fc.assert(
    fc.property(pairConfig, pairConfig, (first, second) => {
      const before = renderUciFiles(first, first.routers[0].name, EMPTY).files;
      const node = second.routers[0].name;
      const after = read(renderUciFiles(second, node, before).files);
      const fresh = read(renderUciFiles(second, node, EMPTY).files);
      const own = (all: Configuration): unknown =>
        sorted(new Map([...all].filter(([path]) => /^(?:firewall|keepalived)\./.test(path))));
      expect(own(after)).toEqual(own(fresh));
    }),
    RUNS,
  );
});

test("the files are read back as what they were made from", () => {
  fc.assert(
    fc.property(pairConfig, (pair) => {
      const [router] = pair.routers;
      const { files } = renderUciFiles(pair, router.name, EMPTY, SECRET);
      const { facts } = importUci(Object.fromEntries(files.map((file) => [file.package, file])));
      expect(facts!.networks.map(({ interface: device }) => device)).toEqual(
        pair.networks.map(({ interfaces }) => interfaces[router.name]),
      );
      expect(
        facts!.networks.map(({ addresses }) =>
          addresses.map(({ value }) => formatPrefix(value)).toSorted(),
        ),
      ).toEqual(
        pair.networks.map(({ name }) =>
          (router.addresses[name] ?? []).map(formatPrefix).toSorted(),
        ),
      );
      const wanted = instancesOf(pair);
      expect(
        facts!.instances.map((instance) => [
          instance.name,
          instance.vrid?.value,
          instance.interval?.value,
          instance.addresses.map(({ value }) => value),
          instance.unadvertised.map(({ value }) => value),
          instance.gateways.map(({ value }) => value.address),
        ]),
      ).toEqual(
        wanted.map((instance) => [
          instance.name,
          instance.vrid,
          instance.interval,
          instance.addresses,
          instance.excluded,
          instance.gateways.map(({ address }) => address),
        ]),
      );
      expect(facts!.checks.map(({ value }) => value.name)).toEqual(
        pair.tracking.checks.filter(({ type }) => type === "script").map(({ name }) => name),
      );
    }),
    RUNS,
  );
});
