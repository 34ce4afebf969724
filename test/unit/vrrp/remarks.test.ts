import { describe, expect, test } from "vitest";
import { instant, seconds } from "../../../src/base/time.ts";
import type { Remark, RouterAction } from "../../../src/vrrp/events.ts";
import { Remarks } from "../../../src/vrrp/remarks.ts";

const remark = (atSeconds: number, subject = "VI", text = "x"): Omit<Remark, "type"> => ({
  at: instant(seconds(atSeconds)),
  level: "warn",
  code: "two-active",
  subject,
  text,
});

const texts = (out: readonly RouterAction[]): string[] =>
  out.flatMap((action) =>
    action.type === "report" && action.report.type === "remark" ? [action.report.text] : [],
  );

describe("remarks", () => {
  test("of one kind are made once a minute, the next one saying how many were left out", () => {
    const remarks = new Remarks();
    const out: RouterAction[] = [];
    for (let second = 0; second <= 60; second += 1) remarks.add(remark(second), out);
    expect(texts(out)).toEqual(["x", "x (59 more since)"]);
  });

  test("about different subjects do not silence each other", () => {
    const remarks = new Remarks();
    const out: RouterAction[] = [];
    remarks.add(remark(0, "A"), out);
    remarks.add(remark(0, "B"), out);
    expect(out).toHaveLength(2);
  });

  test("are news again after their subject changed its state", () => {
    const remarks = new Remarks();
    const out: RouterAction[] = [];
    remarks.add(remark(0, "A"), out);
    remarks.add(remark(0, "B"), out);
    remarks.forget("A");
    remarks.add(remark(1, "A"), out);
    remarks.add(remark(1, "B"), out);
    expect(out).toHaveLength(3);
  });

  test("of very many kinds do not grow without bound", () => {
    const remarks = new Remarks();
    const out: RouterAction[] = [];
    for (let index = 0; index < 5_000; index += 1) remarks.add(remark(0, `VI ${index}`), out);
    expect(out).toHaveLength(5_000);
  });
});
