import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** No secret is longer; a file named by mistake is. */
const SIZE_MAX = 65_536;
/** Permissions of group and others. */
const OTHERS = 0o077;

export type SecretContent =
  | { readonly ok: true; readonly content: Uint8Array }
  | {
      readonly ok: false;
      readonly code: "secret-unreadable" | "secret-exposed";
      /** What is wrong, and the command that mends it. */
      readonly message: string;
    };

/** The content of a file that nobody but its owner can read. */
export function readSecretFile(file: string): SecretContent {
  let fd: number;
  try {
    fd = openSync(file, "r");
  } catch (error) {
    return unreadable(file, error);
  }
  try {
    return readOpen(file, fd);
  } catch (error) {
    return unreadable(file, error);
  } finally {
    closeSync(fd);
  }
}

function readOpen(file: string, fd: number): SecretContent {
  const stat = fstatSync(fd);
  if (!stat.isFile()) {
    const message = `the secret file ${file} is no regular file: name another one in secret-file`;
    return { ok: false, code: "secret-unreadable", message };
  }
  if (stat.size > SIZE_MAX) {
    const message = `the secret file ${file} is longer than 64 KiB, so it is hardly a secret: name another one in secret-file`;
    return { ok: false, code: "secret-unreadable", message };
  }
  if ((stat.mode & OTHERS) !== 0) {
    const mode = (stat.mode & 0o777).toString(8).padStart(4, "0");
    const message = `others can read or change the secret file ${file} (mode ${mode}): run chmod 600 ${file}, and change the secret on both routers if somebody may have read it`;
    return { ok: false, code: "secret-exposed", message };
  }
  const content = new Uint8Array(stat.size);
  return { ok: true, content: content.subarray(0, readSync(fd, content)) };
}

function unreadable(file: string, error: unknown): SecretContent {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const missing = `there is no secret file ${file}: make one with (umask 077; head -c 32 /dev/urandom | base64 > ${file}), and copy it to the other router`;
  const reason = error instanceof Error ? error.message : String(error);
  const other = `the secret file ${file} cannot be read: ${reason}`;
  const message = code === "ENOENT" ? missing : other;
  return { ok: false, code: "secret-unreadable", message };
}
