/** Flow records as people read them. */
import type { Span } from "./flow-record.ts";

/** "both": as conntrackd -i, with the reply's tuple. "original": as conntrackd -e. Without what follows "[active". */
export declare function describeFlow(flow: Span, directions: "both" | "original"): string;
/** One <flow> element, as conntrackd -i -x and -e -x print it. */
export declare function flowXml(flow: Span, directions: "both" | "original"): string;
export declare function describeExpectation(expectation: Span): string;
