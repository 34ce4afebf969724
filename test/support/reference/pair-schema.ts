/** schema/duet.schema.json, made from the keys that the reader of duet.yaml works by. */
import { FILE } from "../../../src/config/pair/keys.ts";

const HEAD = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "duet.yaml",
  description: "Two routers that behave as one that does not fail: the same file on both.",
};

export const pairSchema = (): string => `${JSON.stringify({ ...HEAD, ...FILE.schema }, null, 2)}\n`;
