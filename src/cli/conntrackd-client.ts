/** The client's end of conntrackd's control socket, whichever daemon is at the other. */
import { connect } from "node:net";
import { endianness } from "node:os";
import { type ControlRequest, encodeControlRequest } from "../replication/control-requests.ts";

/**
 * Sends one request and hands on what comes back, until the daemon has done its work. Rejects when nobody listens on
 * the socket or it may not be opened; the message says what to do.
 */
export async function askConntrackd(
  socketPath: string,
  request: ControlRequest,
  out: (text: string) => void,
): Promise<void> {
  const socket = connect({ path: socketPath });
  socket.setEncoding("utf8");
  socket.write(numberBytes(request));
  try {
    for await (const text of socket as AsyncIterable<string>) out(text);
  } catch (error) {
    throw new Error(explain(error, socketPath), { cause: error });
  }
}

function numberBytes(request: ControlRequest): Uint8Array {
  const number = encodeControlRequest(request);
  if (number === undefined) throw new RangeError(`there is no number for ${request.type}`);
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number, endianness() === "LE");
  return bytes;
}

function explain(error: unknown, socketPath: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ECONNREFUSED")
    return `no daemon listens on ${socketPath}: start it with duet run --conntrackd FILE`;
  if (code === "EACCES" || code === "EPERM")
    return `no permission to open ${socketPath}: run as root`;
  return `the daemon on ${socketPath} does not answer: ${message}`;
}
