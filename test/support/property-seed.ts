/**
 * Properties meet the same random cases in every run, so that a failure comes from a change and not from chance.
 * `node scripts/soak.mjs --properties` tries others.
 */
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env["DUET_PROPERTY_SEED"] ?? 1) });
