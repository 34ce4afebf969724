/** Something that replicates in a simulation: a router with Duet, or the model of conntrackd. */
import type { SimKernel } from "./replication-kernel.ts";

export interface SimNode {
  readonly kernel: SimKernel;
  /** Takes a datagram from the link. */
  receive(datagram: Uint8Array, at: number): void;
  /** Does what is due and sends what there is. */
  run(at: number): void;
  /** When it wants to run next. */
  deadline(): number;
  /** Ends and starts again, with an empty memory; the kernel keeps its flows. */
  restart(at: number): void;
  /** What it holds of its own and of the peer's flows. */
  internal(): string[];
  external(): string[];
}

export type Send = (datagram: Uint8Array) => void;
