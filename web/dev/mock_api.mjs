// Answers of the made-up server.
import {
  byId,
  campaignOf,
  campaigns,
  coordinates,
  iso,
  mix,
  nameOf,
  rowOf,
  set,
  suspended,
  tallyOf,
  WORDS,
  workers,
} from './mock_data.mjs';
import { change, changeAll, countsOf, find, idOf, jobOf, listJobs, runOf } from './mock_jobs.mjs';
import { builds, detailOf, distribution, scalarsOf, seriesOf, timelineOf } from './mock_results.mjs';
import { nodes, services, swarm, swarmEvents, tasks } from './mock_swarm.mjs';

let ticks = 0;

export function topicsOf(service) {
  ticks += 1;
  if (service === 'visualizer') return { swarm: ticks };
  const topics = { overview: ticks, builds: Math.floor(ticks / 10) };
  for (const one of campaigns) {
    topics[`campaign:${one.id}`] = one.version;
    topics[`queue:${one.queue}`] = one.version;
  }
  return topics;
}

export function troubleNow(service, away) {
  if (service === 'visualizer') return swarm().trouble;
  const list = [
    {
      what: 'node07 is gone with 4 workers: its 16 jobs are given to others',
      todo: 'Look at its engine, or drain it: docker node update --availability drain node07',
      since: iso(Date.now() - 840_000),
      level: 'warning',
    },
  ];
  if (away)
    list.unshift({
      what: 'Redis at redis://queue:6379 does not answer',
      todo: 'Look at the service «queue»: docker service ps simswarm_queue',
      since: iso(Date.now() - 8000),
      level: 'error',
    });
  return list;
}

function sum(list, f) {
  return list.reduce((n, one) => n + f(one), 0);
}

function overview() {
  const queues = campaigns.map((one) => ({
    name: one.queue,
    campaign: one.name,
    campaign_id: one.id,
    priority: one.priority,
    ...countsOf(one),
  }));
  const names = ['deferred', 'scheduled', 'queued', 'started', 'finished', 'failed', 'canceled'];
  for (const one of workers) one.seen = iso(Date.now());
  return {
    age: 0.3,
    trouble: troubleNow('dashboard', false),
    suspended: suspended.now,
    campaigns: campaigns.map(campaignOf),
    campaigns_total: 20,
    queues,
    workers,
    workers_total: 200,
    totals: {
      ...Object.fromEntries(names.map((name) => [name, sum(queues, (q) => q[name])])),
      workers: 200,
      slots: 800,
      running: sum(workers, (w) => w.running),
    },
  };
}

function u16(list) {
  return Buffer.from(Uint16Array.from(list).buffer).toString('base64');
}

function mapOf(one, since) {
  const oldest = one.log[0]?.[0] ?? one.version + 1;
  if (since && Number(since) >= oldest - 1 && Number(since) <= one.version) {
    return {
      age: 0.2,
      stamp: one.version,
      changes: one.log.filter(([version]) => version > Number(since)).map(([, p, state]) => [p, state]),
    };
  }
  const all = Array.from({ length: one.runs }, (_, p) => coordinates(one, p));
  return {
    age: 0.2,
    stamp: one.version,
    runs: one.runs,
    configs: ['General'],
    variables: one.variables,
    config: u16(all.map(() => 0)),
    values: one.variables.map((_, k) => u16(all.map((c) => c.values[k]))),
    repetition: u16(all.map((c) => c.repetition)),
    states: Buffer.from(one.states).toString('base64'),
  };
}

function matches(one, p, where) {
  const { values, repetition } = coordinates(one, p);
  return where.every((text) => {
    const at = text.indexOf('=');
    const name = text.slice(0, at);
    if (name === 'repetition') return String(repetition) === text.slice(at + 1);
    const k = one.variables.findIndex((v) => `$${v.name}` === name);
    return k >= 0 && one.variables[k].values[values[k]] === text.slice(at + 1);
  });
}

function runsOf(one, query) {
  const wanted = (query.get('state') ?? '').split(',').filter(Boolean);
  const search = query.get('search') ?? '';
  const where = query.getAll('where');
  let list = [];
  for (let p = 0; p < one.runs; p++) {
    if (wanted.length && !wanted.includes(WORDS[one.states[p]])) continue;
    if (where.length && !matches(one, p, where)) continue;
    if (search && !nameOf(one, p).includes(search)) continue;
    list.push(p);
  }
  const sort = query.get('sort') ?? 'position';
  if (sort !== 'position') {
    const value = (p) => rowOf(one, p)[sort] ?? '';
    list = list
      .map((p) => [value(p), p])
      .sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0))
      .map(([, p]) => p);
  }
  if (query.get('order') === 'desc') list.reverse();
  const offset = Number(query.get('offset') ?? 0);
  return {
    age: 0.3,
    total: one.runs,
    matching: list.length,
    runs: list.slice(offset, offset + Number(query.get('most') ?? 100)).map((p) => rowOf(one, p)),
  };
}

