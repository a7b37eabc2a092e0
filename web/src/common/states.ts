// States and outcomes: word, colour class and sign of each. Colours differ in lightness too, so that the colour-blind
// tell them apart; a sign or a word stands with them.
export interface StateInfo {
  code: number;
  name: string; // in addresses and answers
  word: string;
  sign: string;
  light: string;
  dark: string;
}

export const STATES: StateInfo[] = [
  { code: 0, name: 'unknown', word: 'not queued', sign: '', light: '#e3e6ea', dark: '#2b3038' },
  { code: 1, name: 'waiting', word: 'waiting', sign: '·', light: '#c3c9d1', dark: '#464d58' },
  { code: 2, name: 'running', word: 'running', sign: '▸', light: '#2f7fd6', dark: '#4a9cf0' },
  { code: 3, name: 'completed', word: 'completed', sign: '✓', light: '#1f9e7e', dark: '#25a987' },
  { code: 4, name: 'known', word: 'known before', sign: '=', light: '#8fd3c0', dark: '#14695a' },
  { code: 5, name: 'failed', word: 'failed', sign: '✕', light: '#d1480c', dark: '#f0682a' },
  { code: 6, name: 'cancelled', word: 'cancelled', sign: '–', light: '#7a8390', dark: '#8b95a3' },
  { code: 7, name: 'timed_out', word: 'timed out', sign: 'T', light: '#eda50c', dark: '#f0ad1e' },
  { code: 8, name: 'crashed', word: 'crashed', sign: '!', light: '#8c1c3f', dark: '#c23a66' },
  { code: 9, name: 'out_of_memory', word: 'out of memory', sign: 'M', light: '#c66aa7', dark: '#e08fc4' },
  { code: 10, name: 'lost', word: 'lost', sign: '?', light: '#3f3a99', dark: '#8f8af0' },
  { code: 11, name: 'stalled', word: 'stalled', sign: 'z', light: '#f2e04a', dark: '#f5e663' },
  { code: 12, name: 'incomplete', word: 'incomplete', sign: '½', light: '#8f8b2a', dark: '#b5b04a' },
];

const byName = new Map(STATES.map((one) => [one.name, one]));
const OTHER: Record<string, string> = {
  done: 'completed',
  finished: 'completed',
  started: 'running',
  queued: 'waiting',
  deferred: 'unknown',
  scheduled: 'waiting',
  canceled: 'cancelled',
  stopped: 'cancelled',
  model_error: 'failed',
  fingerprint_mismatch: 'failed',
  killed: 'lost',
  limited: 'incomplete',
  too_much_output: 'incomplete',
  disk_full: 'incomplete',
  teardown_failed: 'incomplete',
  not_started: 'waiting',
  built: 'completed',
  building: 'running',
  not_built: 'failed',
  accepted: 'completed',
  busy: 'running',
  idle: 'completed',
  suspended: 'cancelled',
  dead: 'lost',
};

export function stateOf(name: string | null | undefined): StateInfo {
  return byName.get(name ?? '') ?? byName.get(OTHER[name ?? ''] ?? '') ?? STATES[0]!;
}

export function stateByCode(code: number): StateInfo {
  return STATES[code] ?? STATES[0]!;
}

// «out_of_memory» is read «out of memory».
export function wordOf(name: string | null | undefined): string {
  if (!name) return 'unknown';
  return byName.get(name)?.word ?? name.replace(/_/g, ' ');
}
