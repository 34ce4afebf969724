/** Sends whole Ethernet frames and receives nothing: packet(7) with protocol 0. */
export declare class PacketSocket {
  private constructor();
  static open(): PacketSocket;
  /** Sends `frame` out of the interface with that index. Throws SyscallError. */
  send(index: number, frame: Uint8Array): void;
  close(): void;
}
