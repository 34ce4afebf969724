import type { IpFamily } from "../base/ip.ts";
import type { Change, InterfaceLookup } from "../wire/rtnetlink/change.ts";
import type {
  AddressEntry,
  LinkEntry,
  NeighbourEntry,
  RouteEntry,
  RuleEntry,
} from "../wire/rtnetlink/entries.ts";

export type ChangeResult =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly errno: number;
      /** The errno's name, such as "EEXIST". */
      readonly code: string;
      /** Says which object and why, with the kernel's own words where it gave some. */
      readonly message: string;
    };

/** A synchronous rtnetlink(7) client. Every method throws SyscallError when the socket itself fails. */
export declare class RouteNetlink {
  private constructor();
  static open(): RouteNetlink;
  links(): LinkEntry[];
  addresses(family?: IpFamily): AddressEntry[];
  routes(family?: IpFamily): RouteEntry[];
  rules(family?: IpFamily): RuleEntry[];
  neighbours(family?: IpFamily): NeighbourEntry[];
  /** Asks the kernel; undefined when no interface has that name. */
  indexOf(name: string): number | undefined;
  /**
   * Carries out `changes` in order, in as few system calls as the socket allows, and goes on after a failure; the
   * results are in the same order. Names are resolved by `lookup`, or by asking the kernel.
   */
  apply(changes: readonly Change[], lookup?: InterfaceLookup): ChangeResult[];
  close(): void;
}
