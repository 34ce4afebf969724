/** What libuci makes of a file, and what it refuses. */
import { describe, expect, test } from "vitest";
import { formatDiagnostic } from "../../../../src/config/diagnostics.ts";
import { isOn, listOf, optionOf, quoteUci, valueOf } from "../../../../src/config/uci/model.ts";
import { parseUci } from "../../../../src/config/uci/parse.ts";
import { filesOf, STYLES } from "./files.ts";

/** The value of option v of one section. */
function valueIn(lines: string): unknown {
  const { sections, diagnostics } = parseUci("f", `config t\n${lines}`);
  expect(diagnostics.map(formatDiagnostic)).toEqual([]);
  return valueOf(sections[0]!, "v");
}

test.each([
  ["option v word", "word"],
  ["option v 'two words'", "two words"],
  ['option v "two words"', "two words"],
  [String.raw`option v 'it'\''s'`, "it's"],
  [String.raw`option v "say \"x\" \\ y"`, String.raw`say "x" \ y`],
  [String.raw`option v 'no \ escape'`, String.raw`no \ escape`],
  [String.raw`option v two\ words`, "two words"],
  [`option v a'b c'"d"e`, "ab cde"],
  ["option v 'two\nlines'", "two\nlines"],
  ["option v tw\\\no", "two"],
  ["option v 'x' # comment", "x"],
  ["option v x# comment", "x"],
  ["option v '# none'", "# none"],
  ["\toption\t v \t x \r\n", "x"],
  ["option 'v' \"x\"", "x"],
  ["o v x", "x"],
  ["option w 1; option v 2", "2"],
  ["option v 1\noption v 2", "2"],
  ["option v ''", undefined],
  ["option v", undefined],
  ["option v 1\noption v ''", undefined],
  ["list v 1\nlist v 2", ["1", "2"]],
  ["l v 1", ["1"]],
  ["option v 1\nlist v 2", ["1", "2"]],
  ["list v 1\noption v 2", "2"],
  ["package x\n\n# comment\noption v x", "x"],
])("%j gives %j", (lines, value) => {
  expect(valueIn(lines)).toEqual(value);
});

test("sections of one name are one section, and anonymous ones are many", () => {
  const { sections } = parseUci(
    "f",
    "config a x\noption one 1\nconfig b\nconfig b\nconfig a 'x'\noption two 2\noption one 3\n",
  );
  expect(sections.map(({ type, name }) => [type, name])).toEqual([
    ["a", "x"],
    ["b", undefined],
    ["b", undefined],
  ]);
  expect([optionOf(sections[0]!, "one"), optionOf(sections[0]!, "two")]).toEqual(["3", "2"]);
});

test("options are read as OpenWrt's scripts read them", () => {
  const [section] = parseUci(
    "f",
    "config t\nlist l a\nlist l 'b c'\noption o 'd e'\noption on yes",
  ).sections;
  expect(optionOf(section!, "l")).toBe("a b c");
  expect(listOf(section!, "l")).toEqual(["a", "b c"]);
  expect(listOf(section!, "o")).toEqual(["d", "e"]);
  expect([isOn(section!, "on", false), isOn(section!, "o", true)]).toEqual([true, true]);
});

test("a quoted value is read as it was", () => {
  expect(valueIn(`option v ${quoteUci("it's 'so'")}`)).toBe("it's 'so'");
});

test.each([
  [
    "confg interface lan",
    'f:1:1: error: "confg" is no keyword: a line begins with config, option, list or package; did you mean config? [uci-keyword]',
  ],
  [
    "option a 1",
    "f:1:1: error: option stands before the first section: write config TYPE 'NAME' above it [uci-section-missing]",
  ],
  [
    "config t\n\toption a b c",
    "f:2:2: error: option has words too many, from \"c\" on: write option NAME 'VALUE', and put a value with blanks in quotes [uci-argument-extra]",
  ],
  [
    "config t\n\n  option",
    "f:3:3: error: option needs more words: write option NAME 'VALUE' [uci-argument-missing]",
  ],
  [
    "config",
    "f:1:1: error: config needs more words: write config TYPE 'NAME', or config TYPE [uci-argument-missing]",
  ],
  [
    "config t a-b",
    'f:1:1: error: "a-b" cannot be the name of a section: use letters, digits and underscores only [uci-name]',
  ],
  [
    "config t\nlist a.b c",
    'f:2:1: error: "a.b" cannot be the name of an option: use letters, digits and underscores only [uci-name]',
  ],
  [
    "config t\n\toption a 'b\nmore\n",
    "f:2:11: error: this quotation mark ' is never closed: put another ' where the value ends [uci-quote]",
  ],
  [
    "config t x\nconfig u x",
    "f:2:1: error: section x is of type t since line 1: give this one another name, or the same type [uci-section-type]",
  ],
  [
    "config t\n\0",
    "f:2:1: error: here is something that is not text: restore the file from a backup [uci-not-text]",
  ],
])("%j is refused", (text, message) => {
  expect(parseUci("f", text).diagnostics.map(formatDiagnostic)).toEqual([message]);
});

test("all errors are told, but no more than anybody reads", () => {
  expect(parseUci("f", "x\ny\nconfig t\nz\n").diagnostics).toHaveLength(3);
  const { diagnostics } = parseUci("f", "x\n".repeat(1_000));
  expect(diagnostics).toHaveLength(51);
  expect(diagnostics.at(-1)?.message).toMatch(/^there are more errors/);
  for (const text of [" ".repeat(1_000_001), "config t\n".repeat(20_001)])
    expect(parseUci("f", text).diagnostics.map(({ code }) => code)).toEqual(["uci-limit"]);
});

describe.each(STYLES)("of the router in the style of %s", (style) => {
  test.each(filesOf(style))("$package has no errors", ({ path, text }) => {
    const { diagnostics, sections } = parseUci(path, text);
    expect(diagnostics).toEqual([]);
    expect(sections.length).toBeGreaterThan(0);
  });
});
