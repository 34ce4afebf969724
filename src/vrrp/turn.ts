import type { Instant } from "../base/time.ts";
import type { StateTransferConfig } from "./config.ts";
import type { RouterAction } from "./events.ts";
import type { Remarks } from "./remarks.ts";

/** One call of the core: the time it happens, and where its orders go. */
export interface Turn {
  readonly now: Instant;
  readonly out: RouterAction[];
}

/** What a unit is made with. */
export interface UnitContext {
  readonly remarks: Remarks;
  readonly now: Instant;
  readonly stateTransfer: StateTransferConfig | undefined;
}
