export type Capability = "CAP_NET_ADMIN" | "CAP_NET_RAW" | "CAP_SYS_NICE" | "CAP_IPC_LOCK";

/** Which of `wanted` the process does not have in its effective set. */
export declare function missingCapabilities(wanted: readonly Capability[]): readonly Capability[];
/** Asks the kernel to send `signal` to this process when its parent ends; SIGTERM unless given. */
export declare function dieWithParent(signal?: NodeJS.Signals): void;
