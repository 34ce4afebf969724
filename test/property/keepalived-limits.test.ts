/** Files that were made to cost time: each is read or refused in a moment. */
import { expect, test } from "vitest";
import { instanceText, loadText } from "../support/keepalived-files.ts";

const MOMENT_MS = 5_000;
const LINE = 16_000;
const fill = (piece: string): string => piece.repeat(Math.floor(LINE / piece.length));
const many = (line: string, count = 100): string => `${line}\n`.repeat(count);

test.each([
  ["backslashes in a quotation", many(`a "${fill("\\")}"`)],
  ["quotations", many(`# ${fill('"a"')}`) + many(fill('"a"'))],
  ["quotations with escapes that never end", many(`a "${fill('\\"')}`)],
  ["references that never end", many(fill("${"))],
  ["references to nothing", many(fill("$a "))],
  ["conditions", many(fill("@alpha "))],
  ["negated conditions", many(fill("@^beta "))],
  ["repetitions inside repetitions", fill("~SEQ(a, 2) ")],
  ["a repetition of a repetition of a long line", `~SEQ(a, 1000) ~SEQ(b, 1000) ${fill("$a ")}`],
  ["opening braces", many(fill("a {"))],
  ["closing braces", many(fill("}"))],
  ["unknown keywords", many("vrrp_garp_master_delax 3", 60_000)],
  ["unknown keywords of an instance", instanceText(many("virtual_ipadress_excludex", 40_000))],
  [
    "unknown options of addresses",
    instanceText(
      `virtual_ipaddress {\n${many("192.0.2.1 preferred_lftx labelx scopx broadcasx", 10_000)}}`,
    ),
  ],
  [
    "unknown options of routes",
    instanceText(
      `virtual_routes {\n${many("default ttl-propagatx fastopen_no_cookix dev eth0", 10_000)}}`,
    ),
  ],
  [
    "addresses",
    instanceText(
      `virtual_ipaddress {\n${Array.from({ length: 5_000 }, (_, n) => `2001:db8::${n.toString(16)}`).join("\n")}\n}`,
    ),
  ],
  ["one endless line", "a".repeat(3_000_000)],
])("many %s take a moment only", (_, text) => {
  const start = performance.now();
  const { diagnostics } = loadText(text);
  expect(performance.now() - start).toBeLessThan(MOMENT_MS);
  expect(diagnostics.length).toBeLessThanOrEqual(500);
});
