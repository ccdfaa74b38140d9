import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

let ticks;

/**
 * CPU seconds, user and system, that a process and its descendants have used, ended ones included; null where there is no
 * /proc.
 */
export function cpuSecondsOf(pid) {
  const stats = treeOf(pid).map(statOf).filter(Boolean);
  if (stats.length === 0) return null;
  ticks ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return stats.reduce((sum, { ownTicks, endedTicks }) => sum + ownTicks + endedTicks, 0) / ticks;
}

/** The memory that a process holds, in bytes; null where there is no /proc. */
export function residentBytesOf(pid) {
  try {
    return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
  } catch {
    return null;
  }
}

/** A process and its descendants, parents first. */
export function treeOf(pid) {
  const children = new Map();
  for (const entry of processIds()) {
    const stat = statOf(entry);
    if (stat) children.set(stat.parent, [...(children.get(stat.parent) ?? []), entry]);
  }
  const tree = [pid];
  for (const one of tree) tree.push(...(children.get(one) ?? []));
  return tree;
}

/** The parent of a process of this machine, by its name; null when it is not here. */
export function parentOf(pid, name) {
  const stat = statOf(pid);
  return stat?.name === name ? stat.parent : null;
}

function processIds() {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** Fields of /proc/<pid>/stat, see proc(5). The name stands in parentheses and may contain any character. */
function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number);
    const name = text.slice(text.indexOf('(') + 1, text.lastIndexOf(')'));
    return { name, parent: Number(fields[1]), ownTicks: utime + stime, endedTicks: cutime + cstime };
  } catch {
    return null;
  }
}
