/** What programs may import from this package: a typed client of the control socket, and the shapes it speaks of. */
export { ControlClient } from "./control/client.ts";
export type * from "./control/contract.ts";
export { ControlError } from "./control/control-error.ts";
export type * from "./control/replication-contract.ts";
