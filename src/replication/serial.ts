/** Sequence numbers of 32 bits that wrap, compared as conntrackd does: by the sign of their difference. */

/** Whether `a` comes before `b`. */
export const isBefore = (a: number, b: number): boolean => ((a - b) | 0) < 0;
/** The number behind `sequence`, `count` further. */
export const onward = (sequence: number, count: number): number => (sequence + count) >>> 0;
/** How far `to` lies behind `from`; negative when it lies before it. */
export const distance = (from: number, to: number): number => (to - from) | 0;
/** Whether `sequence` lies in a range that includes both its ends. */
export const isWithin = (sequence: number, from: number, to: number): boolean =>
  !isBefore(sequence, from) && !isBefore(to, sequence);
