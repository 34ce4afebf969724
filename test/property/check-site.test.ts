/** Whatever the files of two routers contain, checking them comes to an end and gives findings that have places and reasons. */
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { catalogueCodes } from "../../src/check/catalogue.ts";
import { ALPHA, BETA, type Files, findInSite } from "../support/check-site.ts";

// Machines that run the suite may be busy with something else.
vi.setConfig({ testTimeout: 30_000 });

const CODES = new Set(catalogueCodes());

const below = (router: string, files: Files): readonly (readonly [string, string])[] =>
  Object.entries(files).map(([file, text]) => [`${router}/${file}`, text]);

function assertSound(alpha: Files, beta: Files): void {
  const texts = new Map([...below("alpha", alpha), ...below("beta", beta)]);
  for (const { at, code, message, why, fix } of findInSite(alpha, beta).found) {
    const lines = (texts.get(at.file) ?? "").split("\n");
    expect(CODES.has(code), code).toBe(true);
    expect(texts.has(at.file), at.file).toBe(true);
    expect(at.line).toBeGreaterThanOrEqual(1);
    expect(at.line, `${code} ${at.file}`).toBeLessThanOrEqual(lines.length);
    expect(at.column).toBeGreaterThanOrEqual(1);
    expect(message).not.toMatch(/undefined|\[object|NaN/);
    expect(message.length).toBeGreaterThan(10);
    expect(why).not.toBe("");
    expect(fix).not.toBe("");
  }
}

const NAMES = Object.keys(ALPHA);
const PIECES = [
  "{",
  "}",
  "'",
  '"',
  "#",
  "=",
  ",",
  "\n",
  "\t",
  " ",
  "\\",
  "config dhcp\n",
  "option ",
  "list dhcp_option '3,'",
  "192.168.1.4",
  "fe80::1/64",
  "0",
  "99999999999",
  "0.0.0.0/0",
  "dhcp-range=lan,192.168.1.10,192.168.1.20\n",
  "dhcp-option=3,192.168.1.9\n",
  'oifname "eth0.2" masquerade\n',
  "snat ip to 192.168.0.9\n",
  "net.netfilter.nf_conntrack_max=\n",
  "vrrp_instance X {\n",
  "virtual_ipaddress {\n",
];

const change = fc.record({
  file: fc.constantFrom(...NAMES),
  at: fc.nat(2_000),
  cut: fc.nat(60),
  piece: fc.constantFrom("", ...PIECES),
});

const apply = (
  files: Files,
  changes: readonly { file: string; at: number; cut: number; piece: string }[],
): Files => {
  const changed: Record<string, string> = { ...files };
  for (const { file, at, cut, piece } of changes) {
    const text = changed[file] ?? "";
    const start = at % (text.length + 1);
    changed[file] = text.slice(0, start) + piece + text.slice(start + cut);
  }
  return changed;
};

test("a pair with things put in and cut out never throws", () => {
  const changes = fc.array(change, { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(changes, changes, (a, b) => assertSound(apply(ALPHA, a), apply(BETA, b))),
    { numRuns: 60 },
  );
});

test("random text in place of any file never throws", () => {
  const text = fc.oneof(
    fc.string({ maxLength: 300, unit: "binary" }),
    fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(fc.constantFrom(...NAMES), text, (file, content) =>
      assertSound({ ...ALPHA, [file]: content }, BETA),
    ),
    { numRuns: 60 },
  );
});
