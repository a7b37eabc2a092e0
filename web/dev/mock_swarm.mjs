// A made-up swarm of 50 nodes and 500 tasks.
import { iso } from './mock_data.mjs';

const now = () => Date.now();
const SERVICES = [
  ['sim_runner', 'registry.local:5000/simswarm:0.9.0', 'replicated'],
  ['sim_dashboard', 'simswarm:0.9.0', 'replicated'],
  ['redis', 'redis:7.2-alpine', 'replicated'],
  ['mongo', 'mongo:7@sha256:0123456789abcdef0123456789abcdef', 'replicated'],
  ['node-exporter', 'prom/node-exporter:v1.7.0', 'global'],
  ['<b>evil</b>\u202Esvc', 'x/<i>img</i>:1', 'replicated'],
  ['ccache', 'ccache-store:2', 'replicated'],
];

export const nodes = Array.from({ length: 50 }, (_, i) => ({
  id: `node-id-${i}`,
  host: i === 9 ? '<script>node</script>' : `node${String(i).padStart(2, '0')}`,
  role: i < 3 ? 'manager' : 'worker',
  leader: i === 0,
  availability: i === 5 ? 'drain' : i === 6 ? 'pause' : 'active',
  state: i === 7 ? 'down' : i === 8 ? 'unknown' : 'ready',
  message: i === 7 ? 'heartbeat failure for node in "unknown" state' : '',
  address: `10.0.0.${i + 10}`,
  engine: '24.0.7',
  system: 'linux x86_64, Debian 12',
  cores: i % 2 ? 16 : 32,
  memory: (i % 2 ? 64 : 128) * 1e9,
  reserved_cores: 8,
  reserved_memory: 20e9,
  running: 10,
  labels:
    i % 4
      ? [{ name: 'zone', value: `rack-${i % 4}` }]
      : [
          { name: 'zone', value: 'rack-0' },
          { name: 'fast', value: 'yes<b>' },
        ],
}));

let last = 0;
function task(service, node, slot, state = 'running') {
  last += 1;
  return {
    id: `task${String(last).padStart(6, '0')}`,
    name: `${service.name}.${slot || node.id}`,
    service: service.name,
    service_id: service.id,
    node: node.id,
    host: node.host,
    slot,
    state,
    desired: 'running',
    message: state === 'running' ? 'started' : '',
    error: state === 'failed' ? 'task: non-zero exit (137): OOM killed' : null,
    image: service.image,
    since: iso(now() - ((last * 7919000) % 9e7)),
    age: (last * 7919) % 90000,
    exit_code: state === 'failed' ? 137 : null,
    restarts: state === 'failed' ? 3 : last % 29 === 0 ? 1 : 0,
    runs:
      service.name === 'sim_runner' && state === 'running'
        ? [{ name: `General-N=${last % 40}-#1`, campaign: '01JCAMPAIGN0000', fraction: (last % 10) / 10 }]
        : undefined,
  };
}

export const services = SERVICES.map(([name, image, mode], i) => ({
  id: `svc-${i}`,
  name,
  stack: name.startsWith('sim_') ? 'sim' : null,
  image,
  mode,
  wanted: 0,
  running: 0,
  update: i === 1 ? 'updating' : null,
  update_message: i === 1 ? 'update in progress' : null,
}));
export const tasks = [];
const events = [];

function tell(kind, what, id) {
  events.unshift({ at: iso(now()), kind, what, id });
  if (events.length > 1000) events.pop();
}

for (const node of nodes) {
  if (node.state === 'down' || node.availability === 'drain') continue;
  tasks.push(task(services[4], node, 0));
  for (let k = 0; k < 9; k++)
    tasks.push(
      task(services[0], node, tasks.length + 1, k === 8 && nodes.indexOf(node) % 11 === 2 ? 'failed' : 'running'),
    );
}
for (const [i, s] of [
  [1, 2],
  [2, 1],
  [3, 3],
  [5, 4],
  [6, 8],
])
  for (let k = 0; k < s; k++)
    tasks.push(
      task(
        services[i],
        nodes[10 + k * 3],
        k + 1,
        i === 5 && k === 2 ? 'pending' : i === 6 && k === 3 ? 'starting' : 'running',
      ),
    );
tell('node', 'node node07 is down: heartbeat failure', 'node-id-7');
for (let k = 0; k < 60; k++) tell('task', `task sim_runner.${k} is running`, tasks[k].id);

export function goOnSwarm() {
  const one = tasks[Math.floor(Math.random() * tasks.length)];
  const before = one.state;
  one.state =
    before === 'running'
      ? Math.random() < 0.3
        ? 'failed'
        : 'running'
      : before === 'failed'
        ? 'preparing'
        : before === 'preparing'
          ? 'starting'
          : 'running';
  one.since = iso(now());
  one.error = one.state === 'failed' ? 'task: non-zero exit (1)' : null;
  one.exit_code = one.state === 'failed' ? 1 : null;
  if (one.state !== before) tell('task', `task ${one.name} is ${one.state}`, one.id);
}

export function swarm() {
  for (const service of services) {
    service.wanted = tasks.filter((one) => one.service === service.id).length;
    service.running = tasks.filter((one) => one.service === service.id && one.state === 'running').length;
  }
  for (const node of nodes)
    node.running = tasks.filter((one) => one.node === node.id && one.state === 'running').length;
  for (const one of tasks) one.age = (now() - Date.parse(one.since)) / 1000;
  const trouble = [
    {
      what: 'node node07 is down',
      todo: 'Look at its engine: systemctl status docker',
      since: iso(now() - 840_000),
      level: 'error',
    },
  ];
  return { age: 0.4, trouble, engine: { host: 'node00', version: '24.0.7', api: '1.43' }, nodes, services, tasks };
}

export const swarmEvents = () => ({ events });
