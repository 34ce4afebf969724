/** Attributes of one record by number. */
import { EXPECT_TABLE, FLOW_TABLE } from "./flow-attributes.ts";
import { indexAttributes } from "./flow-merge.ts";
import type { Span } from "./flow-record.ts";

/** Finds all attributes in one walk. One serves any number of records, of flows and of expectations. */
export class RecordFields {
  /** Of the record that was loaded last. */
  view: DataView = new DataView(new ArrayBuffer(0));
  readonly #offsets: Int32Array = new Int32Array(Math.max(FLOW_TABLE.count, EXPECT_TABLE.count));

  load(record: Span): void {
    this.view = record.view;
    indexAttributes(record, this.#offsets);
  }

  /** Offset of the attribute's payload; -1 when the record does not have it. */
  at(number: number): number {
    const offset = this.#offsets[number] ?? -1;
    return offset < 0 ? -1 : offset + 4;
  }

  has(number: number): boolean {
    return this.at(number) >= 0;
  }

  /** Bytes of the payload, without padding; 0 when the record does not have it. */
  size(number: number): number {
    const at = this.at(number);
    return at < 0 ? 0 : this.view.getUint16(at - 4) - 4;
  }

  /** 0 when the record does not have it; so with the others. */
  uint8(number: number): number {
    const at = this.at(number);
    return at < 0 ? 0 : this.view.getUint8(at);
  }

  uint16(number: number): number {
    const at = this.at(number);
    return at < 0 ? 0 : this.view.getUint16(at);
  }

  uint32(number: number): number {
    const at = this.at(number);
    return at < 0 ? 0 : this.view.getUint32(at);
  }
}
