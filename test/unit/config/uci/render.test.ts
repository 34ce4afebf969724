/** OpenWrt's configuration as it is written, for whoever reads the difference. */
import { describe, expect, test } from "vitest";
import { unifiedDiff } from "../../../../src/base/diff.ts";
import { formatDiagnostic } from "../../../../src/config/diagnostics.ts";
import { entriesOf, optionOf, valueOf } from "../../../../src/config/uci/model.ts";
import { parseUci } from "../../../../src/config/uci/parse.ts";
import { renderUciBatch } from "../../../../src/render/uci.ts";
import { renderUciFiles, type UciFileText } from "../../../../src/render/uci-files.ts";
import { APART, HOME, OFFICE } from "../../../support/rendered-pairs.ts";
import { filesOf, STYLES } from "./files.ts";

const SECRET = new TextEncoder().encode("0123456789abcdef0123456789abcdef");

describe.each([HOME, OFFICE, APART])("of the pair $name", (pair) => {
  test("the batch is as reviewed", async () => {
    const batch = renderUciBatch(pair, "alpha", SECRET);
    await expect(batch).toMatchFileSnapshot(`./golden/batch-${pair.name}-alpha.txt`);
    expect(renderUciBatch(structuredClone(pair), "alpha", SECRET)).toBe(batch);
  });

  test("every line of the batch is a command that uci knows", () => {
    const lines = renderUciBatch(pair, "beta").split("\n");
    for (const line of lines.filter((text) => text !== "" && !text.startsWith("#")))
      expect(line).toMatch(
        /^(?:delete [a-z]+\.\w+(?:\.\w+)?|set [a-z]+\.\w+=[a-z_]+|(?:set|add_list|del_list) [a-z]+\.\w+\.\w+='.*'|commit [a-z]+)$/,
      );
  });

  test.each(STYLES)("the edited files of %s are as reviewed", async (style) => {
    const files = filesOf(style);
    const edited = renderUciFiles(pair, "alpha", files, SECRET);
    expect(edited.diagnostics).toEqual([]);
    const differences = edited.files.map((file, index) =>
      unifiedDiff(files[index]!.text, file.text, [file.path, file.path]),
    );
    await expect(
      [...edited.remarks.map((remark) => `# ${remark}\n`), ...differences].join(""),
    ).toMatchFileSnapshot(`./golden/files-${pair.name}-${style}.diff`);
  });

  test.each(STYLES)("editing the files of %s again changes nothing", (style) => {
    const once = renderUciFiles(pair, "alpha", filesOf(style), SECRET).files;
    expect(renderUciFiles(pair, "alpha", once, SECRET).files).toEqual(once);
  });

  test.each(STYLES)("no line of %s that the pair does not speak of is lost", (style) => {
    const once = renderUciFiles(pair, "alpha", filesOf(style), SECRET).files;
    for (const [index, { text }] of filesOf(style).entries()) {
      const after = new Set(once[index]!.text.split("\n"));
      const lost = text.split("\n").filter((line) => !after.has(line));
      for (const line of lost)
        expect(line).toMatch(
          /option (?:proto|ipaddr|netmask|metric|device|start|limit|leasetime|gateway|ip6gw|ip6addr|force|name|mac|router_id)|list (?:dhcp_option|ipaddr|ip6addr) /,
        );
    }
  });
});

/** A file as `uci show` would tell it. */
function shown({ path, text }: UciFileText): readonly unknown[] {
  const { sections, diagnostics } = parseUci(path, text);
  expect(diagnostics.map(formatDiagnostic)).toEqual([]);
  return sections.map((section) => [
    section.type,
    section.name,
    Object.fromEntries(entriesOf(section).map(({ name }) => [name, valueOf(section, name)])),
  ]);
}

