// Made-up campaigns, queues and workers that go on by themselves: enough of the dashboard's side to work on its pages.
const HOSTILE = [
  '<img src=x onerror=alert(1)>',
  'right\u202Eto left\u202C',
  'bell\u0007 and \u001b[31mescape',
  '"><script>alert(2)</script>',
  `long ${'x'.repeat(5000)}`,
  'zero\u200Bwidth',
  '名前 кампания',
];
export const WORDS = [
  'unknown',
  'waiting',
  'running',
  'completed',
  'known',
  'failed',
  'cancelled',
  'timed_out',
  'crashed',
  'out_of_memory',
  'lost',
  'stalled',
  'incomplete',
];
const ENDS = [3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 5, 7, 8, 9, 11, 12];

let seed = 7;
export function chance() {
  seed = (seed * 1664525 + 1013904223) >>> 0;
  return seed / 4294967296;
}
export const mix = (a, b) => (((a * 2654435761) ^ (b * 40503) ^ ((a ^ b) << 13)) >>> 0) / 4294967296;
const pick = (list) => list[Math.floor(chance() * list.length)];
export const begun = Date.now() - 3 * 3600_000;
export const iso = (ms) => new Date(ms).toISOString().replace('Z', '456Z');

const range = (n, f) => Array.from({ length: n }, (_, i) => f(i));

function sizes(i) {
  if (i === 0)
    return {
      N: range(10, (k) => String(10 * (k + 1))),
      iat: range(20, (k) => `exponential(${(k + 1) / 10}s)`),
      policy: ['fifo', 'lifo', 'red', 'codel', 'pie'],
      reps: 100,
    };
  const all = {
    numHosts: range(3 + (i % 5), (k) => String(5 * (k + 1))),
    load: range(2 + (i % 7), (k) => (k / 10).toFixed(1)),
  };
  if (i % 3 === 0) all.protocol = ['tcp', 'udp', 'sctp'];
  return { ...all, reps: 5 + 5 * (i % 6) };
}

function makeCampaign(i) {
  const { reps, ...values } = sizes(i);
  const variables = Object.entries(values).map(([name, list]) => ({
    name: i === 4 && name === 'load' ? '<b>load\u202E' : name,
    values: list,
  }));
  const runs = variables.reduce((n, one) => n * one.values.length, reps);
  const name =
    i >= 3 && i < 3 + HOSTILE.length
      ? HOSTILE[i - 3]
      : ['aloha-large', 'inet-wlan-sweep', 'tsn-shaping', 'routing-scale', 'nightly'][i % 5] + `-${i}`;
  const active = i < 5;
  const states = new Uint8Array(runs);
  const ended = active ? Math.floor(runs * (0.3 + 0.1 * i)) : runs;
  for (let p = 0; p < runs; p++)
    states[p] = p < ended ? (i === 2 && p % 4 === 0 ? 4 : ENDS[Math.floor(mix(i + 1, p) * ENDS.length)]) : 1;
  if (i > 12) for (let p = 0; p < runs; p++) if (states[p] > 4) states[p] = 3;
  return {
    i,
    id: `01JCAMPAIGN${String(i).padStart(4, '0')}`,
    name,
    queue: i === 5 ? 'queue "of" <i>five</i>' : `sim-${i}`,
    variables,
    reps,
    runs,
    states,
    active,
    next: ended,
    version: 1,
    log: [],
    created: iso(begun + i * 60_000 - i * 3600_000),
    priority: 0,
  };
}

export const campaigns = range(20, makeCampaign);
export const byId = new Map(campaigns.map((one) => [one.id, one]));
export const suspended = { now: false };

export const workers = range(200, (i) => ({
  name: i === 7 ? 'worker<b>7</b>\u202Eevil' : `node${String(Math.floor(i / 4)).padStart(2, '0')}-${i % 4}`,
  host: `node${String(Math.floor(i / 4)).padStart(2, '0')}`,
  state: i % 41 === 3 ? 'suspended' : i % 3 ? 'busy' : 'idle',
  obstacle: i % 67 === 11 ? 'The disk /var/lib/simswarm has 212 MB left: no job begins' : null,
  slots: 4,
  running: i % 3 ? 4 : 0,
  queues: campaigns.filter((one) => one.active).map((one) => one.queue),
  finished: 50 + ((i * 37) % 400),
  failed: i % 5,
  version: '0.9.0',
  cpu: i % 2 ? 'AMD EPYC 7302P 16-Core Processor' : 'Intel(R) Xeon(R) Gold 6226R CPU @ 2.90GHz',
  born: iso(begun),
  seen: iso(Date.now()),
  working_seconds: 7000 + i * 10,
}));

