/** duet render uci, as people call it. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { duet } from "../../cli/fixtures.ts";

const PAIR = `pair: home
routers:
  alpha: { lan: 192.168.1.2/24, wan: 192.168.0.2/24, link: 10.255.0.1/30 }
  beta:  { lan: 192.168.1.3/24, wan: 192.168.0.3/24, link: 10.255.0.2/30 }
networks:
  lan:  { interface: br-lan, address: 192.168.1.4/24, dhcp: true }
  wan:  { interface: eth0.2, address: 192.168.0.4/24, gateway: 192.168.0.1, metric: 5 }
  link: { interface: eth1 }
`;

interface Site {
  readonly folder: string;
  readonly etc: string;
  readonly flags: readonly string[];
}

/** A folder with the pair's file, and with the files of a router below etc. */
function site(style?: string): Site {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-uci-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const etc = path.join(folder, "etc");
  const config = path.join(folder, "duet.yaml");
  writeFileSync(config, PAIR);
  if (style !== undefined) cpSync(path.join(import.meta.dirname, style), etc, { recursive: true });
  return { folder, etc, flags: ["render", "uci", "--node", "beta", "--config", config] };
}

test("a batch is printed, with what it cannot say on stderr", async () => {
  const { code, out, note } = await duet(...site().flags);
  expect(code).toBe(0);
  expect(out).toContain("set network.wan.ipaddr='192.168.0.3'\n");
  expect(out).toContain("add_list dhcp.lan.dhcp_option='3,192.168.1.4'\n");
  expect(note).toContain("no word for the metric of a route");
});

test("the files of a folder are compared, edited and had back", async () => {
  const { folder, etc, flags } = site("bridge");
  const before = readFileSync(path.join(etc, "network"), "utf8");
  const compared = await duet(...flags, "--files", etc, "--diff");
  expect(compared.code).toBe(1);
  expect(compared.out).toContain("+\tlist ipaddr '192.168.1.3/24'\n");
  expect(readFileSync(path.join(etc, "network"), "utf8")).toBe(before);

  const backups = path.join(folder, "backups");
  const applied = await duet(...flags, "--files", etc, "--apply", "--backups", backups);
  expect(applied.code).toBe(0);
  expect(applied.out).toContain("/etc/init.d/network reload");
  expect(applied.note).toContain("there is no file keepalived here");
  expect(readFileSync(path.join(etc, "network"), "utf8")).toContain("192.168.1.3/24");
  expect((await duet(...flags, "--files", etc, "--diff")).out).toBe("");

  expect((await duet("render", "--undo", "--backups", backups)).code).toBe(0);
  expect(readFileSync(path.join(etc, "network"), "utf8")).toBe(before);
});

test("files with errors are told with their places, and none is edited", async () => {
  const { etc, flags } = site("bridge");
  writeFileSync(path.join(etc, "dhcp"), "config dhcp 'lan\n");
  const { code, out, note } = await duet(...flags, "--files", etc, "--apply");
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(note).toContain(
    `${path.join(etc, "dhcp")}:1:13: error: this quotation mark ' is never closed`,
  );
});

test("a folder without any of the files is refused", async () => {
  const { folder, flags } = site();
  const { code, note } = await duet(...flags, "--files", folder);
  expect(code).toBe(2);
  expect(note).toContain("has none of the files network, dhcp, firewall, keepalived");
});
