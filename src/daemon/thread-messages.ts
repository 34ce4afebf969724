/** What the main thread and the VRRP thread tell each other. Plain data: it is cloned on its way. */
import type { Model } from "../config/model.ts";
import type { NotifyState, Report, TrackerValue } from "../vrrp/events.ts";
import type { RouterView } from "../vrrp/view.ts";
import type { Journal } from "./journal.ts";
import type { LineEnd } from "./takeover-line.ts";

/** What the VRRP thread is started with. */
export interface VrrpThreadStart {
  readonly model: Model;
  /** What an earlier daemon with this state directory may have left behind. */
  readonly journal: Journal;
  /** An eventfd that the main thread signals after each message. */
  readonly wakeFd: number;
  /** See lateness.ts. */
  readonly lateness: SharedArrayBuffer;
}

export type ToVrrpThread =
  | { readonly type: "tracker"; readonly tracker: string; readonly value: TrackerValue }
  | { readonly type: "reload"; readonly request: number; readonly model: Model }
  | { readonly type: "view"; readonly request: number }
  | { readonly type: "resign"; readonly unit: string; readonly by: string }
  /** Leads to the replication thread; null when there is none. */
  | { readonly type: "takeover-line"; readonly end: LineEnd | null }
  | { readonly type: "shutdown" };

/** A failed system call or netlink request that the thread can live with. */
export interface Trouble {
  readonly call: string;
  readonly subject: string;
  readonly code: string;
  readonly text: string;
}

export type FromVrrpThread =
  /** Sockets are open, leftovers are gone, the election has begun. */
  | {
      readonly type: "listening";
      readonly realtimePriority: number | null;
      readonly realtimeRefusal: string | null;
      /** Leftovers that were removed. */
      readonly swept: readonly string[];
    }
  | { readonly type: "report"; readonly report: Report }
  | {
      readonly type: "notify";
      readonly scope: "INSTANCE" | "GROUP";
      readonly name: string;
      readonly state: NotifyState;
      readonly priority: number;
    }
  | {
      readonly type: "interface";
      readonly interface: string;
      readonly state: "up" | "down" | "missing";
    }
  | { readonly type: "trouble"; readonly trouble: Trouble }
  | { readonly type: "overrun" }
  | { readonly type: "unknown-vrid"; readonly vrid: number; readonly source: string }
  | { readonly type: "answer"; readonly request: number; readonly view: RouterView | null }
  /** Everything that was installed has been taken back; the thread ends. */
  | { readonly type: "stopped" };
