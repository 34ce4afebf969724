import { expect, test } from "vitest";
import { Screen, type ScreenOptions } from "../../../src/lab/screen.ts";

function screen(options: Partial<ScreenOptions>): { screen: Screen; written: () => string } {
  let text = "";
  const write = (more: string) => {
    text += more;
  };
  const shown = new Screen({ write, isTerminal: true, columns: 80, colour: false, ...options });
  return { screen: shown, written: () => text };
}

test("without a terminal only whole lines are written, without any control character", () => {
  const { screen: shown, written } = screen({ isTerminal: false });
  shown.live("1.0 s");
  shown.line(shown.paint("bad", "down"));
  shown.live("");
  expect(written()).toBe("down\n");
});

test("on a terminal a line scrolls past the living one, which is drawn again below it", () => {
  const { screen: shown, written } = screen({});
  shown.live("1.0 s");
  shown.line("down");
  expect(written()).toBe("\r\u001b[K1.0 s\r\u001b[Kdown\n1.0 s");
});

test("a living line that has not changed is not drawn again, and one too long is cut", () => {
  const { screen: shown, written } = screen({ columns: 5 });
  shown.live("123456");
  shown.live("123456");
  expect(written()).toBe("\r\u001b[K1234");
});

test("colour is only used where there is colour", () => {
  expect(screen({ colour: true }).screen.paint("bad", "x")).toBe("\u001b[31mx\u001b[0m");
  expect(screen({ colour: false }).screen.paint("bad", "x")).toBe("x");
});
