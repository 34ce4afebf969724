/** What a decoder makes of bytes: a value, or the name of the fault they were refused for. Never an exception. */
export type Decoded<T, Fault extends string = string> =
  | { readonly ok: true; readonly value: T }
  | Refused<Fault>;

export interface Refused<Fault extends string> {
  readonly ok: false;
  readonly fault: Fault;
}

export const decoded = <T>(value: T): { readonly ok: true; readonly value: T } => ({
  ok: true,
  value,
});
export const refused = <Fault extends string>(fault: Fault): Refused<Fault> => ({
  ok: false,
  fault,
});

/** Marks a place that the types say cannot be reached. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
