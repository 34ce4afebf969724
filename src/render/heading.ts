/** What a rendered file says of itself, so that nobody edits it in vain. */
import type { PairConfig } from "../config/pair/model.ts";

/** Comment lines; `remarks` are what there is to know about this file in particular. */
export function heading(
  { name }: PairConfig,
  node: string,
  remarks: readonly string[] = [],
): readonly string[] {
  return [
    `# Router ${node} of the pair ${name}. Made by duet render from the pair's file: change that one and render again.`,
    ...remarks.map((remark) => `# ${remark}`),
  ];
}
