import fc from "fast-check";
import { expect, test } from "vitest";
import { instant } from "../../../src/base/time.ts";
import { encodeRecord, RecordReader } from "../../../src/lab/agents/services.ts";

test("records are of one size, whatever the time", () => {
  const sizes = [0, 1, 1_732_308_000_000_000].map((at) => encodeRecord(instant(at)).length);
  expect(new Set(sizes).size).toBe(1);
});

test("the newest complete record counts, however TCP cuts the stream", () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 8 }), cuts, (stamps, sizes) => {
      const stream = stamps.map((stamp) => encodeRecord(instant(stamp))).join("");
      const reader = new RecordReader();
      let at = 0;
      for (let turn = 0; at < stream.length; turn += 1) {
        const size = sizes[turn % sizes.length]!;
        reader.read(stream.slice(at, at + size));
        at += size;
      }
      expect(reader.newest).toBe(stamps.at(-1));
    }),
  );
});

test("half a record says nothing yet", () => {
  const reader = new RecordReader();
  reader.read(encodeRecord(instant(5)).slice(0, -1));
  expect(reader.newest).toBe(0);
});
