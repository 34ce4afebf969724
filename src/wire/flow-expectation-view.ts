/** Records of expectations as values, for people and programs: plain JSON. Not for hot paths. */
import { EXPECT, EXPECT_TUPLES } from "./flow-attributes.ts";
import { RecordFields } from "./flow-fields.ts";
import type { Span } from "./flow-record.ts";
import { decodeTuple, type TupleView, textOf } from "./flow-view.ts";

/** NF_CT_EXPECT_*. */
const FLAGS = { permanent: 1, inactive: 2, userspace: 4 } as const;
type ExpectationFlag = keyof typeof FLAGS;

/** What a record says. What it does not say is absent. */
export interface ExpectationView {
  readonly expected: TupleView;
  readonly mask: TupleView;
  /** Original tuple of the flow whose helper expects it. */
  readonly master: TupleView;
  readonly flags: readonly ExpectationFlag[];
  /** Seconds left when it was sent. */
  readonly timeout?: number;
  readonly class?: number;
  readonly helper?: string;
  /** What the kernel will call for the flow that comes: "nat-follow-master". */
  readonly function?: string;
  /** What will be translated, and in which direction. */
  readonly translation?: TupleView & { readonly direction: "original" | "reply" };
}

/** Takes a record or a body that passed checkExpectation(). */
export function expectationView(expectation: Span): ExpectationView {
  const fields = new RecordFields();
  fields.load(expectation);
  const flags = fields.uint32(EXPECT.flags);
  return {
    expected: decodeTuple(fields, EXPECT_TUPLES.expected),
    mask: decodeTuple(fields, EXPECT_TUPLES.mask),
    master: decodeTuple(fields, EXPECT_TUPLES.master),
    flags: (Object.keys(FLAGS) as ExpectationFlag[]).filter((name) => (flags & FLAGS[name]) !== 0),
    ...(fields.has(EXPECT.timeout) && { timeout: fields.uint32(EXPECT.timeout) }),
    ...(fields.has(EXPECT.class) && { class: fields.uint32(EXPECT.class) }),
    ...(fields.has(EXPECT.helper) && { helper: textOf(fields, EXPECT.helper) }),
    ...(fields.has(EXPECT.function) && { function: textOf(fields, EXPECT.function) }),
    ...(fields.has(EXPECT.natIpv4) && { translation: decodeTranslation(fields) }),
  };
}

const decodeTranslation = (fields: RecordFields): NonNullable<ExpectationView["translation"]> => ({
  ...decodeTuple(fields, EXPECT_TUPLES.translated),
  direction: fields.uint32(EXPECT.natDirection) === 0 ? "original" : "reply",
});
