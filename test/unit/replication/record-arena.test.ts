import { describe, expect, test } from "vitest";
import { Prng } from "../../../src/base/random.ts";
import {
  BLOCK_SIZE_MAX,
  fitsSameBlock,
  NO_BLOCK,
  RecordArena,
} from "../../../src/replication/record-arena.ts";

const CHUNK = 262_144;

describe("an arena of records", () => {
  test("gives blocks that do not overlap, for every size", () => {
    const arena = new RecordArena(64 * CHUNK);
    const blocks: { block: number; size: number; stamp: number }[] = [];
    for (let size = 4; size <= BLOCK_SIZE_MAX; size += 4) {
      const block = arena.allocate(size);
      expect(block).not.toBe(NO_BLOCK);
      const stamp = size & 255;
      for (let offset = 0; offset < size; offset += 1)
        arena.view(block).setUint8(arena.at(block) + offset, stamp);
      blocks.push({ block, size, stamp });
    }
    const isWhole = ({ block, size, stamp }: (typeof blocks)[number]): boolean =>
      Array.from({ length: size }, (_, offset) =>
        arena.view(block).getUint8(arena.at(block) + offset),
      ).every((byte) => byte === stamp);
    expect(blocks.filter((block) => !isWhole(block))).toEqual([]);
  });

  test("uses freed blocks again before new memory", () => {
    const arena = new RecordArena(4 * CHUNK);
    const blocks = Array.from({ length: 100 }, () => arena.allocate(60));
    const touched = arena.touchedBytes;
    for (const block of blocks) arena.release(block, 60);
    expect(arena.usedBytes).toBe(0);
    const again = Array.from({ length: 100 }, () => arena.allocate(58));
    expect(new Set(again)).toEqual(new Set(blocks));
    expect(arena.touchedBytes).toBe(touched);
  });

  test("gives every freed block once, whatever the order in which they came and went", () => {
    const arena = new RecordArena(16 * CHUNK);
    const random = new Prng(7);
    const used = new Map<number, number>();
    for (let step = 0; step < 20_000; step += 1) {
      const size = 32 + 4 * random.below(12);
      const oldest = [...used.keys()][random.below(40)];
      if (oldest !== undefined && (used.size > 300 || random.chance(45))) {
        arena.release(oldest, used.get(oldest) ?? 0);
        used.delete(oldest);
        continue;
      }
      const block = arena.allocate(size);
      expect(used.has(block)).toBe(false);
      expect(block).not.toBe(NO_BLOCK);
      used.set(block, size);
    }
    for (const [block, size] of used) arena.release(block, size);
    expect(arena.usedBytes).toBe(0);
  });

  test("wastes less than 8 bytes on a record of up to 256 bytes", () => {
    const arena = new RecordArena(64 * CHUNK);
    for (let size = 32; size <= 256; size += 4) {
      const before = arena.usedBytes;
      arena.allocate(size);
      expect(arena.usedBytes - before - size).toBeLessThan(8);
    }
  });

  test("stops at its limit and goes on when something is freed", () => {
    const arena = new RecordArena(CHUNK);
    const blocks: number[] = [];
    for (let block = arena.allocate(2048); block !== NO_BLOCK; block = arena.allocate(2048))
      blocks.push(block);
    expect(blocks).toHaveLength(CHUNK / 2048);
    expect(arena.allocate(40), "another class has no chunk to begin").toBe(NO_BLOCK);
    arena.release(blocks[7]!, 2048);
    expect(arena.allocate(2048)).toBe(blocks[7]);
  });

  test("forgets everything at once", () => {
    const arena = new RecordArena(CHUNK);
    arena.allocate(100);
    arena.clear();
    expect(arena.usedBytes).toBe(0);
    expect(arena.touchedBytes).toBe(0);
    expect(arena.allocate(100)).not.toBe(NO_BLOCK);
  });

  test("knows which sizes share a class", () => {
    expect(fitsSameBlock(60, 64)).toBe(true);
    expect(fitsSameBlock(64, 68)).toBe(false);
    expect(fitsSameBlock(4, 32)).toBe(true);
    expect(fitsSameBlock(260, 320)).toBe(true);
    expect(fitsSameBlock(320, 324)).toBe(false);
  });
});
