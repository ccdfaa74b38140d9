import { ratioOf } from './rounds.mjs';
import { LOADS } from './loads.mjs';
import { OURS } from './subjects.mjs';

/** The cells of one load as a table: requests a second with their range, latency, CPU, and how our server compares. */
export function loadTable(load, cells) {
  const ours = cells.find(({ name }) => name === OURS);
  const rows = cells.map((cell) => [
    cell.name,
    count(cell.perSecond),
    `${count(cell.perSecondMin)}–${count(cell.perSecondMax)}`,
    number(cell.p50, 2),
    number(cell.p99, 2),
    number(cell.serverCpu, 0),
    number(cell.postgresCpu, 0),
    ours && cell !== ours ? `${number(ratioOf(ours, cell), 2)} ×` : '',
    [...warnings(cell), cell.note].join('; '),
  ]);
  const head = ['', 'req/s', 'min–max', 'p50 ms', 'p99 ms', 'CPU µs', 'PG µs', 'ours is', 'more or less than ours'];
  return `\n${LOADS[load]}\n${layOut([head, ...rows])}`;
}

// A load generator that is busy all the time is what was measured.
const GENERATOR_BUSY = 0.95;

function warnings({ errors, generatorShare }) {
  return [
    ...(errors > 0 ? [`${errors} WRONG ANSWERS`] : []),
    ...(generatorShare >= GENERATOR_BUSY ? ['THE LOAD GENERATOR WAS BUSY ALL THE TIME: at least this'] : []),
  ];
}

export function goalTable(verdicts) {
  const rows = verdicts.map(({ goal, value, relation, bound, met }) => [
    met ? 'met' : 'NOT MET',
    goal,
    number(value, 2),
    `${relation} ${bound}`,
  ]);
  return layOut([['', 'goal', 'measured', 'asked'], ...rows]);
}

/** Columns as wide as their widest entry; the first two and the last are text. */
export function layOut(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row) => row.map((text, column) => pad(text, widths[column], column > 0 && isNumeric(rows, column)));
  return rows.map((row) => `  ${line(row).join('  ').trimEnd()}`).join('\n');
}

function isNumeric(rows, column) {
  return rows.slice(1).every((row) => /^[\d.,–\-× ]*$/.test(row[column]));
}

function pad(text, width, right) {
  return right ? text.padStart(width) : text.padEnd(width);
}

export function number(value, digits) {
  return value === null || Number.isNaN(value) ? '–' : value.toFixed(digits);
}

export function count(value) {
  return value === null ? '–' : Math.round(value).toLocaleString('en');
}
