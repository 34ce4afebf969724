/** The language around the keywords: quotes, comments, braces, includes, conditions, definitions, repetitions. */
import { describe, expect, test } from "vitest";
import type { Environment } from "../../../src/config/source.ts";
import {
  codesOf,
  instanceText,
  loadText,
  modelOf,
  onlyInstance,
} from "../../support/keepalived-files.ts";

const password = (line: string): string => {
  const { authentication } = onlyInstance(
    instanceText(`authentication {\nauth_type PASS\n${line}\n}`),
  );
  return authentication.type === "password"
    ? Buffer.from(authentication.password, "hex").toString()
    : "";
};

const priorityOf = (text: string, environment: Partial<Environment> = {}): number =>
  onlyInstance(text, environment).priority;

describe("quotes and comments", () => {
  test.each([
    ["a comment ends an unquoted word", "auth_pass a#b", "a"],
    ["both comment signs count", "auth_pass a!b", "a"],
    ["quotes keep comment signs", 'auth_pass "a#b!c"', "a#b!c"],
    ["quotes keep blanks", 'auth_pass "a b"', "a b"],
    ["quotes keep braces", 'auth_pass "{a}"', "{a}"],
    ["a password is sent as UTF-8", 'auth_pass "ü€"', "ü€"],
  ])("%s", (_, line, expected) => {
    expect(password(line)).toBe(expected);
  });

  test("a name may be quoted", () => {
    expect(onlyInstance(instanceText("", '"V 1"')).name).toBe("V 1");
  });

  test("an undefined ${NAME} does not break the blocks around it", () => {
    expect(codesOf(loadText(instanceText("auth_pass ${X}")).diagnostics)).toEqual([
      "warning keyword-unknown",
      "error definition-unknown",
    ]);
  });

  test("a line with a null byte is ignored with a warning", () => {
    expect(codesOf(loadText(instanceText("priority 7\0")).diagnostics)).toEqual([
      "warning null-byte",
    ]);
  });
});

describe("braces", () => {
  test.each([
    [
      "may stand on the line after the keyword",
      "vrrp_instance V\n{\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress\n{\n192.0.2.1\n}\n}",
    ],
    [
      "need no blanks around them",
      "vrrp_instance V{\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress{192.0.2.1}}",
    ],
    [
      "may stand behind the last word of a block",
      "vrrp_instance V {\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress {\n192.0.2.1 }\n}",
    ],
  ])("%s", (_, text) => {
    expect(onlyInstance(text).addresses[0]?.spec.address).toBe("192.0.2.1");
  });

  test("a group may have several names on one line", () => {
    const text = `vrrp_sync_group G { group { V W } }\n${instanceText()}${instanceText("", "W", { vrid: 6, interface: "eth0" })}`;
    expect(modelOf(text).vrrp.groups[0]?.members).toEqual(["V", "W"]);
  });
});

describe("includes", () => {
  const files = {
    "/etc/keepalived/conf.d/b.conf": "priority 20\n",
    "/etc/keepalived/conf.d/a.conf": "priority 10\n",
    "/etc/keepalived/conf.d/deep.conf": "include a.conf\n",
  };
  const main = (line: string): string => instanceText(line);

  test("take effect where they stand, even inside a block", () => {
    const { model, files: read } = loadText(main("include conf.d/b.conf"), {}, files);
    expect(model?.vrrp.instances[0]?.priority).toBe(20);
    expect(read).toEqual(["/etc/keepalived/keepalived.conf", "/etc/keepalived/conf.d/b.conf"]);
  });

  test("are relative to the file that they stand in", () => {
    const { model } = loadText(main("include conf.d/deep.conf"), {}, files);
    expect(model?.vrrp.instances[0]?.priority).toBe(10);
  });

  test("with a pattern read all matches in order", () => {
    const { model } = loadText(main("include conf.d/[ab].conf"), {}, files);
    expect(model?.vrrp.instances[0]?.priority).toBe(20);
  });

  test("that match nothing are a warning, or an error where a match is demanded", () => {
    expect(codesOf(loadText(main("include x.d/*.conf")).diagnostics)).toEqual([
      "warning include-empty",
    ]);
    expect(codesOf(loadText(main("includea x.d/*.conf")).diagnostics)).toEqual([
      "error include-empty",
    ]);
  });

  test("that go in a circle are one error, at the include that closes it", () => {
    const circle = { "/etc/keepalived/one.conf": "\ninclude keepalived.conf\n" };
    const { diagnostics } = loadText(main("include one.conf"), {}, circle);
    expect(diagnostics).toMatchObject([
      { code: "include-limit", at: { file: "/etc/keepalived/one.conf", line: 2 } },
    ]);
  });

  test("find their errors in the file that has them", () => {
    const { diagnostics } = loadText(
      "include bad.conf\n",
      {},
      { "/etc/keepalived/bad.conf": instanceText("\n priority 300") },
    );
    expect(diagnostics[0]?.at).toEqual({ file: "/etc/keepalived/bad.conf", line: 6, column: 11 });
  });
});

