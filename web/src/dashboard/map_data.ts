// The runs of a campaign as columns of numbers: 100,000 of them are a few hundred kilobytes.
import { getJson, withQuery } from '../common/api';
import type { Variable } from './types';

// What runs can be arranged and filtered by: configuration, an iteration variable, repetition.
export interface Dimension {
  id: string; // «config», «repetition», «$name»
  text: string;
  values: string[];
  codes: Uint16Array;
}

export interface MapData {
  runs: number;
  stamp: number;
  dimensions: Dimension[];
  states: Uint8Array;
  // Grows with each change of states; the arrays are the same ones.
  version: number;
  // Grows with new arrays.
  whole: number;
}

interface Answer {
  stamp: number;
  runs?: number;
  configs?: string[];
  variables?: Variable[];
  config?: string;
  values?: string[];
  repetition?: string;
  states?: string;
  changes?: [number, number][];
}

export const NONE = 65535;

function bytesOf(base64: string): Uint8Array {
  const text = atob(base64);
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

function wordsOf(base64: string | undefined, runs: number): Uint16Array {
  const out = new Uint16Array(runs);
  if (!base64) return out;
  const raw = bytesOf(base64);
  const n = Math.min(runs, raw.length >> 1);
  for (let i = 0; i < n; i++) out[i] = raw[2 * i]! | (raw[2 * i + 1]! << 8);
  return out;
}

let wholes = 0;

function decode(answer: Answer): MapData {
  const states = answer.states ? bytesOf(answer.states) : new Uint8Array(0);
  const runs = Math.min(answer.runs ?? states.length, states.length);
  const dimensions: Dimension[] = [];
  if ((answer.configs?.length ?? 0) > 1) {
    dimensions.push({
      id: 'config',
      text: 'configuration',
      values: answer.configs!,
      codes: wordsOf(answer.config, runs),
    });
  }
  (answer.variables ?? []).forEach((variable, i) =>
    dimensions.push({
      id: `$${variable.name}`,
      text: `$${variable.name}`,
      values: variable.values,
      codes: wordsOf(answer.values?.[i], runs),
    }),
  );
  const repetition = wordsOf(answer.repetition, runs);
  let most = 0;
  for (const one of repetition) if (one !== NONE && one > most) most = one;
  if (most > 0) {
    const values = Array.from({ length: most + 1 }, (_, i) => String(i));
    dimensions.push({ id: 'repetition', text: 'repetition', values, codes: repetition });
  }
  wholes += 1;
  return { runs, stamp: answer.stamp, dimensions, states, version: 0, whole: wholes };
}

// Asks for what has changed since the last answer, where there is one.
export function mapLoader(): (path: string, signal: AbortSignal) => Promise<MapData> {
  let last: MapData | null = null;
  return async (path, signal) => {
    const answer = await getJson<Answer>(last ? withQuery(path, { since: last.stamp }) : path, signal);
    if (!last || answer.states) {
      last = decode(answer);
      return last;
    }
    const changes = answer.changes ?? [];
    for (const [position, state] of changes) if (position < last.runs) last.states[position] = state;
    last = { ...last, stamp: answer.stamp, version: last.version + (changes.length ? 1 : 0) };
    return last;
  };
}

export interface Filter {
  states: Set<number>; // empty: all
  values: Map<string, number>; // dimension id to index of its value
}

// 1 for each run that has all the values.
export function maskOf(data: MapData, values: Filter['values']): Uint8Array {
  const mask = new Uint8Array(data.runs).fill(1);
  for (const dimension of data.dimensions) {
    const wanted = values.get(dimension.id);
    if (wanted == null) continue;
    for (let i = 0; i < data.runs; i++) if (dimension.codes[i] !== wanted) mask[i] = 0;
  }
  return mask;
}

export function countStates(data: MapData, mask: Uint8Array): number[] {
  const counts = new Array<number>(13).fill(0);
  for (let i = 0; i < data.runs; i++) if (mask[i]) counts[Math.min(12, data.states[i]!)]! += 1;
  return counts;
}

export function valueOf(dimension: Dimension, position: number): string | null {
  const code = dimension.codes[position]!;
  return code === NONE ? null : (dimension.values[code] ?? null);
}
