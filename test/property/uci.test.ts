/** Whatever a file of OpenWrt contains, reading it comes to an end, and editing it changes what was asked and nothing else. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { readElection } from "../../src/check/files/uci-keepalived.ts";
import { formatDiagnostic } from "../../src/config/diagnostics.ts";
import { UciEditor } from "../../src/config/uci/edit.ts";
import { entriesOf, valueOf } from "../../src/config/uci/model.ts";
import { parseUci } from "../../src/config/uci/parse.ts";

const FILE = "/etc/config/network";
const PIECES = [
  ["config", "option", "list", "package", "o", "c", "confg"],
  ["interface", "'lan'", '"wan"', "lan", "device", "ipaddr", "name-", "x", "y"],
  ["'1'", '"2 3"', "'it'\\''s'", "\\ ", "'", '"', "\\", ";", "#", "# note", ""],
  ["\n", "\n", "\n\t", "\r\n", " ", "\t", "\0", "é", "\\\n"],
].flat();

const soup = fc
  .array(fc.constantFrom(...PIECES), { maxLength: 60 })
  .chain((pieces) => fc.constantFrom(" ", "").map((glue) => pieces.join(glue)));

const word = fc.constantFrom("a", "b", "lan", "ipaddr", "x_1");
const value = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" }).filter(isText);
const quotedValue = fc
  .tuple(value, fc.constantFrom("'", '"'))
  .map(([text, mark]) => quote(text, mark));
const line = fc.oneof(
  fc.tuple(fc.constantFrom("option", "list", "  option", "\tlist\t"), word, quotedValue).map(join),
  fc.tuple(fc.constant("config"), word).map(join),
  fc
    .tuple(
      fc.constant("config type"),
      word.map((name) => `n_${name}`),
    )
    .map(join),
  fc.constantFrom("", "# a comment", "\toption a 1 # why", "option a 1; list b 2", "package lan"),
);
/** A file that is right. */
const file = fc
  .tuple(fc.array(line, { maxLength: 25 }), fc.constantFrom("\n", "\r\n"), fc.boolean())
  .map(([lines, nl, ends]) => ["config first", ...lines].join(nl) + (ends ? nl : ""));

function isText(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is left out
  return !/[\0\uFFFD]/.test(text);
}

function join(words: readonly string[]): string {
  return words.join(" ");
}

