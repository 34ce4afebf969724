/** Tuples of records, as requests to the kernel need them. */
import type { TupleSource } from "./request-writer.ts";

/** One tuple that is filled in again and again. */
export class RecordTuple implements TupleSource {
  view: DataView;
  family: 4 | 6 = 4;
  sourceAt = 0;
  destinationAt = 0;
  protocol = 0;
  ports = 0;
  hasPorts = false;

  constructor(view: DataView) {
    this.view = view;
  }

  /** Takes addresses from the payload at `at`: source, then destination. */
  setAddresses(view: DataView, at: number, family: 4 | 6): void {
    this.view = view;
    this.family = family;
    this.sourceAt = at;
    this.destinationAt = at + (family === 4 ? 4 : 16);
  }

  setProtocol(protocol: number, ports: number, hasPorts: boolean): void {
    this.protocol = protocol;
    this.ports = ports;
    this.hasPorts = hasPorts;
  }
}
