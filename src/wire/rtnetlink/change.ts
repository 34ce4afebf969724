import type { Mac } from "../../base/mac.ts";
import type { AddressSpec, RouteSpec, RuleSpec } from "../objects.ts";

/** One change to the kernel's configuration: what is to happen to which object. */
export type Change =
  /** "replace" adds what is missing and gives what exists new lifetimes. */
  | {
      readonly type: "address";
      readonly verb: "add" | "replace" | "delete";
      readonly spec: AddressSpec;
    }
  /** "add" refuses what exists, "prepend" puts the route before equal ones, "append" behind them. */
  | {
      readonly type: "route";
      readonly verb: "add" | "replace" | "prepend" | "append" | "delete";
      readonly spec: RouteSpec;
    }
  | { readonly type: "rule"; readonly verb: "add" | "delete"; readonly spec: RuleSpec }
  | { readonly type: "link"; readonly verb: "up" | "down" | "delete"; readonly interface: string }
  /** A macvlan in private mode: it hears and speaks for itself, and its siblings cannot reach it. */
  | {
      readonly type: "link";
      readonly verb: "add-macvlan";
      readonly interface: string;
      readonly parent: string;
      readonly mac: Mac;
    };

/** Finds the index of an interface by name; undefined when there is none. */
export type InterfaceLookup = (name: string) => number | undefined;
