/** Colours of ECMA-48, for terminals only. Every state is also written in words. */
export type Paint = (colour: Colour, text: string) => string;
export type Colour = keyof typeof SEQUENCES;

const SEQUENCES = { red: 31, green: 32, yellow: 33, blue: 34, dim: 2, bold: 1 } as const;

export const paintFor = (colour: boolean): Paint =>
  colour ? (name, text) => `\u001b[${SEQUENCES[name]}m${text}\u001b[0m` : (_, text) => text;