function campaign(parts, query, body) {
  if (!parts[1]) {
    const search = query.get('search') ?? '';
    const list = campaigns.filter((one) => one.name.includes(search));
    return {
      age: 0.3,
      total: list.length,
      campaigns: list
        .slice(Number(query.get('offset') ?? 0))
        .slice(0, 50)
        .map(campaignOf),
    };
  }
  const one = byId.get(parts[1]);
  if (!one) return null;
  if (body) {
    const { waiting, running } = tallyOf(one);
    one.cancelled = true;
    one.states.forEach((state, p) => (state === 1 || state === 2 ? set(one, p, 6) : undefined));
    return { waiting, running };
  }
  switch (parts[2]) {
    case undefined:
      return detailOf(one);
    case 'map':
      return mapOf(one, query.get('since'));
    case 'timeline':
      return timelineOf(one, query);
    case 'distributions':
      return { age: 0.3, seconds: distribution(one, 60, 20), memory: distribution(one, 4e9, 24) };
    case 'scalars':
      return scalarsOf(one, query);
    case 'series':
      return seriesOf(one, query);
    case 'runs':
      return run(one, parts, query);
    default:
      return null;
  }
}

function run(one, parts, query) {
  if (parts[3] == null) return runsOf(one, query);
  const p = Number(parts[3]);
  if (!(p < one.runs)) return null;
  if (parts[4] === 'output') {
    return {
      text:
        query.get('stream') === 'errors'
          ? '\u001b[31m<!> Error:\u001b[0m queue full\n'
          : Array.from(
              { length: 40 },
              (_, k) => `** Event #${k * 1000 + (Math.floor(Date.now() / 2000) % 1000)}   t=${k}   Elapsed: ${k}s`,
            ).join('\n'),
    };
  }
  if (parts[4] === 'files') return { text: 'file', headers: { 'content-disposition': 'attachment; filename="file"' } };
  return runOf(one, p);
}

function worker(name) {
  const one = workers.find((w) => w.name === name);
  if (!one) return null;
  const t = Math.floor(Date.now() / 1000);
  const big = campaigns[0];
  const history = Array.from({ length: 180 }, (_, i) => [
    t - (180 - i) * 60,
    i > 80 && i < 95 ? 0 : 2 + (i % 3),
    i * 3,
    Math.floor(i / 30),
  ]);
  const now = [0, 1, 2, 3]
    .map((k) => big.next - 1 - k)
    .filter((p) => big.states[p] === 2)
    .map((p) => jobOf(big, p));
  return {
    age: 0.3,
    worker: one,
    history,
    now,
    recent: Array.from({ length: 20 }, (_, k) => ({ campaign_id: big.id, ...rowOf(big, k * 7) })),
  };
}

function queue(name, query, body) {
  const one = campaigns.find((c) => c.queue === name);
  if (!one) return null;
  if (body?.action === 'priority') return ((one.priority = body.priority), (one.version += 1), { done: 1 });
  if (body) return changeAll(one, body.action, body.state);
  const state = query.get('state') ?? 'queued';
  return {
    age: 0.3,
    ...listJobs(
      one,
      state,
      query.get('search') ?? '',
      Number(query.get('offset') ?? 0),
      Number(query.get('most') ?? 100),
    ),
    searched: query.get('search') ? countsOf(one)[state] : null,
    counts: countsOf(one),
    workers: 200,
    priority: one.priority,
    suspended: suspended.now,
  };
}

function job(parts, query, body) {
  if (body) {
    const answers = Object.fromEntries(body.ids.map((id) => [id, change(body.action, id)]));
    const n = (word) => Object.values(answers).filter((a) => a === word).length;
    return { done: n('done'), refused: n('refused'), gone: n('gone'), answers };
  }
  const hit = find(parts[1]);
  if (!hit) return null;
  if (parts[2] === 'output') {
    const lines = `line at ${new Date().toISOString()}\n`;
    return { text: lines, headers: { 'x-simswarm-next': String(Number(query.get('offset') ?? 0) + lines.length) } };
  }
  const made = jobOf(hit.one, hit.p);
  return {
    age: 0.3,
    job: made,
    payload: { runs: [hit.p], plan: 'fcde2b2e', argument: '<b>x</b>\u202E' },
    depends_on: hit.p > 1 ? [idOf(hit.one, 0)] : [],
    result: made.state === 'finished' ? { outcome: 'completed' } : null,
    message: made.error,
    ahead: made.state === 'queued' ? hit.p - hit.one.next : null,
    workers: 200,
    campaign_id: hit.one.id,
    position: hit.p,
  };
}

export function answer(parts, query, body) {
  switch (parts[0]) {
    case 'overview':
      return overview();
    case 'campaigns':
      return campaign(parts, query, body);
    case 'queues':
      return queue(parts[1], query, body);
    case 'jobs':
      return job(parts, query, body);
    case 'workers':
      return worker(parts[1]);
    case 'builds':
      return builds(parts, query);
    case 'suspend':
      return ((suspended.now = true), { suspended: true });
    case 'resume':
      return ((suspended.now = false), { suspended: false });
    case 'swarm':
      return parts[1] === 'events' ? swarmEvents() : swarm();
    case 'tasks':
    case 'services':
    case 'nodes':
      return [...tasks, ...services, ...nodes].some((one) => one.id === parts[1])
        ? { text: `\u001b[32mINFO\u001b[0m started <b>\u202E\n${new Date().toISOString()} working\n`.repeat(50) }
        : null;
    default:
      return null;
  }
}
