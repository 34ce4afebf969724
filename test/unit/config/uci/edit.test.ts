/** An edit changes one thing. */
import { describe, expect, test } from "vitest";
import { UciEditor } from "../../../../src/config/uci/edit.ts";
import { parseUci } from "../../../../src/config/uci/parse.ts";

const TEXT = `# the router in the cellar

config interface 'lan'
    option proto "static"   # never dhcp
    option ipaddr 192.168.1.2
    list dns '9.9.9.9'  # first
    list dns '1.1.1.1'

config zone
\toption name 'lan'

config zone
\toption name 'wan'
\toption masq '1'
`;

const editorOf = (text = TEXT): UciEditor => new UciEditor(parseUci("f", text));

/** The lines that are there after an edit and were not before, with a plus, and the other way round. */
function difference(edit: (editor: UciEditor) => void, text = TEXT): readonly string[] {
  const editor = editorOf(text);
  edit(editor);
  const before = text.split("\n");
  const after = editor.text.split("\n");
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `-${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+${line}`),
  ];
}

test.each<[string, (editor: UciEditor) => void, readonly string[]]>([
  [
    "a value is replaced between its keyword and its comment",
    (editor) => editor.set(0, "proto", "dhcp"),
    ['-    option proto "static"   # never dhcp', "+    option proto 'dhcp'   # never dhcp"],
  ],
  [
    "a value that is there stays as it is written",
    (editor) => editor.set(0, "proto", "static"),
    [],
  ],
  [
    "a new option is indented like the others",
    (editor) => editor.set(0, "metric", "5"),
    ["+    option metric '5'"],
  ],
  [
    "an option goes away with its line",
    (editor) => editor.set(0, "ipaddr", undefined),
    ["-    option ipaddr 192.168.1.2"],
  ],
  ["an option that is not there goes away silently", (editor) => editor.set(0, "x", undefined), []],
  [
    "an entry is added behind the others of its list",
    (editor) => editor.setList(0, "dns", ["9.9.9.9", "1.1.1.1", "8.8.8.8"]),
    ["+    list dns '8.8.8.8'"],
  ],
  [
    "an entry is replaced where it stands",
    (editor) => editor.setList(0, "dns", ["8.8.8.8"]),
    [
      "-    list dns '9.9.9.9'  # first",
      "-    list dns '1.1.1.1'",
      "+    list dns '8.8.8.8'  # first",
    ],
  ],
  [
    "an option becomes a list",
    (editor) => editor.setList(0, "ipaddr", ["192.168.1.2/24", "10.0.0.1/8"]),
    [
      "-    option ipaddr 192.168.1.2",
      "+    list ipaddr '192.168.1.2/24'",
      "+    list ipaddr '10.0.0.1/8'",
    ],
  ],
  ["one value may stay an option", (editor) => editor.setList(0, "ipaddr", ["192.168.1.2"]), []],
  [
    "a list becomes an option",
    (editor) => editor.set(0, "dns", "9.9.9.9"),
    ["-    list dns '9.9.9.9'  # first", "-    list dns '1.1.1.1'", "+    option dns '9.9.9.9'"],
  ],
  [
    "an anonymous section is found by what it says",
    (editor) => editor.set(editor.find({ type: "zone", where: { name: "wan" } })!, "masq", "0"),
    ["-\toption masq '1'", "+\toption masq '0'"],
  ],
])("%s", (_, edit, lines) => {
  expect(difference(edit)).toEqual(lines);
});

test("a section is added at the end, whether the file ends with a line end or not", () => {
  for (const text of [TEXT, TEXT.trimEnd()]) {
    const editor = editorOf(text);
    editor.set(editor.add("rule", "duet_a"), "target", "ACCEPT");
    expect(editor.text).toBe(`${TEXT}\nconfig rule 'duet_a'\n\toption target 'ACCEPT'\n`);
  }
  const empty = editorOf("");
  empty.add("globals");
  expect(empty.text).toBe("config globals\n");
});

test("a section is deleted wherever it is spread", () => {
  const editor = editorOf("config a x\n\toption b 1\n\nconfig c\n\nconfig a x\n\toption d 2\n");
  editor.delete(0);
  expect(editor.text).toBe("\nconfig c\n");
});

describe("in files with odd line ends", () => {
  test("carriage returns are kept and added", () => {
    const editor = editorOf("config a x\r\n\toption b 1\r\n");
    editor.set(0, "c", "2");
    editor.set(0, "b", "3");
    expect(editor.text).toBe("config a x\r\n\toption b '3'\r\n\toption c '2'\r\n");
  });

  test("statements that share a line are changed one by one", () => {
    const editor = editorOf("config a x; option b 1; option c 2 # why\nconfig d\n");
    editor.set(0, "b", undefined);
    editor.set(0, "e", "3");
    editor.set(0, "c", "4");
    expect(editor.text).toBe("config a x;  option c '4'; option e '3' # why\nconfig d\n");
  });
});

test("a file with errors is not edited", () => {
  expect(() => editorOf("nonsense")).toThrow("f has errors and cannot be edited");
  expect(() => editorOf().set(9, "a", "b")).toThrow("there is no section 9");
});
