import type { IpAddress, IpFamily } from "../base/ip.ts";

/** VRRP itself, or the Authentication Header around it. */
export type VrrpProtocol = 112 | 51;

export interface VrrpReceiverOptions {
  readonly family: IpFamily;
  readonly protocol: VrrpProtocol;
  readonly interface: string;
  readonly index: number;
  readonly transport:
    | { readonly type: "multicast"; readonly group: IpAddress }
    | { readonly type: "unicast"; readonly source: IpAddress };
}

/** A received packet. Lives in the receiver's buffer and is valid only until the handler returns. */
export interface VrrpPacket {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** TTL or hop limit. */
  readonly ttl: number;
  readonly protocol: VrrpProtocol;
  /** IPv4: the whole packet with its IP header. IPv6: the payload. */
  readonly bytes: DataView;
}

export declare class VrrpReceiver {
  private constructor();
  /** Throws SyscallError. */
  static open(options: VrrpReceiverOptions): VrrpReceiver;
  readonly fd: number;
  /** Hands up to `max` packets to `handler` and returns how many there were; fewer than `max` means drained. */
  receive(handler: (packet: VrrpPacket) => void, max: number): number;
  /** Joins the group again after the interface came back; harmless when still joined. */
  rejoin(): void;
  close(): void;
}

export interface VrrpSenderOptions {
  readonly family: IpFamily;
  readonly protocol: VrrpProtocol;
  readonly interface: string;
  readonly index: number;
  readonly source: IpAddress;
  /** Hop limit of IPv6 unicast; undefined leaves it to the kernel. IPv4 packets bring their own TTL. */
  readonly hopLimit?: number;
}

export declare class VrrpSender {
  private constructor();
  /** Throws SyscallError. */
  static open(options: VrrpSenderOptions): VrrpSender;
  /** IPv4: a whole packet, whose header checksum the kernel fills in. IPv6: the payload. Throws SyscallError. */
  send(bytes: Uint8Array, destination: IpAddress): void;
  close(): void;
}
