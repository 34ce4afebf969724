/** Why a received packet did not count. */
export type RefusalReason = string;
