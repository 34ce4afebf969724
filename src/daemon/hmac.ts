import { createHmac, timingSafeEqual } from "node:crypto";
import type { Hmac } from "../base/crypto.ts";

/** The keyed hashes of node:crypto. */
export const nodeHmac: Hmac = {
  md5: (key, data) => createHmac("md5", key).update(data).digest(),
  sha256: (key, data) => createHmac("sha256", key).update(data).digest(),
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};
