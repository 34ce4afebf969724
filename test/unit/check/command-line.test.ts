import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { ALPHA, BETA, type Files, spoilt } from "../../support/check-site.ts";
import { duet } from "../cli/fixtures.ts";

// Machines that run the suite may be busy with something else.
vi.setConfig({ testTimeout: 30_000 });

/** A folder with the files of both routers below it. */
function writeSite(routers: Readonly<Record<string, Files>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-site-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, files] of Object.entries(routers)) {
    for (const [file, text] of Object.entries(files)) {
      const place = path.join(folder, name, file);
      mkdirSync(path.dirname(place), { recursive: true });
      writeFileSync(place, text);
    }
  }
  return folder;
}

const PORT: [string, string] = ["Port 3780", "Port 3781"];

test("check --router reads what lies below the folders of both routers", async () => {
  const site = writeSite({ alpha: ALPHA, beta: BETA });
  const routers = ["--router", `alpha=${site}/alpha`, "--router", `beta=${site}/beta`];
  const { code, out, note } = await duet("check", ...routers);
  expect({ code, note }).toEqual({ code: 0, note: "" });
  expect(out.trimEnd().split("\n")).toHaveLength(2 * Object.keys(ALPHA).length);
  expect(out).not.toMatch(/error|warning/);
});

test("check compares the files of two folders", async () => {
  const beta = spoilt(BETA, "conntrackd.conf", PORT);
  const site = writeSite({ alpha: ALPHA, beta });
  const files = ["alpha", "beta"].map((name) => `${site}/${name}/etc/conntrackd/conntrackd.conf`);
  const { code, out } = await duet("check", ...files);
  expect(code).toBe(1);
  expect(out).toBe(`${files[0]}: no findings
${files[1]}:4:3: error: the dedicated link is UDP port 3781, and UDP port 3780 on alpha [link-transport-differs]
    why: Neither router hears the other one, so nothing is replicated.
    fix: Write the same transport, group and port into both files.
${files[1]}: 1 error
`);
});

test("check takes a folder for the router of its name", async () => {
  const site = writeSite({ alpha: ALPHA, beta: spoilt(BETA, "conntrackd.conf", PORT) });
  const { code, out } = await duet("check", `${site}/alpha`, `${site}/beta`);
  expect(code).toBe(1);
  expect(out).toContain("and UDP port 3780 on alpha [link-transport-differs]");
});

test("check of an empty folder says what it looks for", async () => {
  const site = writeSite({ alpha: { "notes.txt": "nothing" } });
  const { code, note } = await duet("check", `${site}/alpha`);
  expect(code).toBe(2);
  expect(note).toContain("has no file of a router: keepalived.conf, conntrackd.conf");
});

test("check compares two files of a kind in one folder", async () => {
  const site = writeSite({
    "": {
      "alpha.conf": ALPHA["etc/conntrackd/conntrackd.conf"] ?? "",
      "beta.conf": ALPHA["etc/conntrackd/conntrackd.conf"] ?? "",
    },
  });
  const { code, out } = await duet("check", `${site}/alpha.conf`, `${site}/beta.conf`);
  expect(code).toBe(1);
  expect(out).toContain(
    "beta.conf:4:3: error: 10.255.0.1 is the own address on the dedicated link",
  );
  expect(out).toContain("[link-same-address]");
});

test("check --json keeps its shape and has reason and fix of every finding", async () => {
  const beta = spoilt(BETA, "conntrackd.conf", PORT);
  const site = writeSite({ alpha: ALPHA, beta });
  const routers = ["--router", `alpha=${site}/alpha`, "--router", `beta=${site}/beta`];
  const { out } = await duet("check", "--json", ...routers);
  const reports = JSON.parse(out) as { file: string; diagnostics: unknown[] }[];
  expect(reports.find(({ file }) => file.endsWith("beta/etc/conntrackd/conntrackd.conf"))).toEqual({
    file: `${site}/beta/etc/conntrackd/conntrackd.conf`,
    errors: 1,
    warnings: 0,
    diagnostics: [
      {
        at: { file: `${site}/beta/etc/conntrackd/conntrackd.conf`, line: 4, column: 3 },
        severity: "error",
        code: "link-transport-differs",
        message: "the dedicated link is UDP port 3781, and UDP port 3780 on alpha",
        why: "Neither router hears the other one, so nothing is replicated.",
        fix: "Write the same transport, group and port into both files.",
      },
    ],
  });
});

