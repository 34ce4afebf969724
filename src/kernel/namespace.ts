/** Moves the calling thread to the network namespace at `path`, such as /run/netns/NAME. Needs CAP_SYS_ADMIN. */
export declare function enterNetworkNamespace(path: string): void;
/** Moves the calling thread to a new, empty network namespace. */
export declare function unshareNetworkNamespace(): void;
/** Calls `open` inside the namespace at `path`: sockets opened there stay there. The thread comes back in any case. */
export declare function withNetworkNamespace<T>(path: string, open: () => T): T;
