// The dashboard of campaigns that were run on this machine, without a server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inspect, noComplaints, openContext } from './support/browser.mjs';
import { STUDY } from './support/campaigns.mjs';
import { Client } from './support/client.mjs';
import { Description, filled } from './support/description.mjs';
import { FULL } from './support/site.mjs';
import { Hopeless, until } from './support/wait.mjs';

const SAMPLE = ['overview', 'map', 'values', 'run'];

export function local(scene) {
  let folder;
  let program;
  let context;
  let page;
  let id;
  before(async () => {
    folder = scene.site.project('here', STUDY);
    await scene.site.run(['runall', '-j2', '--name', 'study here', '--', './sim', '-c', 'Study'], { folder });
    await scene.site.run(['runall', '-j2', '--distinct-names', '--name', 'ills here', '--', './sim', '-c', 'Ill'], { folder, code: 1 });
    program = await scene.site.serve(['dashboard', '--local'], folder);
  });
  after(() => program?.end());

  test('the link that it prints opens it, once', async () => {
    const [, link] = await program.says(/(http:\/\/\S+\/#code=[0-9a-f]+)/);
    context = await openContext(scene.browser);
    page = await context.newPage();
    await page.goto(link);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.getByRole('link', { name: 'study here' }).first().waitFor();
    const late = await new Client(program.address).post('/api/v1/login', { code: link.split('=')[1] });
    assert.equal(late.status, 401);
  });

  test('every page shows what is there, in light, dark and narrow', async (t) => {
    id = await until('the campaign is listed', async () => {
      const link = await page.getByRole('link', { name: 'study here' }).first().getAttribute('href');
      return link?.split('/')[2];
    });
    const all = [
      ['overview', '/', ['study here', 'ills here']],
      ['campaigns', '/campaigns', ['study here']],
      ['map', `/campaigns/${id}`, ['40 of 40 ended']],
      ['runs', `/campaigns/${id}?tab=runs`, ['40 of 40 runs', 'Study:load=1']],
      ['timeline', `/campaigns/${id}?tab=timeline`, ['busy']],
      ['distributions', `/campaigns/${id}?tab=distributions`, ['Median']],
      ['values', `/campaigns/${id}?tab=values&name=delay:mean&module=Net.sink`, ['Read 40 of 40 runs']],
      ['run', `/campaigns/${id}/runs/3`, ['accepted', '.sca']],
    ];
    for (const [name, path, texts] of all.filter(([one]) => FULL || SAMPLE.includes(one))) {
      await t.test(name, async () => {
        await page.goto(program.address + path);
        for (const text of texts) await page.getByRole('main').getByText(text).filter({ visible: true }).first().waitFor();
        await inspect(page, `local-${name}`);
        noComplaints(context);
      });
    }
  });

  test('a campaign that runs is seen to go on', async () => {
    await page.goto(program.address);
    await page.getByRole('link', { name: 'study here' }).first().waitFor();
    await page.evaluate(() => (window.stays = true));
    const running = scene.site.start(['runall', '-j4', '--name', 'steady here', '--', './sim', '-c', 'Steady'], folder);
    const row = page.getByRole('table', { name: 'Campaigns' }).getByRole('row').filter({ hasText: 'steady here' });
    const seen = new Set();
    await until('it is done', async () => {
      if (running.code > 0) throw new Hopeless(running.errors);
      const text = await row.textContent({ timeout: 5000 });
      seen.add(/(\d+) of 16/.exec(text)?.[1]);
      return text.includes('16 of 16 ended');
    }, 40);
    assert.ok(seen.size >= 2, [...seen].join(' '));
    assert.equal(await running.ended, 0);
    assert.ok(await page.evaluate(() => window.stays), 'the page was loaded again');
    noComplaints(context);
  });

  test('what runs is seen to run, with its progress and what it prints, and to end', async () => {
    const running = scene.site.start(['runall', '-j2', '--name', 'slow here', '--', './sim', '-c', 'Slow'], folder);
    await page.goto(program.address);
    const link = page.getByRole('table', { name: 'Campaigns' }).getByRole('link', { name: 'slow here' });
    await link.waitFor();
    await page.getByRole('group', { name: 'Totals' }).getByText('2 of 2').waitFor();
    const slow = (await link.getAttribute('href')).split('/')[2];
    await page.goto(`${program.address}/campaigns/${slow}?tab=runs&show=running`);
    await page.getByText('2 of 12 runs').waitFor();
    await page.goto(`${program.address}/campaigns/${slow}`);
    await page.getByRole('button', { name: /running/ }).filter({ hasText: '2' }).waitFor();
    const cookie = (await context.cookies()).map((one) => `${one.name}=${one.value}`).join('; ');
    const api = new Client(program.address, { cookie });
    const list = (await api.get(`/api/v1/campaigns/${slow}/runs?state=running`)).json.runs;
    const description = new Description();
    const route = '/api/v1/campaigns/{campaign}/runs/{position}';
    const path = `/api/v1/campaigns/${slow}/runs/${list[0].position}`;
    await until('its progress is told', async () => {
      const { progress } = description.check('GET', route, await api.get(path), path).json;
      return progress?.fraction > 0 && progress.memory > 0 && progress.seconds > 0 && progress.line;
    });
    const { bars } = (await api.get(`/api/v1/campaigns/${slow}/timeline`)).json;
    assert.equal(bars.filter(([, , end]) => end === null).length, 2);
    await page.goto(`${program.address}/campaigns/${slow}/runs/${list[0].position}`);
    const main = page.getByRole('main');
    const lines = async () => ((await main.textContent()).match(/Event #\d+/g) ?? []).length;
    await until('several lines are shown', async () => (await lines()) >= 3);
    const before = await lines();
    await page.evaluate(() => (window.stays = true));
    await until('more lines come', async () => (await lines()) > before);
    await running.end();
    await until('the page tells that it ended', async () => !/running/.test(await main.locator('.under').first().textContent()));
    assert.ok(await page.evaluate(() => window.stays), 'the page was loaded again');
    const state = async () => (await api.get(`/api/v1/campaigns/${slow}`)).json.campaign;
    await until('the campaign has ended', async () => ['cancelled', 'failed'].includes((await state()).state));
    assert.equal((await state()).running, 0);
    assert.deepEqual(await until('nothing is busy', async () => {
      const { totals } = (await api.get('/api/v1/overview')).json;
      return totals.slots === 0 && [totals.running, totals.slots];
    }), [0, 0]);
    noComplaints(context);
  });

  test('every answer is as it is described, and nothing can be changed', async () => {
    const description = new Description();
    const cookie = (await context.cookies()).map((one) => `${one.name}=${one.value}`).join('; ');
    const api = new Client(program.address, { cookie });
    await until('all is read', async () => (await api.get(`/api/v1/campaigns/${id}`)).json.whole);
    const values = { campaign: id, position: 1, index: 0 };
    for (const { path, method, operation } of description.operations('local')) {
      if (method !== 'GET' || path === '/api/v1/events') continue;
      const query = operation.parameters?.some((one) => one.required) ? '?name=delay:mean' : '';
      const answer = description.check(method, path, await api.get(filled(path, values) + query), path);
      assert.ok(answer.status === 200 || path === '/api/v1/code', `${path}: ${answer.text}`);
    }
    for (const path of ['/api/v1/jobs', '/api/v1/suspend', `/api/v1/campaigns/${id}`, '/api/v1/queues/run']) {
      const answer = await api.post(path, { action: 'cancel', ids: ['x'] });
      assert.ok([403, 404, 405].includes(answer.status), `${path}: ${answer.status}`);
    }
  });
}
