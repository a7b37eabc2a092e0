// Docker's engine, played: a swarm of 50 nodes and 500 tasks that a test can change.
import { createServer } from 'node:http';
import { MARKUP, RTL } from './campaigns.mjs';

export const SECRET = 'hunter2-of-the-test';
const at = (seconds) => new Date(Date.UTC(2026, 10, 22, 12) + seconds * 1000).toISOString();
const id = (kind, i) => `${kind}${String(i).padStart(4, '0')}`;

const SERVICES = [
  ['sim_runner', 'sim', 'simswarm:abc@sha256:1234', 'replicated'],
  ['sim_distcc', 'sim', 'simswarm:abc', 'global'],
  [`${MARKUP}${RTL}`, '', `<i>image</i>:${MARKUP}`, 'replicated'],
];

export class PlayedEngine {
  constructor(socket) {
    this.socket = socket;
    this.asked = new Set();
    this.nodes = Array.from({ length: 50 }, (_, i) => nodeOf(i));
    this.tasks = Array.from({ length: 500 }, (_, i) => taskOf(i));
    this.logs = frame(1, `line of the task ${MARKUP}\n`) + frame(2, '\u001b[1;31mred\u001b[0m \u202e end\n');
    this.server = createServer((request, answer) => this.answer(request, answer));
  }
  start() {
    return new Promise((resolve) => this.server.listen(this.socket, resolve));
  }
  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  answer(request, answer) {
    this.asked.add(`${request.method} ${request.url.split('?')[0]}`);
    const path = new URL(request.url, 'http://x').pathname;
    const say = (body) => answer.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    if (path === '/_ping') return answer.end('OK');
    if (path === '/info') return say({ Name: 'node00', Swarm: { NodeID: id('n', 0), LocalNodeState: 'active', ControlAvailable: true } });
    if (path === '/version') return say({ Version: '24.0.7', ApiVersion: '1.43' });
    if (path === '/nodes') return say(this.nodes);
    if (path === '/services') return say(SERVICES.map(serviceOf));
    if (path === '/tasks') return say(this.tasks);
    if (path === '/networks') return say([]);
    if (/^\/(tasks|services)\/[st]\d{4}\/logs$/.test(path)) return answer.end(Buffer.from(this.logs, 'latin1'));
    answer.statusCode = 404;
    return say({ message: `no such thing: ${path}` });
  }
}

function frame(stream, text) {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([head, bytes]).toString('latin1');
}

function nodeOf(i) {
  const host = i === 9 ? MARKUP : `node${String(i).padStart(2, '0')}`;
  return {
    ID: id('n', i),
    Spec: { Role: i < 3 ? 'manager' : 'worker', Availability: i === 5 ? 'drain' : i === 6 ? 'pause' : 'active', Labels: { zone: `rack-${i % 4}`, evil: `${MARKUP}${RTL}` } },
    Description: {
      Hostname: host,
      Platform: { Architecture: 'x86_64', OS: 'linux' },
      Resources: { NanoCPUs: 16e9, MemoryBytes: 64 * 2 ** 30 },
      Engine: { EngineVersion: '24.0.7' },
    },
    Status: { State: i === 7 ? 'down' : 'ready', Message: i === 7 ? 'heartbeat failure' : '', Addr: `10.0.0.${i}` },
    ...(i < 3 && { ManagerStatus: { Leader: i === 0, Reachability: 'reachable', Addr: `10.0.0.${i}:2377` } }),
  };
}

function serviceOf([name, stack, image, mode], i) {
  return {
    ID: id('s', i),
    Spec: {
      Name: name,
      Labels: { 'com.docker.stack.namespace': stack },
      TaskTemplate: { ContainerSpec: { Image: image, Env: [`PASSWORD=${SECRET}`], Secrets: [{ SecretName: SECRET }], Mounts: [{ Source: `/${SECRET}` }] } },
      Mode: mode === 'global' ? { Global: {} } : { Replicated: { Replicas: i === 0 ? 440 : 10 } },
    },
    ...(i === 1 && { UpdateStatus: { State: 'paused', Message: `update paused ${MARKUP}` } }),
  };
}

function taskOf(i) {
  const service = i < 440 ? 0 : i < 490 ? 1 : 2;
  const failed = i % 97 === 13;
  return {
    ID: id('t', i),
    ServiceID: id('s', service),
    NodeID: i === 499 ? '' : id('n', i % 50),
    ...(service !== 1 && { Slot: i + 1 }),
    DesiredState: failed ? 'shutdown' : 'running',
    CreatedAt: at(i),
    Spec: { ContainerSpec: { Image: SERVICES[service][2], Env: [`PASSWORD=${SECRET}`] }, Resources: { Reservations: { NanoCPUs: 1e9, MemoryBytes: 2 ** 30 } } },
    Status: {
      State: i === 499 ? 'pending' : failed ? 'failed' : 'running',
      Timestamp: at(i + 3),
      Message: 'started',
      ...(failed && { Err: `task: non-zero exit (137) ${MARKUP}`, ContainerStatus: { ExitCode: 137 } }),
    },
  };
}
