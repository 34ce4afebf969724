import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { duet } from "./fixtures.ts";

const HOME = `pair: home
routers:
  alpha: { lan: 198.18.77.2/24, link: 10.255.0.1/30 }
  beta: { lan: 198.18.77.3/24, link: 10.255.0.2/30 }
networks:
  lan: { interface: br-lan, address: 198.18.77.4/24 }
  link: { interface: eth3 }
`;

function written(text: string, name = "duet.yaml"): string {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-check-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

test("a pair's file is known by its name, and by its content under another one", async () => {
  const files = [written(HOME), written(HOME, "pair.conf")];
  const { code, out, note } = await duet("check", ...files);
  expect({ code, out, note }).toEqual({
    code: 0,
    out: files.map((file) => `${file}: no findings\n`).join(""),
    note: "",
  });
});

test("it may be checked beside other files, and as what it is said to be", async () => {
  const pair = written(HOME);
  const conntrackd = written("Stats { }\n", "conntrackd.conf");
  const { out } = await duet("check", conntrackd, pair);
  expect(out).toMatch(/duet\.yaml: no findings\n(?:.|\n)*\[section-missing\]/);
  const odd = written("# nothing\n", "some.conf");
  expect((await duet("check", "--as", "pair", odd)).out).toContain("some.conf:");
  expect((await duet("check", "--as", "keepalived", pair)).out).not.toContain("no findings");
});

test("findings come with reason and remedy, each once though both routers are looked at", async () => {
  const file = written(`${HOME}vrrp: { transport: unicast }\nhooks: { active: [] }\nhuks: {}\n`);
  const { code, out } = await duet("check", file);
  expect(code).toBe(1);
  expect(out).toMatch(
    /duet\.yaml:10:1: error: .*huks.*\[key-unknown\]\n {4}why: .+\n {4}fix: .+\n/,
  );
});

test("what only one of the routers runs into is found without being that router", async () => {
  const text = HOME.replace("198.18.77.4/24", "[198.18.77.4/24, 2001:db8::4/64]")
    .replace("lan: 198.18.77.2/24", "lan: [198.18.77.2/24, 2001:db8::2/64]")
    .replace("lan: 198.18.77.3/24", "lan: [198.18.77.3/24, 2001:db8::3/64]");
  const file = written(
    `${text}replication: { external-cache: false, commit-timeout: 60s }\nhooks: { active: [/nowhere] }\n`,
  );
  const { diagnostics } = (JSON.parse((await duet("check", "--json", file)).out) as Report[])[0]!;
  // Programs of another machine are not looked for.
  expect(diagnostics.map(({ code }) => code)).not.toContain("command-missing");
  const once = diagnostics.filter(({ message }) => message.includes("commit-timeout"));
  expect(once).toHaveLength(1);
});

interface Report {
  readonly diagnostics: readonly { readonly code: string; readonly message: string }[];
}
