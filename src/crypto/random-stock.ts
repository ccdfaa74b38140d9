import { randomFillSync } from 'node:crypto';

// Asking the system for some bytes costs as much as asking for thousands.
const stock = Buffer.alloc(4096);
let given = stock.length;

/**
 * Random bytes of the system's generator, a few at a time, out of a stock: for nonces and names, of which every request
 * takes some. They stay in memory for a while, so a key is no use for them. The result is a view; copy what must last.
 *
 * @param bytes up to 64
 */
export function drawRandom(bytes: number): Buffer {
  if (given + bytes > stock.length) {
    randomFillSync(stock);
    given = 0;
  }
  return stock.subarray(given, (given += bytes));
}