function quote(text: string, mark: string): string {
  if (mark === '"') return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function assertSound(text: string): void {
  const { sections, diagnostics, text: kept } = parseUci(FILE, text);
  expect(kept).toBe(text);
  const lines = text.split("\n");
  for (const finding of diagnostics) {
    const { at, message } = finding;
    expect(at.file).toBe(FILE);
    expect(lines[at.line - 1], formatDiagnostic(finding)).toBeDefined();
    expect(at.column).toBeGreaterThanOrEqual(1);
    expect(at.column, formatDiagnostic(finding)).toBeLessThanOrEqual(
      lines[at.line - 1]!.length + 1,
    );
    expect(message.length).toBeGreaterThan(10);
    expect(message).not.toContain("undefined");
  }
  for (const { statement } of sections.flatMap(entriesOf)) {
    const { line: row, column } = statement.at;
    expect(lines[row - 1]!.slice(column - 1)).toMatch(/^(?:o|l|option|list)(?![^\s;#])/);
    expect(text.slice(statement.start)).toMatch(/^[ol]/);
  }
}

test("random text never throws, and every finding has its place", () => {
  fc.assert(fc.property(fc.string({ maxLength: 300, unit: "binary" }), assertSound), {
    numRuns: 150,
  });
});

test("neither do pieces of the language", () => {
  fc.assert(fc.property(soup, assertSound), { numRuns: 400 });
});

const WORDS = [
  ["config ipaddress", "config vrrp_instance", "config vrrp_sync_group", "config globals"],
  ["config route", "config peer", "config track_script", "config vrrp_script", "config x"],
  ["option name a", "option name 10.0.0.1", "option address 10.0.0.1/24", "option interface e"],
  ["list virtual_ipaddress a", "list group a", "list unicast_peer a", "list track_script 'a b'"],
  ["list virtual_routes a", "option virtual_router_id 1", "option script 'a\n}'", "option device"],
  ["option auth_type PASS", "option auth_pass '{'", "option blackhole 1", "option enabled 0"],
].flat();

test("whatever an election in OpenWrt's words says, it is read, and every finding stands in the file", () => {
  const election = fc.array(fc.constantFrom(...WORDS), { maxLength: 40 });
  fc.assert(
    fc.property(election, (lines) => {
      const text = lines.join("\n");
      const parsed = parseUci("/etc/config/keepalived", text);
      fc.pre(parsed.diagnostics.length === 0);
      const read = readElection(parsed, { hostName: "alpha", variables: {} });
      const count = text.split("\n").length;
      for (const { at, message } of read?.findings ?? []) {
        expect(at.file).toBe("/etc/config/keepalived");
        expect(at.line).toBeLessThanOrEqual(count);
        expect(message).not.toMatch(/undefined|\[object|as keepalived\.conf/);
      }
    }),
    { numRuns: 300 },
  );
});

test("generated files are read without errors, and an editor that does nothing keeps every byte", () => {
  fc.assert(
    fc.property(file, (text) => {
      const parsed = parseUci(FILE, text);
      expect(parsed.diagnostics.map(formatDiagnostic)).toEqual([]);
      expect(new UciEditor(parsed).text).toBe(text);
    }),
    { numRuns: 150 },
  );
});

type Edit =
  | { readonly do: "set"; readonly name: string; readonly value: string | undefined }
  | { readonly do: "list"; readonly name: string; readonly values: readonly string[] };

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({
    do: fc.constant("set" as const),
    name: word,
    value: fc.option(value, { nil: undefined }),
  }),
  fc.record({
    do: fc.constant("list" as const),
    name: word,
    values: fc.array(value, { maxLength: 4 }),
  }),
);

function apply(editor: UciEditor, id: number, wanted: Edit): void {
  if (wanted.do === "set") editor.set(id, wanted.name, wanted.value);
  else editor.setList(id, wanted.name, wanted.values);
}

/** Everything that a file says but one option of one section. */
const otherValues = (editor: UciEditor, id: number, name: string): unknown =>
  editor.sections.map((section, index) => [
    section.type,
    section.name,
    [...new Set(entriesOf(section).map((entry) => entry.name))]
      .filter((option) => index !== id || option !== name)
      .toSorted()
      .map((option) => [option, valueOf(section, option)]),
  ]);

test("an edit does what was asked and nothing else, and doing it twice is doing it once", () => {
  fc.assert(
    fc.property(file, edit, fc.nat(), (text, wanted, pick) => {
      const editor = new UciEditor(parseUci(FILE, text));
      const id = pick % editor.sections.length;
      const before = otherValues(editor, id, wanted.name);
      apply(editor, id, wanted);
      const once = editor.text;
      expect(parseUci(FILE, once).diagnostics.map(formatDiagnostic)).toEqual([]);
      expect(otherValues(editor, id, wanted.name)).toEqual(before);
      const now = valueOf(editor.sections[id]!, wanted.name);
      if (wanted.do === "set") expect(now).toBe(wanted.value);
      else expect(now === undefined ? [] : [now].flat()).toEqual(wanted.values);
      apply(editor, id, wanted);
      expect(editor.text).toBe(once);
    }),
    { numRuns: 400 },
  );
});

test("a section that was added and deleted again leaves no trace", () => {
  fc.assert(
    fc.property(file, value, (text, content) => {
      const editor = new UciEditor(parseUci(FILE, text.endsWith("\n") ? text : `${text}\n`));
      const before = editor.text;
      const id = editor.add("rule", "duet_rule");
      editor.set(id, "target", content);
      editor.setList(id, "proto", ["112", content]);
      expect(editor.find({ type: "rule", where: { target: content } })).toBe(id);
      editor.delete(id);
      expect(editor.text).toBe(before);
    }),
    { numRuns: 150 },
  );
});
