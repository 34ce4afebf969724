/** duet import, as people call it: real kinds of files, and what is said of them. */
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { duet } from "../../cli/fixtures.ts";

const ROOT = path.join(import.meta.dirname, "../../../..");
const HERE = path.relative(ROOT, import.meta.dirname);
const HOW_TO = ["keepalived.conf", "conntrackd.conf"].map((name) => `examples/how-to/${name}`);
const PUBLISHED = ["alpha", "beta"].flatMap((name) => [
  "--router",
  `${name}=test/unit/check/how-to/${name}`,
]);
const OWN = [
  ["alpha.lan", "192.168.1.2/24"],
  ["alpha.wan", "192.168.0.2/24"],
  ["beta.lan", "192.168.1.3/24"],
  ["beta.wan", "192.168.0.3/24"],
].flatMap(([place, address]) => ["--address", `${place}=${address}`]);

const GOLDEN: readonly (readonly [name: string, words: readonly string[]])[] = [
  ["how-to", [...HOW_TO, ...OWN]],
  ["how-to-addresses-missing", HOW_TO],
  ["how-to-published", [...PUBLISHED, ...OWN]],
  ["vyos", ["alpha", "beta"].flatMap((name) => ["--router", `${name}=${HERE}/vyos/${name}`])],
  ["openwrt", ["--router", "alpha=test/unit/config/uci/swconfig"]],
];

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-import-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test.each(GOLDEN)("%s becomes the pair's file that was reviewed", async (name, words) => {
  const { code, out } = await duet("import", ...words);
  expect(code).toBe(0);
  await expect(out).toMatchFileSnapshot(path.join(import.meta.dirname, "golden", `${name}.yaml`));
});

test.each(["how-to", "vyos"])("the pair's file of %s is checked without an error", async (name) => {
  const { code, out } = await duet("check", `${HERE}/golden/${name}.yaml`);
  expect(out).not.toContain(" error: ");
  expect(code).toBe(0);
});

test("an address that no file gives is asked for, and a check does not let its place pass", async () => {
  const { note } = await duet("import", ...HOW_TO);
  expect(note).toContain("beta has no address in wan in these files");
  const { code, out } = await duet("check", `${HERE}/golden/how-to-addresses-missing.yaml`);
  expect(code).toBe(1);
  expect(out).toContain("routers.beta.wan");
});

test("what is left out is named with its place, on stderr and in the file", async () => {
  const words = GOLDEN.find(([name]) => name === "vyos")![1];
  const { out, note } = await duet("import", ...words);
  for (const text of [out, note])
    expect(text).toMatch(
      /vyos\/beta\/keepalived\.conf:\d+:1:? .*virtual_rules of vrrp_instance WAN/,
    );
});

describe("two routers that contradict each other", () => {
  const CHANGES: readonly (readonly [what: string, from: string, to: string])[] = [
    ["the VRID of WAN", "virtual_router_id 20", "virtual_router_id 21"],
    ["the virtual addresses of LAN", "10.0.0.1/24", "10.0.0.9/24"],
    ["the interval of advertisements", "advert_int 1", "advert_int 2"],
    ["preemption", "nopreempt", ""],
  ];

  test.each(CHANGES)("%s: an error with both places, and no file", async (what, from, to) => {
    const folder = temporaryFolder();
    cpSync(path.join(import.meta.dirname, "vyos"), folder, { recursive: true });
    const file = path.join(folder, "beta/keepalived.conf");
    writeFileSync(file, readFileSync(file, "utf8").replaceAll(from, to));
    const routers = ["alpha", "beta"].flatMap((name) => ["--router", `${name}=${folder}/${name}`]);
    const { code, out, note } = await duet("import", ...routers);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(note).toContain(`the files do not agree on ${what}`);
    expect(note).toContain(`${folder}/alpha/keepalived.conf:`);
    expect(note).toContain(`${folder}/beta/keepalived.conf:`);
  });
});

test("files without a virtual address make no pair", async () => {
  const { code, out, note } = await duet("import", "examples/how-to/conntrackd.conf");
  expect(code).toBe(2);
  expect(out).toBe("");
  expect(note).toContain("these files have no virtual address");
});

test("a command line that cannot be followed is explained", async () => {
  expect((await duet("import")).note).toContain("name files");
  const wrong = await duet("import", ...HOW_TO, "--address", "alpha=1.2.3.4");
  expect(wrong.code).toBe(2);
  expect(wrong.note).toContain("--address needs ROUTER.NETWORK=ADDRESS/LENGTH");
});

test("the pair's file is written whole", async () => {
  const file = path.join(temporaryFolder(), "duet.yaml");
  const { out, note } = await duet("import", ...HOW_TO, ...OWN, "--output", file);
  expect(out).toBe("");
  expect(note).toContain(`wrote ${file}`);
  expect(readFileSync(file, "utf8")).toBe(
    readFileSync(path.join(import.meta.dirname, "golden/how-to.yaml"), "utf8"),
  );
});

const SAMPLES = "/usr/share/doc/keepalived/samples";

describe.runIf(existsSync(SAMPLES))("keepalived's samples", () => {
  const names = existsSync(SAMPLES)
    ? readdirSync(SAMPLES).filter((name) => name.startsWith("keepalived.conf."))
    : [];

  test.each(names)("%s is imported, or it is said why not", async (name) => {
    const { code, out, note } = await duet("import", `${SAMPLES}/${name}`, "--config-id", "high");
    if (code === 0) expect(out).toContain("networks:\n");
    else expect(note).toMatch(/: error: .+ \[[\w-]+\]\n/);
    expect([0, 2]).toContain(code);
  });
});
