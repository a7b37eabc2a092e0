// Jobs of the made-up queues: a job a run, its state from the run's.
import { begun, campaigns, coordinates, iso, mix, nameOf, rowOf, set, tallyOf, WORDS, workers } from './mock_data.mjs';

const JOB_STATES = [
  'deferred',
  'queued',
  'started',
  'finished',
  'finished',
  'failed',
  'canceled',
  'failed',
  'failed',
  'failed',
  'failed',
  'failed',
  'failed',
];
const gone = new Set();
const stopping = new Set();

export const idOf = (one, p) => `${one.id}-${p}`;

export function find(id) {
  const at = id.lastIndexOf('-');
  const one = campaigns.find((campaign) => campaign.id === id.slice(0, at));
  const p = Number(id.slice(at + 1));
  return one && p < one.runs && !gone.has(id) ? { one, p } : null;
}

export function progressOf(one, p) {
  const fraction = (Date.now() / 60_000 + mix(one.i, p)) % 1;
  return {
    seconds: fraction * 60,
    fraction,
    simulated_time: fraction * 1000,
    speed: 16.6 + mix(p, 1),
    event: Math.floor(fraction * 1e6),
    memory: 3e8 + p * 1000,
    line: `** Event #${Math.floor(fraction * 1e6)}   t=${(fraction * 1000).toFixed(2)}   Elapsed: ${(fraction * 60).toFixed(2)}s (0m 00s)  ${Math.floor(fraction * 100)}% completed`,
  };
}

export function jobOf(one, p) {
  const row = rowOf(one, p);
  const state = JOB_STATES[one.states[p]];
  return {
    id: idOf(one, p),
    queue: one.queue,
    state,
    description: nameOf(one, p),
    attempt: Math.max(1, row.attempts),
    lost: p % 53 === 0 ? 1 : 0,
    lost_on: p % 53 === 0 ? ['node12'] : [],
    stop_requested: stopping.has(idOf(one, p)),
    retries_left: Math.max(0, 3 - row.attempts),
    worker: row.worker,
    node: row.host,
    created: one.created,
    enqueued: one.created,
    started: row.started,
    ended: row.ended,
    progress: state === 'started' ? progressOf(one, p) : null,
    error: state === 'failed' ? row.message : null,
  };
}

export function countsOf(one) {
  const { n, waiting, running, finished, failed, canceled } = tallyOf(one);
  return { deferred: n[0], scheduled: 0, queued: waiting, started: running, finished, failed, canceled };
}

function positions(one, state, search) {
  const out = [];
  for (let p = one.runs - 1; p >= 0; p--) {
    if (JOB_STATES[one.states[p]] === state && !gone.has(idOf(one, p)) && (!search || nameOf(one, p).includes(search)))
      out.push(p);
  }
  return out;
}

export function listJobs(one, state, search, offset, most) {
  const all = positions(one, state, search);
  return { total: all.length, jobs: all.slice(offset, offset + most).map((p) => jobOf(one, p)) };
}

export function change(action, id) {
  const hit = find(id);
  if (!hit) return 'gone';
  const { one, p } = hit;
  const state = JOB_STATES[one.states[p]];
  if (action === 'delete' && state !== 'started') {
    gone.add(id);
    set(one, p, 0);
    return 'done';
  }
  if (action === 'requeue' && ['failed', 'canceled', 'finished'].includes(state)) set(one, p, 1);
  else if (action === 'cancel' && ['queued', 'deferred', 'scheduled'].includes(state)) set(one, p, 6);
  else if (action === 'stop' && state === 'started') {
    stopping.add(id);
    setTimeout(() => set(one, p, 5), 1500);
  } else return 'refused';
  return 'done';
}

export function changeAll(one, action, state) {
  const list = positions(one, state, '').slice(0, 5000);
  let done = 0;
  for (const p of list) done += change(action, idOf(one, p)) === 'done' ? 1 : 0;
  return { done, refused: list.length - done, left: positions(one, state, '').length };
}

export function runOf(one, p) {
  const row = rowOf(one, p);
  const { config, values, repetition } = coordinates(one, p);
  const state = one.states[p];
  const attempts = Array.from({ length: row.attempts }, (_, k) => attemptOf(one, p, row, k + 1, state));
  const done = state === 3 || state === 4;
  return {
    age: 0.3,
    run: {
      position: p,
      name: row.name,
      config,
      number: p,
      repetition,
      seed_set: repetition,
      key: `9f86d081884c7d659a2feaa0c55ad015-${p}`,
      state: row.state,
      outcome: row.outcome,
      variables: one.variables.map((v, k) => ({ name: v.name, value: v.values[values[k]] })),
    },
    job: jobOf(one, p),
    progress: state === 2 ? progressOf(one, p) : null,
    attempts,
    accepted: done && attempts.length ? attempts.length : null,
    files: done
      ? ['General.sca', 'General.vec', 'General.vci', 'traces/<b>host\u202E.pcap'].map((path, index) => ({
          index,
          path,
          size: 12345 * (index + 1) ** 4,
          sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
        }))
      : [],
    command: `simswarm run --config General --run ${p} -- ./aloha -u Cmdenv -f omnetpp.ini 'name with "quotes"'`,
    provenance: {
      artifact: 'sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
      plan: 'fcde2b2edba56bf408601fb721fe9b5c',
      build: `b1d${String(one.i).padStart(5, '0')}e1f`,
      tree: 'git 1f2e3d4c5b6a (clean)',
      simulator: 'OMNeT++ 6.0.3',
      canonical: 'opp_run -n . -f omnetpp.ini -c General\u202E',
    },
  };
}

function attemptOf(one, p, row, number, state) {
  const last = number === row.attempts;
  const outcome = last ? row.outcome : state === 3 ? 'lost' : (row.outcome ?? 'lost');
  const start = row.started ? Date.parse(row.started) - (row.attempts - number) * 60_000 : begun;
  return {
    number,
    campaign: one.id,
    outcome: last && state === 2 ? null : outcome,
    message:
      outcome === 'completed'
        ? 'CPU time limit not reached; simulation ended at t=1000s'
        : last
          ? row.message
          : 'node12 went away',
    simulated_time: outcome === 'completed' ? '1000' : '50.25',
    module: outcome === 'failed' ? '(cQueue) Net.host[3].q (id=17)' : null,
    worker: workers[(p + number) % 200].name,
    host: workers[(p + number) % 200].host,
    cpu: 'AMD EPYC',
    started: iso(start),
    ended: last && state === 2 ? null : iso(start + (row.seconds ?? 20) * 1000),
    wall_seconds: last ? row.seconds : 20.5,
    user_seconds: 18.2,
    system_seconds: 0.4,
    peak_memory: row.memory,
    exit_code: outcome === 'completed' ? 0 : last && state === 2 ? null : 1,
    command: ['./aloha', '-u', 'Cmdenv'],
    has_output: !(last && state === 2),
  };
}

export { WORDS };
