import { expect, test } from "vitest";
import { type DoctorReport, formatDoctor } from "../../../src/cli/doctor-text.ts";
import { paintFor } from "../../../src/cli/paint.ts";
import { duet } from "./fixtures.ts";

const REPORT: DoctorReport = {
  node: "this is alpha: it has 192.168.1.2 (lan)",
  errors: 1,
  warnings: 2,
  findings: [
    {
      code: "forwarding-off",
      severity: "error",
      place: "net.ipv4.ip_forward",
      message: "IPv4 forwarding is off on a router",
      why: "The active router drops everything that hosts send through it.",
      fix: "sysctl -w net.ipv4.ip_forward=1",
    },
  ],
  unseen: [{ what: "the rules", reason: "nft is not installed", fix: "apt install nftables" }],
};

test("findings are shown with reason and fix, then what was not looked at, then the count", () => {
  expect(formatDoctor(REPORT, paintFor(false))).toBe(`this is alpha: it has 192.168.1.2 (lan)
net.ipv4.ip_forward: error: IPv4 forwarding is off on a router [forwarding-off]
    why: The active router drops everything that hosts send through it.
    fix: sysctl -w net.ipv4.ip_forward=1
not looked at: the rules: nft is not installed
    how: apt install nftables
1 error, 2 warnings
`);
});

test("nothing found is said", () => {
  const nothing = { node: null, errors: 0, warnings: 0, findings: [], unseen: [] };
  expect(formatDoctor(nothing, paintFor(false))).toBe("no findings\n");
});

test.each([
  [["--listen", "abc"], 'error: --listen takes 0 to 3600 seconds, not "abc"'],
  [["--listen", "-1"], 'error: --listen takes 0 to 3600 seconds, not "-1"'],
  [
    ["--node", "alpha", "--keepalived", "/nowhere/k.conf"],
    "error: --config and --node go with the pair's file, not with classic files",
  ],
])("duet doctor %j is wrong usage", async (words, message) => {
  const { code, note } = await duet("doctor", ...words);
  expect(code).toBe(2);
  expect(note).toContain(message);
});

test.each([
  [["--config", "/nowhere/duet.yaml"], "/nowhere/duet.yaml:1:1: error: "],
  [["--keepalived", "/nowhere/k.conf"], "/nowhere/k.conf:1:1: error: "],
  [["--conntrackd", "/nowhere/c.conf"], "/nowhere/c.conf:1:1: error: "],
])(
  "duet doctor %j: a configuration that cannot be read is told with its place",
  async (words, message) => {
    const { code, out, note } = await duet("doctor", ...words);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(note).toContain(message);
  },
);
