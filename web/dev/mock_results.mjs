// What a made-up campaign measured: timeline, distributions, values; and builds.
import { campaignOf, campaigns, iso, mix, tallyOf, WORDS, workers } from './mock_data.mjs';

export function timelineOf(one, query) {
  const bars = [];
  const begin = Date.now() - 3 * 3600_000;
  const used = workers.slice(0, one.i === 0 ? 200 : 24);
  const [from, to] = [Number(query.get('from') ?? 0), Number(query.get('to') ?? 1e9)];
  const per = Math.min(100, Math.ceil(Math.min(one.runs, 20000) / used.length));
  used.forEach((_, lane) => {
    let at = 20 * mix(lane, 5);
    for (let k = 0; k < per && at < 10800; k++) {
      const long = ((3 * 3600) / per) * (0.3 + 1.3 * mix(lane, k)) * (k === per - 1 && lane % 37 === 5 ? 6 : 1);
      const state = at + long > 10800 ? 2 : [3, 3, 3, 3, 3, 3, 3, 5, 3, 7, 3, 8][Math.floor(mix(k, lane) * 12)];
      if (at < to && at + long > from)
        bars.push([
          lane,
          Number(at.toFixed(2)),
          state === 2 ? null : Number((at + long).toFixed(2)),
          state,
          (lane * per + k) % one.runs,
        ]);
      at += long + (lane % 11 === 3 && k === 40 ? 900 : 1.5);
    }
  });
  return {
    age: 0.3,
    begin: iso(begin),
    end: iso(begin + 10800_000),
    now: iso(Date.now()),
    lanes: used.map((w) => ({ host: w.host, worker: w.name })),
    bars,
    utilisation: 0.873,
    cut: one.i === 0,
  };
}

export function distribution(one, scale, long) {
  const edges = Array.from({ length: 31 }, (_, i) => (i * scale) / 30);
  const bump = (i, at, wide) =>
    Math.round(one.runs * 0.08 * Math.exp(-(((i - at) / wide) ** 2)) * (0.9 + 0.2 * mix(i, at)));
  const n = tallyOf(one);
  return {
    edges,
    counts: {
      completed: edges.slice(1).map((_, i) => bump(i, 8, 4)),
      failed: edges.slice(1).map((_, i) => Math.round(bump(i, long, 5) / 9)),
      out_of_memory: edges.slice(1).map((_, i) => (i > 26 ? n.n[9] : 0)),
    },
    median: scale * 0.27,
    p95: scale * 0.6,
    most: scale * 0.99,
  };
}

export function seriesOf(one, query) {
  const variable = one.variables.find((v) => v.name === query.get('x')) ?? one.variables[0];
  const by = (query.get('by') ?? '')
    .split(',')
    .filter(Boolean)
    .map((name) => one.variables.find((v) => v.name === name))
    .filter(Boolean);
  const labels = by
    .reduce((all, v) => all.flatMap((label) => v.values.map((value) => [...label, `${v.name}=${value}`])), [[]])
    .map((l) => l.join(', ') || 'all');
  const isNumber = variable.values.every((v) => !Number.isNaN(Number(v)));
  const read = one.runs - tallyOf(one).waiting;
  return {
    age: 0.3,
    read,
    runs: one.runs,
    unit: 's',
    categories: isNumber ? [] : variable.values,
    series: labels.map((label, s) => ({
      label,
      points: variable.values.map((v, i) => ({
        x: isNumber ? Number(v) : i,
        mean: 5 + s * 2 + i * (1 + 0.3 * s) + mix(s, i),
        half: i === 0 ? null : 0.4 + mix(i, s),
        n: 30,
      })),
    })),
  };
}

let buildStep = 0;
const LOG =
  '\u001b[1mMakefile\u001b[0m: building\n\u001b[32m[ 10%]\u001b[0m Building CXX object src/a.cc.o\nsrc/b.cc:12:5: \u001b[31;1merror:\u001b[0m ‘Foo’ was not declared\n\u001b[33mwarning:\u001b[0m unused\n<script>alert(1)</script> \u202Eevil\n';

export function buildOf(i) {
  const state = i === 0 ? 'building' : i === 2 ? 'failed' : 'built';
  return {
    key: i === 0 ? '01JCAMPAIGN0000-build' : `b1d${String(i).padStart(5, '0')}e1f`,
    tree: 'git 1f2e3d4c5b6a7988',
    created: iso(Date.now() - i * 3600_000 - 60_000),
    host: 'builder01',
    compiler: 'clang 16.0.6',
    image: 'simswarm-build:6.0.3',
    seconds: 81.2 + i,
    compiled: 40 + i,
    hits: 1333 - i * 3,
    remote: 38,
    bytes: 88e6 + i,
    state,
    campaign_id: campaigns[i % 20].id,
    error: state === 'failed' ? 'src/b.cc:12:5: error: ‘Foo<T>’ was not declared in this scope' : null,
  };
}

export function builds(parts, query) {
  if (!parts[1]) {
    const offset = Number(query.get('offset') ?? 0);
    return {
      age: 0.3,
      total: 64,
      builds: Array.from({ length: Math.min(50, 64 - offset) }, (_, i) => buildOf(offset + i)),
    };
  }
  const i = parts[1].endsWith('-build') ? 0 : Number(parts[1].slice(3, 8));
  if (parts[2] === 'log')
    return {
      text:
        LOG +
        Array.from(
          { length: 60 + (i === 0 ? buildStep++ : 0) },
          (_, k) => `\u001b[32m[${String(k).padStart(3)}%]\u001b[0m Building CXX object src/inet/file${k}.cc.o`,
        ).join('\n'),
    };
  return { build: buildOf(i), campaigns: campaigns.slice(i % 20, (i % 20) + 2).map((one) => one.id) };
}

export function detailOf(one) {
  const outcomes = Object.fromEntries(
    tallyOf(one)
      .n.map((n, i) => [WORDS[i], n])
      .filter(([, n]) => n),
  );
  return {
    age: 0.3,
    trouble:
      one.i === 1
        ? [
            {
              what: '38 runs were killed for memory on hosts with 16 GB',
              todo: 'Give runs more memory, or fewer at once: --memory 4G',
              since: one.created,
              level: 'warning',
            },
          ]
        : [],
    campaign: campaignOf(one),
    outcomes,
    variables: one.variables,
    configs: ['General'],
    repetitions: one.reps,
    command: 'simswarm run --repeat 10 -- ./aloha -f omnetpp.ini -c General',
    simulator: 'OMNeT++ 6.0.3',
    cpu_seconds: 123456.7,
    wall_seconds: 9876.5,
    stamp: one.version,
  };
}

export function scalarsOf(one, query) {
  const list = [
    'rcvdPk:count',
    'endToEndDelay:mean',
    'queueLength:timeavg',
    'throughput:last',
    '<b>evil</b>\u202E:sum',
  ].flatMap((name) =>
    ['Net.server', 'Net.host[0].app[0]', 'Net.host[1].app[0]'].map((module) => ({ name, module, runs: one.runs })),
  );
  const found = list.filter((s) => `${s.module} ${s.name}`.includes(query.get('search') ?? ''));
  return { age: 0.3, total: found.length, scalars: found, read: one.runs - tallyOf(one).waiting, runs: one.runs };
}
