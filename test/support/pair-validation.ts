/** duet.yaml judged by the published schema, as an editor does it. */
import { Ajv } from "ajv";
import { parse } from "yaml";
import { pairSchema } from "./reference/pair-schema.ts";

const validate = new Ajv({ strict: true, allErrors: true, allowUnionTypes: true }).compile(
  JSON.parse(pairSchema()) as object,
);

/** What the schema has against `text`; nothing when it is content. */
export function schemaFaults(text: string): readonly string[] {
  validate(parse(text));
  return (validate.errors ?? []).map(
    ({ instancePath, message = "" }) => `${instancePath} ${message}`,
  );
}
