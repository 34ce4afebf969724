/** Reads server-sent events as https://html.spec.whatwg.org/#server-sent-events describes them. */

export interface ServerEvent {
  /** "message" unless the event names another. */
  readonly type: string;
  readonly data: string;
}

/** An event that does not end within this many characters is none of ours. */
const EVENT_LENGTH_MAX: number = 1024 * 1024;

/** Yields complete events; comments and what the end of the stream cut off are left out. */
export async function* readServerEvents(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<ServerEvent, void, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
    rest = blocks.pop() ?? "";
    if (rest.length > EVENT_LENGTH_MAX) throw new RangeError("an event of the stream has no end");
    for (const block of blocks) {
      const event = parseBlock(block);
      if (event !== undefined) yield event;
    }
  }
}

function parseBlock(block: string): ServerEvent | undefined {
  const data: string[] = [];
  let type = "message";
  for (const line of block.split("\n")) {
    const [, field, value] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
    if (field === "data") data.push(value ?? "");
    if (field === "event") type = value ?? type;
  }
  return data.length === 0 ? undefined : { type, data: data.join("\n") };
}
