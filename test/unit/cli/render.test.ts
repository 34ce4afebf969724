/** duet render as people call it: what it prints, compares, writes, puts in place and has back. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ApplyError, applyFiles, undoLast } from "../../../src/cli/render-apply.ts";
import { duet } from "./fixtures.ts";

const HOME = `pair: home
routers:
  alpha: { lan: 192.168.1.2/24, wan: 192.168.0.2/24, link: 10.255.0.1/30 }
  beta:  { lan: 192.168.1.3/24, wan: 192.168.0.3/24, link: 10.255.0.2/30 }
networks:
  lan:  { interface: br-lan, address: 192.168.1.4/24, dhcp: true }
  wan:  { interface: eth0.2, address: 192.168.0.4/24, gateway: 192.168.0.1, metric: 5 }
  link: { interface: eth3 }
`;
const AT = new Date("2026-01-02T03:04:05.678Z");

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), "duet-render-"));
  onTestFinished(() => {
    rmSync(made, { recursive: true, force: true });
  });
  return made;
}

function pairFile(text = HOME): string {
  const file = path.join(folder(), "duet.yaml");
  writeFileSync(file, text);
  return file;
}

const textOf = (file: string): string => readFileSync(file, "utf8");

test("a target is printed for the router that is named", async () => {
  const { code, out, note } = await duet(
    "render",
    "keepalived",
    "--node",
    "beta",
    "--config",
    pairFile(),
  );
  expect({ code, note }).toEqual({ code: 0, note: "" });
  expect(out).toContain("router_id beta\n");
  expect(out).toContain("0.0.0.0/0 via 192.168.0.1 dev eth0.2 src 192.168.0.4 metric 5\n");
});

test("all prints every file that the pair needs, each under its path", async () => {
  const { out } = await duet("render", "all", "--node", "alpha", "--config", pairFile());
  expect(out.match(/^==> .* <==$/gm)).toEqual([
    "==> /etc/keepalived/keepalived.conf <==",
    "==> /etc/conntrackd/conntrackd.conf <==",
    "==> /etc/duet/notify.sh <==",
    "==> /etc/dnsmasq.d/duet.conf <==",
    "==> /etc/duet/duet.nft <==",
    "==> /etc/sysctl.d/90-duet.conf <==",
  ]);
});

test("nothing is rendered that a pair without replication and DHCP does not need", async () => {
  const config = pairFile(`${HOME.replace(", dhcp: true", "")}replication: false\n`);
  const { out } = await duet("render", "all", "--node", "alpha", "--config", config);
  expect(out.match(/^==> .* <==$/gm)).toHaveLength(3);
});

test.each([
  ["a router that is not in the pair", ["--node", "gamma"], 'no router "gamma"'],
  ["a file that is not there", ["--config", "/nonexistent/duet.yaml"], "there is no such file"],
  ["a folder for a target that has none", ["--files", "/etc/config"], "--files goes with"],
  ["no target", [], "missing argument 'target'"],
  ["two things to do at once", ["--diff", "--apply"], "cannot be used with"],
])("%s is wrong usage", async (what, flags, says) => {
  const target = what === "no target" ? [] : ["sysctl"];
  const config = flags.includes("--config") ? [] : ["--config", pairFile()];
  const { code, out, note } = await duet("render", ...target, ...config, ...flags);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(note).toContain(says);
});

test("errors of the pair's file are told with their places", async () => {
  const config = pairFile(HOME.replace("192.168.0.4/24", "192.168.9.4/24"));
  const { code, note } = await duet("render", "keepalived", "--node", "alpha", "--config", config);
  expect(code).toBe(2);
  expect(note).toMatch(/duet\.yaml:7:\d+: error: /);
});

test("what a program cannot do is a warning, and authentication is never left out of a file in place", async () => {
  const config = pairFile(
    `${HOME}secret-file: /nonexistent/secret\nvrrp: { version: 3, authentication: hmac }\n`,
  );
  const flags = ["--node", "alpha", "--config", config];
  const { code, note } = await duet("render", "keepalived", ...flags);
  expect(code).toBe(0);
  expect(note).toMatch(
    /duet\.yaml:9:\d+: warning: there is no secret file \/nonexistent\/secret: /,
  );
  expect(note).toContain("duet: warning: authentication is missing here");
  expect(note).toContain("duet: warning: auth_hmac needs keepalived 2.4");
  const applied = await duet("render", "keepalived", "--apply", "--backups", folder(), ...flags);
  expect(applied.code).toBe(2);
  expect(applied.note).toContain("nothing was changed");
});

test("the key in keepalived.conf is made from the secret, and the file is for root only", async () => {
  const secret = path.join(folder(), "secret");
  writeFileSync(secret, "0123456789abcdef\n", { mode: 0o600 });
  const vrrp = "vrrp: { version: 2, authentication: pass }";
  const config = pairFile(`${HOME}secret-file: ${secret}\n${vrrp}\n`);
  const output = path.join(folder(), "keepalived.conf");
  const flags = ["--node", "alpha", "--config", config, "--output", output];
  expect((await duet("render", "keepalived", ...flags)).code).toBe(0);
  expect(textOf(output)).toMatch(/auth_pass [0-9a-f]{8}\n/);
  expect(statSync(output).mode & 0o777).toBe(0o600);
});

test("several files are written below a folder by their full paths", async () => {
  const output = folder();
  const { code, out } = await duet(
    "render",
    "all",
    "--node",
    "alpha",
    "--config",
    pairFile(),
    "--output",
    output,
  );
  expect(code).toBe(0);
  const script = path.join(output, "etc/duet/notify.sh");
  expect(out).toContain(`${script}\n`);
  expect(statSync(script).mode & 0o777).toBe(0o755);
  expect(textOf(script)).toMatch(/^#!\/bin\/sh\n/);
});

test("--diff shows what is new here and ends with 1", async () => {
  const { code, out } = await duet(
    "render",
    "dnsmasq",
    "--node",
    "alpha",
    "--config",
    pairFile(),
    "--diff",
  );
  expect(code).toBe(1);
  expect(out).toMatch(
    /^--- (\/dev\/null|\S+duet\.conf)\n\+\+\+ \/etc\/dnsmasq\.d\/duet\.conf\n@@ /,
  );
  expect(out).toContain("+dhcp-authoritative\n");
});

const file = (name: string, text: string, mode = 0o644) => ({ path: name, text, mode });

test("files are put in place, told apart, and had back as they were", () => {
  const [place, backups] = [folder(), path.join(folder(), "new", "backups")];
  const [a, b, c] = ["a", "b/b", "c"].map((name) => path.join(place, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(a, Buffer.from([0xff, 0x0a]), { mode: 0o640 });
  chmodSync(a, 0o640);
  writeFileSync(c, "same\n");
  chmodSync(c, 0o644);
  const applied = applyFiles(
    [file(a, "A\n"), file(b, "B\n", 0o755), file(c, "same\n")],
    backups,
    AT,
  );
  expect(applied).toEqual({
    written: [a, b],
    unchanged: [c],
    backup: path.join(backups, "2026-01-02T03-04-05.678Z"),
  });
  expect([textOf(a), textOf(b), statSync(b).mode & 0o777]).toEqual(["A\n", "B\n", 0o755]);
  expect(undoLast(backups)).toEqual({ restored: [a], removed: [b] });
  expect([...readFileSync(a)]).toEqual([0xff, 0x0a]);
  expect(statSync(a).mode & 0o777).toBe(0o640);
  expect(existsSync(b)).toBe(false);
  expect(readdirSync(place).toSorted()).toEqual(["a", "b", "c"]);
  expect(() => undoLast(backups)).toThrow("there is no backup in");
});

test("applying again changes nothing and keeps no backup", () => {
  const [place, backups] = [folder(), folder()];
  const files = [file(path.join(place, "a"), "A\n")];
  applyFiles(files, backups, AT);
  expect(applyFiles(files, backups, AT)).toEqual({
    written: [],
    unchanged: [files[0]!.path],
    backup: undefined,
  });
  expect(readdirSync(backups)).toHaveLength(1);
});

test("backups are undone one after the other, the last one first, even when they were made at once", () => {
  const [place, backups] = [folder(), folder()];
  const a = path.join(place, "a");
  for (const text of ["1\n", "2\n", "3\n"]) applyFiles([file(a, text)], backups, AT);
  undoLast(backups);
  expect(textOf(a)).toBe("2\n");
  undoLast(backups);
  expect(textOf(a)).toBe("1\n");
  undoLast(backups);
  expect(existsSync(a)).toBe(false);
});

test("a failure in the middle leaves every file as it was", () => {
  const [place, backups] = [folder(), folder()];
  const a = path.join(place, "a");
  writeFileSync(a, "former\n");
  // A folder cannot be replaced by a file: this fails after the first file was renamed.
  const hindrance = path.join(place, "b");
  mkdirSync(path.join(hindrance, "inside"), { recursive: true });
  const files = [file(a, "A\n"), file(path.join(place, "new"), "N\n"), file(hindrance, "B\n")];
  expect(() => applyFiles(files, backups, AT)).toThrow(ApplyError);
  expect(textOf(a)).toBe("former\n");
  expect(readdirSync(place).toSorted()).toEqual(["a", "b"]);
  expect(readdirSync(backups)).toEqual([]);
});

test("a file that somebody changed since is not overwritten by --undo", () => {
  const [place, backups] = [folder(), folder()];
  const [a, b] = [path.join(place, "a"), path.join(place, "b")];
  applyFiles([file(a, "A\n"), file(b, "B\n")], backups, AT);
  writeFileSync(a, "by hand\n");
  expect(() => undoLast(backups)).toThrow(`${a}: changed since`);
  expect([textOf(a), textOf(b)]).toEqual(["by hand\n", "B\n"]);
});

test("a link stays a link, and what it leads to is replaced", () => {
  const [place, backups] = [folder(), folder()];
  const [target, link] = [path.join(place, "target"), path.join(place, "link")];
  writeFileSync(target, "former\n");
  symlinkSync(target, link);
  expect(applyFiles([file(link, "new\n")], backups, AT).written).toEqual([link]);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(textOf(target)).toBe("new\n");
  undoLast(backups);
  expect(textOf(target)).toBe("former\n");
});

test("a backup that is damaged or not complete is not used", () => {
  const [place, backups] = [folder(), folder()];
  const a = path.join(place, "a");
  const { backup = "" } = applyFiles([file(a, "A\n")], backups, AT);
  mkdirSync(path.join(backups, "2027-01-01T00-00-00.000Z"));
  writeFileSync(path.join(backup, "manifest.json"), '{"files": [{}]}');
  expect(() => undoLast(backups)).toThrow("manifest.json is damaged");
  expect(textOf(a)).toBe("A\n");
});

test("duet render --undo says what it put back", async () => {
  const [place, backups] = [folder(), folder()];
  const a = path.join(place, "a");
  writeFileSync(a, "former\n");
  applyFiles([file(a, "A\n"), file(path.join(place, "b"), "B\n")], backups, AT);
  const { code, out } = await duet("render", "--undo", "--backups", backups);
  expect({ code, out }).toEqual({
    code: 0,
    out: `put back ${a}\nremoved ${path.join(place, "b")}\n`,
  });
  expect((await duet("render", "--undo", "--backups", backups)).code).toBe(2);
});
