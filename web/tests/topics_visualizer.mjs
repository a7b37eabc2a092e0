// The visualizer, before a played engine with 50 nodes and 500 tasks.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { inspect, logIn, noComplaints, openContext } from './support/browser.mjs';
import { MARKUP } from './support/campaigns.mjs';
import { Client } from './support/client.mjs';
import { Description, filled } from './support/description.mjs';
import { PlayedEngine, SECRET } from './support/engine.mjs';
import { FULL, TOKEN } from './support/site.mjs';
import { until } from './support/wait.mjs';

const PAGES = [
  ['cards', FULL ? '/' : '/?filter=node0', ['node00', 'drained', 'sim_runner']],
  ['by-service', '/?group=service', ['sim_runner', MARKUP]],
  ['nodes', '/?view=nodes', ['node49', 'rack-1']],
  ['services', '/?view=services', ['sim_distcc', '440']],
  ['tasks', FULL ? '/?view=tasks' : '/?view=tasks&filter=node0', ['sim_runner.1']],
  ['events', '/?view=events', []],
  ['node', '/nodes/n0007', ['heartbeat failure']],
  ['service', '/services/s0001', ['50 of 50', 'node49', 'line of the task']],
  ['task', '/tasks/t0013', ['non-zero exit (137)', 'line of the task']],
  ['gone', '/tasks/none', ['The swarm has it no longer']],
];

export function visualizer(scene) {
  let engine;
  let program;
  let context;
  let page;
  const description = new Description();
  before(async () => {
    engine = new PlayedEngine(join(scene.site.folder, 'engine.sock'));
    await engine.start();
    program = await scene.site.serve(['visualizer', '--engine', engine.socket, '--listen', '127.0.0.1:0', '--token-file', scene.site.tokenFile]);
    context = await openContext(scene.browser);
    page = await context.newPage();
    await page.goto(program.address);
    await inspect(page, 'visualizer-login');
    await logIn(page, TOKEN);
  });
  after(async () => {
    await program?.end();
    await engine?.stop();
  });

  test('every page shows what is there, in light, dark and narrow', async (t) => {
    for (const [name, path, texts] of PAGES) {
      await t.test(name, async () => {
        await page.goto(program.address + path);
        for (const text of texts) await page.getByRole('main').getByText(text).filter({ visible: true }).first().waitFor();
        await until('the page is live', () => page.getByText('live', { exact: true }).count());
        assert.equal(await page.evaluate(() => document.querySelectorAll('img[src="x"], main i, main script').length), 0);
        await inspect(page, `visualizer-${name}`);
        noComplaints(context);
      });
    }
  });

  test('all nodes and tasks stand there, and a filter is in the address', async () => {
    await page.goto(program.address);
    await page.getByRole('region', { name: 'Node node49' }).waitFor();
    assert.equal(await page.getByRole('region', { name: /^Node / }).count(), 50);
    const links = page.locator('main a[href^="/tasks/"]');
    assert.ok((await links.count()) >= 490, `${await links.count()} tasks are shown`);
    await page.getByRole('searchbox', { name: 'Filter tasks and nodes' }).fill('node31');
    await until('one node is left', async () => (await page.getByRole('region', { name: /^Node / }).count()) === 1);
    assert.match(page.url(), /filter=node31/);
    await page.reload();
    await page.getByRole('region', { name: 'Node node31' }).waitFor();
    assert.equal(await page.getByRole('region', { name: /^Node / }).count(), 1);
  });

  test('cards by service hold its tasks', async () => {
    await page.goto(`${program.address}/?group=service&filter=sim_distcc`);
    await until('its 50 tasks are shown', async () => (await page.locator('main a[href^="/tasks/"]').count()) === 50);
  });

  test('a task that fails and a node that goes are seen without a reload, and told as events', async () => {
    await page.goto(`${program.address}/?filter=node20`);
    await page.getByRole('region', { name: 'Node node20' }).waitFor();
    await page.evaluate(() => (window.stays = true));
    engine.tasks[20].Status = { ...engine.tasks[20].Status, State: 'failed', Err: 'task: non-zero exit (3)', Timestamp: new Date().toISOString() };
    engine.nodes[20].Spec.Availability = 'drain';
    await page.getByText('non-zero exit (3)').first().waitFor();
    await page.getByRole('region', { name: 'Node node20' }).getByText(/drain/).first().waitFor();
    await page.getByRole('tab', { name: 'Events' }).click();
    await page.getByText('node20 is set to drain').first().waitFor();
    await page.getByText(/sim_runner\.21 on node20 is failed/).first().waitFor();
    assert.ok(await page.evaluate(() => window.stays), 'the page was loaded again');
    noComplaints(context);
  });

  test('while the engine is away the page stays, says so, and recovers', async () => {
    await page.goto(`${program.address}/?filter=node30`);
    await page.getByRole('region', { name: 'Node node30' }).waitFor();
    context.expected.push(/status of 503/);
    await engine.stop();
    await page.getByText(/the engine at .* (does not run|no such socket)|there is no engine at/).filter({ visible: true }).first().waitFor({ timeout: 30_000 });
    assert.equal(await page.getByRole('region', { name: 'Node node30' }).count(), 1);
    const again = new PlayedEngine(engine.socket);
    await again.start();
    engine = again;
    await page.getByText('no trouble').or(page.getByText(/node07 is down/)).first().waitFor();
    await until('it is live again', async () => !/the engine at|there is no engine/.test(await page.evaluate(() => document.body.innerText)), 30);
    noComplaints(context);
  });

  test('every answer is as it is described, and holds no secret', async () => {
    const api = new Client(program.address, { token: TOKEN });
    const values = { task: 't0001', service: 's0001' };
    for (const { path, method, operation } of description.operations('visualizer')) {
      if (method !== 'GET' || path.endsWith('/events') && !path.includes('swarm')) continue;
      for (const query of operation.parameters ? ['', '?lines=5'] : ['']) {
        const answer = description.check(method, path, await api.get(filled(path, values) + query));
        assert.equal(answer.status, 200, `${path}: ${answer.text}`);
        assert.ok(!answer.text.includes(SECRET), path);
      }
    }
    for (const [status, at, path] of [
      [400, '/api/v1/tasks/t0001/logs?lines=0', '/api/v1/tasks/{task}/logs'],
      [400, '/api/v1/tasks/a%20b/logs', '/api/v1/tasks/{task}/logs'],
      [404, '/api/v1/services/none/logs', '/api/v1/services/{service}/logs'],
    ]) {
      const answer = description.check('GET', path, await api.get(at), at);
      assert.equal(answer.status, status, at);
    }
    assert.equal((await api.post('/api/v1/swarm', {})).status, 405);
    for (const asked of engine.asked) assert.match(asked, /^GET \/(_ping|info|version|nodes|services|tasks|networks|(tasks|services)\/\w+\/logs)$/);
    const { json } = await api.get('/api/v1/swarm');
    assert.deepEqual([json.nodes.length, json.tasks.length, json.services.length], [50, 500, 3]);
  });
}