describe("conditions", () => {
  const text = instanceText("@alpha priority 10\n@^alpha priority 20\n@beta priority 30");

  test("compare with the host name up to its first dot", () => {
    expect(priorityOf(text)).toBe(10);
  });

  test("compare with the config id when there is one", () => {
    expect(loadText(text, { configId: "beta" }).model?.vrrp.instances[0]?.priority).toBe(30);
    expect(priorityOf(text, { configId: "gamma" })).toBe(20);
  });

  test("apply to definitions and to includes, too", () => {
    const lines = instanceText("@^alpha $P=1\n@alpha $P=2\npriority $P\n@^alpha include none.conf");
    expect(priorityOf(lines)).toBe(2);
  });

  test("leave out a definition of several lines as a whole", () => {
    expect(priorityOf(instanceText("@beta $P= \\\n priority 3 \\\n priority 4\npriority 9"))).toBe(
      9,
    );
  });
});

describe("definitions", () => {
  test.each([
    ["are put in", "$P=77\npriority $P", 77],
    ["may have braces", "$P=7\npriority ${P}7", 77],
    ["may contain each other, defined later", "$P=${A}7\n$A=7\npriority $P", 77],
    ["of several lines give several lines", "$B= \\\n priority 7 \\\n advert_int 2\n$B", 7],
    ["may make a condition", "$C=@alpha\n$C priority 5", 5],
    ["may be the config id", "@alpha $P=5\n@${_INSTANCE} priority 6\npriority $P", 5],
    ["include random numbers in their range", "priority ${_RANDOM 8 8}", 8],
  ])("%s", (_, lines, expected) => {
    expect(priorityOf(instanceText(lines))).toBe(expected);
  });

  test("include the environment, the folder and the signs of comments", () => {
    const text = `global_defs {\nrouter_id "\${_ENV SITE}\${_HASH}\${_BANG}\${_PWD}"\n}`;
    expect(modelOf(text).routerId).toBe("north#!/etc/keepalived");
  });

  test("point at the place that uses them when they are wrong", () => {
    const { diagnostics } = loadText(instanceText("$P=300\n  priority $P"));
    expect(diagnostics[0]?.at).toMatchObject({ line: 6, column: 12 });
  });

  test("that refer to themselves are one error", () => {
    const text = instanceText("$A=$B x\n$B=$A y\npriority $A");
    expect(codesOf(loadText(text).diagnostics)).toContain("error expansion-limit");
  });

  test("that grow without end are one error", () => {
    const bomb = Array.from({ length: 30 }, (_, n) => `$A${n}=\${A${n + 1}}\${A${n + 1}}`).join(
      "\n",
    );
    const text = `${bomb}\n$A30=x\nrouter_id \${A0}\n`;
    expect(codesOf(loadText(text).diagnostics)).toEqual(["error expansion-limit"]);
  });

  test("are not looked for in the shell's words inside a quotation", () => {
    const text = instanceText(`notify "/bin/sh -c 'echo $HOME'"`);
    expect(loadText(text).diagnostics).toEqual([]);
  });
});

describe("repetitions", () => {
  const addresses = (lines: string): readonly string[] =>
    onlyInstance(instanceText(`virtual_ipaddress {\n${lines}\n}`)).addresses.map(
      ({ spec }) => spec.address,
    );

  test.each([
    ["~SEQ(n, 3) 192.0.2.$n", ["192.0.2.1", "192.0.2.2", "192.0.2.3"]],
    ["~SEQ(n, 5, 6) 192.0.2.$n", ["192.0.2.5", "192.0.2.6"]],
    ["~SEQ(n, 9, -4, 1) 192.0.2.$n", ["192.0.2.9", "192.0.2.5", "192.0.2.1"]],
    ["~SEQx(n, 9, 10) fe80::$n", ["fe80::9", "fe80::a"]],
    ["~LST(n, 7, 3) 192.0.2.$n", ["192.0.2.7", "192.0.2.3"]],
    ["~LST({a,b},{1,2},{3,4}) 192.0.${a}.$b", ["192.0.1.2", "192.0.3.4"]],
    [
      "~SEQ(a, 1, 2) ~SEQ(b, 1, 2) 192.0.${a}.$b",
      ["192.0.1.1", "192.0.1.2", "192.0.2.1", "192.0.2.2"],
    ],
  ])("%s", (line, expected) => {
    expect(addresses(line)).toEqual(expected);
  });

  test.each([
    "~SEQ(n, 1, 0, 3) $n",
    "~SEQ(n, 3, 1) $n",
    "~SEQ(n, x) $n",
    "~SEQ(n, 999999999) $n",
    "~LST({a,b},{1}) $a",
    "~SEQ(n, 3",
  ])("%s is one error", (line) => {
    expect(codesOf(loadText(line).diagnostics)).toEqual(["error definition-invalid"]);
  });

  test("that nest into millions of lines are one error", () => {
    const line = "~SEQ(a, 1000) ~SEQ(b, 1000) ~SEQ(c, 1000) x$a";
    expect(codesOf(loadText(line).diagnostics)).toContain("error expansion-limit");
  });
});

describe("the order of blocks", () => {
  test("globals count wherever they stand", () => {
    const text = `${instanceText()}global_defs {\nvrrp_garp_master_repeat 2\n}`;
    expect(onlyInstance(text).announcements.repeat).toBe(2);
  });

  test("a tracker may be defined after its use", () => {
    const text = `${instanceText("track_script {\nc\n}")}vrrp_script c {\nscript /bin/true\nweight 3\n}`;
    expect(onlyInstance(text).tracking).toEqual([
      { tracker: "script:c", weight: 3, reverse: false },
    ]);
  });
});
