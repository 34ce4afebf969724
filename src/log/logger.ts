import { CATALOGUE, type EventFields, type EventName, LEVELS, type Level } from "./catalogue.ts";
import { formatJsonLine, formatTextLine, type LogFormat } from "./line.ts";
import type { LogSink } from "./sink.ts";

export interface LoggerOptions {
  /** Events less urgent than this are not written. */
  readonly level: Level;
  readonly format: LogFormat;
  /** Where lines go; see openLogSink for the bounded one that the daemon uses. */
  readonly destination: LogSink;
  /** Wall clock of the lines, in milliseconds since 1970; Date.now unless given. */
  readonly wallClock?: () => number;
}

/** Writes events of the catalogue, one line each. Never waits for the reader of the log and never throws. */
export interface Logger {
  /**
   * Writes one event. `text` is for people: lower case, no full stop, its subject first ("lan: backup -> active").
   * `level` is the catalogue's unless the case at hand is more or less urgent than usual.
   */
  event<Name extends EventName>(
    name: Name,
    fields: EventFields<Name>,
    text: string,
    level?: Level,
  ): void;
  /** Lines that were dropped since the start because nobody read the earlier ones. */
  droppedLines(): number;
  /** Writes what is buffered before it returns. For the way down after a crash; a slow reader gets one second. */
  flush(): void;
  /** Ends the log in good order. Gives a reader that is slow one second. */
  close(): Promise<void>;
}

export function createLogger({
  level: threshold,
  format,
  destination,
  wallClock = Date.now,
}: LoggerOptions): Logger {
  const formatLine = format === "json" ? formatJsonLine : formatTextLine(format);
  const event: Logger["event"] = (name, fields, text, level = CATALOGUE[name].level) => {
    if (LEVELS.indexOf(level) > LEVELS.indexOf(threshold)) return;
    destination.write(formatLine({ at: wallClock(), level, name, text, fields }));
  };
  destination.onRecovered((count) =>
    event("log.lines-dropped", { count }, `${count} log lines dropped: their reader was too slow`),
  );
  return {
    event,
    droppedLines: () => destination.droppedLines(),
    flush: () => destination.flush(),
    close: () => destination.close(),
  };
}