test("files of three routers are checked one by one, which is said", async () => {
  const site = writeSite({ alpha: ALPHA, beta: BETA, gamma: ALPHA });
  const files = ["alpha", "beta", "gamma"].map((name) => `${site}/${name}/etc/sysctl.conf`);
  const { code, note } = await duet("check", ...files);
  expect(code).toBe(0);
  expect(note).toBe(
    "duet: files of 3 routers (alpha, beta, gamma) are checked one by one: a pair has two\n",
  );
});

test.each([
  ["alpha", "--router needs NAME=FOLDER, and not alpha"],
  ["alpha=/nonexistent", "--router alpha=/nonexistent: there is no /nonexistent"],
  ["alpha=/proc/self/fd", "has no file of a router: keepalived.conf, conntrackd.conf"],
])("check --router %s is wrong usage", async (option, says) => {
  const { code, note } = await duet("check", "--router", option);
  expect(code).toBe(2);
  expect(note).toContain(says);
});

test("check --explain prints the entry of the catalogue", async () => {
  const { code, out } = await duet("check", "--explain", "dhcp-force-missing");
  expect(code).toBe(0);
  expect(out).toBe(`dhcp-force-missing (warning): DHCP, firewall and system
  DHCP on a network with two routers is not forced.
  cause: OpenWrt's dnsmasq looks for another DHCP server at its start and stays silent when there is one.
  why:   Only the router that started first answers, and nobody does when it fails.
  fix:   Add option force '1' to the dhcp section, on both routers.
`);
});

test("check --explain of an unknown code names the nearest one", async () => {
  const { code, note } = await duet("check", "--explain", "dhcp-forced-missing");
  expect(code).toBe(2);
  expect(note).toContain(
    "there is no finding with the code dhcp-forced-missing; did you mean dhcp-force-missing?",
  );
});

test("of a copy of /etc only files of a router are read, and no programs of the system", async () => {
  const keepalived = "etc/keepalived/keepalived.conf";
  const site = writeSite({
    alpha: {
      [keepalived]: ALPHA[keepalived] ?? "",
      "etc/default/keepalived": "DAEMON_ARGS=\n",
      "etc/init.d/network": "#!/bin/sh\n",
      "etc/profile.d/x.sh": "#!/bin/sh\n",
      "etc/hotplug.d/keepalived/90-state": "#!/bin/sh\nconntrackd -c\n",
      "etc/keepalived.user": "#!/bin/sh\n",
    },
    flat: { network: "config globals 'globals'\n", notes: "" },
  });
  const read = async (name: string): Promise<readonly string[]> => {
    const { out } = await duet("check", `${site}/${name}`);
    return [...out.matchAll(/^(?:.*\/(?:alpha|flat)\/)(\S+): no findings$/gm)].map(
      ([, file = ""]) => file,
    );
  };
  expect(await read("alpha")).toEqual([
    "etc/hotplug.d/keepalived/90-state",
    keepalived,
    "etc/keepalived.user",
  ]);
  expect(await read("flat")).toEqual(["network"]);
});

test("import takes a folder for the router of its name, too", async () => {
  const site = writeSite({ alpha: ALPHA, beta: BETA });
  const { code, out } = await duet("import", `${site}/alpha`, `${site}/beta`);
  expect(code).toBe(0);
  expect(out).toMatch(/^ {2}alpha: \{ lan: 192\.168\.1\.2\/24/m);
  expect(out).toMatch(/^ {2}beta: \{ lan: 192\.168\.1\.3\/24/m);
});
