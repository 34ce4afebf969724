import type { IpAddress } from "../base/ip.ts";
import { SyscallError } from "../kernel/errno.ts";
import { RouteNetlink } from "../kernel/route-netlink.ts";

/** Every address of this router, those of interfaces without a carrier too; undefined where the kernel does not tell. */
export function localAddresses(): readonly IpAddress[] | undefined {
  try {
    const kernel = RouteNetlink.open();
    try {
      return kernel.addresses().map(({ address }) => address);
    } finally {
      kernel.close();
    }
  } catch (error) {
    // A check must be possible in a sandbox without netlink sockets; it says less then.
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
}
