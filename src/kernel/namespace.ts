/** Network namespaces of the calling thread; see network_namespaces(7). Needs CAP_SYS_ADMIN. */
import { closeSync, openSync } from "node:fs";
import { checked, libc } from "./libc.ts";

const CLONE_NEWNET = 0x4000_0000;

/** Moves the calling thread to the network namespace at `path`, such as /run/netns/NAME. */
export function enterNetworkNamespace(path: string): void {
  const fd = openSync(path, "r");
  try {
    checked(libc.setns(fd, CLONE_NEWNET), "setns", path);
  } finally {
    closeSync(fd);
  }
}

/** Moves the calling thread to a new, empty network namespace. */
export function unshareNetworkNamespace(): void {
  checked(libc.unshare(CLONE_NEWNET), "unshare", "CLONE_NEWNET");
}

/** Calls `open` inside the namespace at `path`: sockets opened there stay there. The thread comes back in any case. */
export function withNetworkNamespace<T>(path: string, open: () => T): T {
  const home = openSync("/proc/thread-self/ns/net", "r");
  try {
    enterNetworkNamespace(path);
    try {
      return open();
    } finally {
      checked(libc.setns(home, CLONE_NEWNET), "setns", "back home");
    }
  } finally {
    closeSync(home);
  }
}
