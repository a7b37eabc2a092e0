// A whole swarm on this machine: servers, a builder and a runner of its own, campaigns on it, and a dashboard.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program, run } from './processes.mjs';
import { rest, until } from './wait.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const built = (path) => join(root, 'build/release', path);
export const PROGRAM = process.env.SIMSWARM_PROGRAM ?? built('simswarm');
export const CMDSIM = process.env.SIMSWARM_CMDSIM ?? built('tests/cmdsim/cmdsim');
const STANDIN = process.env.SIMSWARM_STANDIN ?? join(root, 'build/standin/standin');
export const SOURCES = join(root, 'src/web');
export const OPENAPI = join(root, 'web/openapi.json');
export const TOKEN = 'token-of-the-pages-0123456789abcdef';
export const FULL = process.env.SIMSWARM_FAULTS === 'all';
const NAME = 't';

export class Site {
  constructor() {
    // A short path: names of sockets have at most 107 bytes.
    this.folder = mkdtempSync(join(tmpdir(), 'sp-'));
    chmodSync(this.folder, 0o755);
    this.environment = {
      SIMSWARM_HOSTS: join(this.folder, 'hosts.toml'),
      SIMSWARM_SERVICES_FOLDER: join(this.folder, 's'),
      SIMSWARM_STANDIN: STANDIN,
    };
    this.dashboards = [];
    this.tokenFile = join(this.folder, 'token');
    writeFileSync(this.tokenFile, `${TOKEN}\n`, { mode: 0o600 });
  }

  start(words, folder = this.folder) {
    return new Program([PROGRAM, ...words], { environment: this.environment, folder });
  }
  run(words, { folder = this.folder, code = 0 } = {}) {
    return run([PROGRAM, ...words], { environment: this.environment, folder, code });
  }
  // The last object that it prints.
  async json(words, options) {
    const { out } = await this.run([...words, '--json'], options);
    return JSON.parse(out.trim().split('\n').pop());
  }

  async up() {
    for (const needed of [PROGRAM, CMDSIM, STANDIN]) {
      if (!existsSync(needed)) throw new Error(`${needed} is missing: build it (the stand-in: scripts/standin.sh)`);
    }
    await this.services('up', '--runners', '2', '--distcc', '0');
  }
  async services(action, ...more) {
    this.last = await this.json(['services', action, NAME, ...more]);
    return this.last;
  }
  pidOf(service) {
    return this.last.services.find((one) => one.service === service).pid;
  }
  async down() {
    for (const one of this.dashboards) await one.end();
    if (existsSync(this.environment.SIMSWARM_SERVICES_FOLDER)) await this.services('down', '--forget');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  // A folder with a simulation as `./sim`.
  project(name, ini, files = {}) {
    const folder = join(this.folder, name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'omnetpp.ini'), ini);
    if (!files.sim) copyFileSync(CMDSIM, join(folder, 'sim'));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text, { mode: 0o755 });
    execFileSync('git', ['init', '-q', folder]);
    return folder;
  }
  // Its id, once its runs are in their queue.
  async campaign(folder, config, words = [], prebuilt = true) {
    const more = prebuilt ? ['--prebuilt', ...words] : words;
    const called = ['runall', '--on', NAME, '--detach', '--json', ...more, '--', './sim', '-c', config];
    const { out } = await this.run(called, { folder });
    const found = /"campaign":"([0-9A-Z]{26})"/.exec(out);
    if (!found) throw new Error(`no campaign was begun: ${out}`);
    return found[1];
  }
  // The id of a campaign that ends with its build.
  async brokenBuild(folder, config) {
    await this.run(['runall', '--on', NAME, '--json', '--', './sim', '-c', config], { folder, code: 4 });
    return until('its job is listed', async () => {
      const { jobs } = await this.json(['jobs', 'list', '--on', NAME, '--in', 'build', '--state', 'failed']);
      return jobs.at(0)?.id.replace(/-build$/, '');
    });
  }

  async queues() {
    return (await this.json(['jobs', 'list', '--on', NAME])).queues;
  }
  async counts(campaign) {
    return (await this.queues()).find((one) => one.queue === `run-${campaign}`);
  }
  // Jobs as Redis has them, by the command line rather than by the pages.
  async jobs(campaign, state) {
    const words = ['jobs', 'list', '--on', NAME, '--in', `run-${campaign}`, '--state', state, '-n', '1000'];
    return (await this.json(words)).jobs;
  }
  async job(id) {
    return (await this.json(['jobs', 'show', '--on', NAME, id])).jobs[0];
  }
  async ended(campaign, seconds = 60) {
    return until(`campaign ${campaign} ends`, async () => {
      const counts = await this.counts(campaign);
      if (counts.queued + counts.started + counts.scheduled + counts.deferred === 0) return counts;
      return rest(200);
    }, seconds);
  }

  dashboard(words = [], listen = '127.0.0.1:0') {
    return this.serve(['dashboard', '--on', NAME, '--listen', listen, '--token-file', this.tokenFile, ...words]);
  }
  async serve(words, folder) {
    const program = this.start(words, folder);
    this.dashboards.push(program);
    program.address = (await program.says(/listens at (http:\/\/127\.0\.0\.1:\d+)/))[1];
    return program;
  }
}