export function tallyOf(one) {
  const n = new Array(13).fill(0);
  for (const state of one.states) n[state] += 1;
  const failed = n[5] + n[7] + n[8] + n[9] + n[10] + n[11] + n[12];
  return { n, waiting: n[1], running: n[2], finished: n[3] + n[4], failed, canceled: n[6] };
}

export function campaignOf(one) {
  const { waiting, running, finished, failed, canceled } = tallyOf(one);
  const state = one.cancelled
    ? 'cancelled'
    : suspended.now && waiting
      ? 'suspended'
      : running
        ? 'running'
        : waiting
          ? 'waiting'
          : failed
            ? 'failed'
            : 'done';
  return {
    id: one.id,
    name: one.name,
    queue: one.queue,
    host: 'submit01',
    user: ['anna', 'bob', 'رنا'][one.i % 3],
    created: one.created,
    runs: one.runs,
    waiting,
    running,
    finished,
    failed,
    canceled,
    state,
    rate: running ? 412.5 : null,
    left: running ? (waiting / 412.5) * 60 : null,
    priority: one.priority,
    build: `b1d${String(one.i).padStart(5, '0')}e1f`,
  };
}

export const nameOf = (one, p) => {
  const { config, values, repetition } = coordinates(one, p);
  return `${config}-${one.variables.map((v, k) => `${v.name}=${v.values[values[k]]}`).join(',')}-#${repetition}`;
};

export function coordinates(one, p) {
  let rest = p;
  const repetition = rest % one.reps;
  rest = Math.floor(rest / one.reps);
  const values = [];
  for (let k = one.variables.length - 1; k >= 0; k--) {
    values[k] = rest % one.variables[k].values.length;
    rest = Math.floor(rest / one.variables[k].values.length);
  }
  return { config: 'General', values, repetition };
}

const MESSAGES = {
  5: 'Error: Cannot send packet: queue "<b>q</b>" is full -- in module (cQueue) Net.host[3].q (id=17), at t=50.25s, event #51',
  7: 'ended by --timeout after 600 s',
  8: 'ended by SIGSEGV in inet::physicallayer::Radio::handleMessage\u202E',
  9: 'used 4.1 GB, --memory allows 4 GB',
  10: 'node12 went away',
  11: 'no progress for 120 s at t=96.2',
  12: 'a CPU time limit cut it',
};

export function rowOf(one, p) {
  const state = one.states[p];
  const began = state > 1 && state !== 4 && state !== 6;
  const seconds = state === 2 ? null : began ? 5 + 55 * mix(one.i + 9, p) ** 3 + (p % 997 === 5 ? 300 : 0) : null;
  const start = began ? begun + ((p / one.runs) * 3 * 3600_000) / (one.active ? 1.5 : 1) : null;
  const worker = workers[Math.floor(mix(p, 3) * 200)];
  return {
    position: p,
    name: nameOf(one, p),
    state: WORDS[state],
    outcome: state > 2 ? WORDS[state] : null,
    attempts: began ? (state > 4 ? 3 : 1 + (p % 17 === 0)) : 0,
    seconds,
    memory: began ? Math.floor(1e8 + 4e9 * mix(p, one.i) ** 4) : null,
    worker: began ? worker.name : null,
    host: began ? worker.host : null,
    started: began ? iso(start) : null,
    ended: seconds ? iso(start + seconds * 1000) : null,
    message: MESSAGES[state] ?? null,
  };
}

export function set(one, p, state) {
  one.states[p] = state;
  one.version += 1;
  one.log.push([one.version, p, state]);
  if (one.log.length > 5000) one.log.splice(0, 1000);
}

// A second of work.
export function goOn() {
  for (const one of campaigns) {
    if (!one.active || one.cancelled) continue;
    const busy = [];
    for (let p = Math.max(0, one.next - 400); p < one.next; p++) if (one.states[p] === 2) busy.push(p);
    const room = one.i === 0 ? 200 : 12;
    for (const p of busy) if (chance() < 0.15) set(one, p, pick(ENDS));
    for (let k = busy.length; k < room && one.next < one.runs && !suspended.now && chance() < 0.9; k++) {
      if (one.states[one.next] === 1) set(one, one.next, 2);
      one.next += 1;
    }
  }
}