describe("a file that was rendered for another pair", () => {
  const files = filesOf("bridge");

  test("says the same as one that was rendered for this pair from the beginning", () => {
    const fresh = renderUciFiles(HOME, "alpha", files).files;
    const before = renderUciFiles(APART, "alpha", files).files;
    const after = renderUciFiles(HOME, "alpha", before).files;
    expect(after.map(shown)).toEqual(fresh.map(shown));
  });

  test("loses our sections when nobody wants them, and nothing else", () => {
    const firewall = files.filter((file) => file.package === "firewall");
    const before = renderUciFiles(HOME, "alpha", firewall).files;
    const other = { ...HOME, networks: HOME.networks.map((n) => ({ ...n, translates: false })) };
    const after = renderUciFiles(other, "alpha", before).files[0]!.text;
    expect(before[0]!.text).toContain("duet_snat_wan");
    expect(after).not.toContain("duet_snat_wan");
    expect(after.startsWith(firewall[0]!.text)).toBe(true);
  });
});

test("rules that accept stand before the rule that drops, also when a network is added", () => {
  const files = filesOf("bridge").filter((file) => file.package === "firewall");
  const few = { ...HOME, networks: HOME.networks.filter(({ name }) => name !== "wan") };
  const before = renderUciFiles(few, "alpha", files).files;
  const [after] = renderUciFiles(HOME, "alpha", before).files;
  const names = parseUci("f", after!.text).sections.flatMap(({ name }) => name ?? []);
  expect(names).toEqual([
    "duet_vrrp_lan",
    "duet_vrrp_wan",
    "duet_vrrp_drop",
    "duet_replication_link",
    "duet_replication_drop",
    "duet_snat_wan",
  ]);
});

test("a file with errors stops all of them", () => {
  const broken = { package: "dhcp", path: "/etc/config/dhcp", text: "config\n" } as const;
  const { files, diagnostics } = renderUciFiles(HOME, "alpha", [
    ...filesOf("dsa").slice(0, 1),
    broken,
  ]);
  expect(files).toEqual([]);
  expect(diagnostics.map(({ at }) => at.file)).toEqual(["/etc/config/dhcp"]);
});

test.each([
  ["dhcp", "config host 'lan'", "is of type host", "dhcp lan"],
  ["dhcp", "config dhcp 'lan'\n\toption interface 'guest'", "has interface 'guest'", "dhcp lan"],
  ["network", "config route 'lan'", "is of type route", "interface lan"],
  ["keepalived", "config vrrp_script 'globals'", "is of type vrrp_script", "globals globals"],
] as const)("of the owner's in %s, %s is not overwritten", (name, text, found, wanted) => {
  const given = { package: name, path: `/etc/config/${name}`, text: `# mine\n${text}\n` };
  const { files, diagnostics } = renderUciFiles(HOME, "alpha", [
    ...filesOf("dsa").filter((file) => file.package === "firewall"),
    given,
  ]);
  expect(files).toEqual([]);
  const [type, label] = wanted.split(" ");
  expect(diagnostics.map(formatDiagnostic)).toEqual([
    `/etc/config/${name}:2:1: error: section ${label} ${found}, and the pair needs a section ${type} of this name for itself: give this one another name [uci-section-type]`,
  ]);
});

test("a fixed lease that the owner wrote is not written twice", () => {
  const { files } = renderUciFiles(OFFICE, "alpha", filesOf("swconfig"));
  const dhcp = files.find((file) => file.package === "dhcp")!;
  const hosts = parseUci("f", dhcp.text).sections.filter(({ type }) => type === "host");
  expect(hosts.map((host) => [host.name, optionOf(host, "ip")])).toEqual([
    [undefined, "192.168.1.9"],
  ]);
});

test("an instance that the owner wrote is never doubled", () => {
  const files = filesOf("swconfig").filter((file) => file.package === "keepalived");
  const edited = renderUciFiles(HOME, "alpha", files);
  expect(edited.files).toEqual(files);
  expect(edited.remarks).toContainEqual(
    expect.stringMatching(
      /^keepalived: vrrp_instance I1 in line 36 is on an interface of the pair/,
    ),
  );
});

test("an unknown router is refused", () => {
  expect(() => renderUciBatch(HOME, "gamma")).toThrow("there is no router gamma");
  expect(() => renderUciFiles(HOME, "gamma", [])).toThrow("there is no router gamma");
});
