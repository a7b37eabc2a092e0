// Every page opens, shows what is there, and can be used by everybody.
import assert from 'node:assert/strict';
import { inspect, noComplaints, openContext } from './support/browser.mjs';
import { MARKUP } from './support/campaigns.mjs';
import { story } from './support/scene.mjs';
import { until } from './support/wait.mjs';

// Name, address, and a text that stands there once all of it is shown.
function pagesOf({ study, ill }, more) {
  return [
    ['overview', '/', ['study of load', '40', more.worker, 'not built']],
    ['campaigns', '/campaigns', ['study of load', 'ills', 'not built', 'build failed: make']],
    ['campaign-broken', `/campaigns/${more.broken}`, ['not built', 'build failed: make', 'note.c:1:2: error']],
    ['campaign-map', `/campaigns/${study}`, ['completed 40']],
    ['campaign-runs', `/campaigns/${ill}?tab=runs`, ['24 of 24 ended', '24 of 24 runs', /Undefined|error|crash|exit/i]],
    ['campaign-timeline', `/campaigns/${study}?tab=timeline`, ['busy']],
    ['campaign-distributions', `/campaigns/${study}?tab=distributions`, ['median']],
    ['campaign-values', `/campaigns/${study}?tab=values&name=delay:mean&module=Net.sink`, ['Read 40 of 40 runs']],
    ['campaign-build', `/campaigns/${study}?tab=build`, ['Nothing was built']],
    ['run', `/campaigns/${study}/runs/7`, ['accepted', 'SHA-256']],
    ['run-failed', `/campaigns/${ill}/runs/2`, ['exit code']],
    ['queue', `/queues/run-${ill}?state=failed`, ['18', 'Ill#', /exit|error|code|signal/i]],
    ['job', `/jobs/${study}-0`, ['finished']],
    ['worker', `/workers/${more.worker}`, ['of 2']],
    ['builds', '/builds', ['built', 'build failed: make']],
    ['build', `/builds/${more.build}`, ['colour']],
    ['build-broken', `/builds/${more.broken}-build`, ['note.c:1:2: error']],
    ['none', '/queues', ['There is no such page']],
  ];
}

export function pages(scene) {
  const view = scene.view();
  story(view, 'a page of who has not logged in is the login', async () => {
    const context = await openContext(scene.browser);
    const page = await context.newPage();
    await page.goto(`${scene.dashboard.address}/campaigns`);
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    await inspect(page, 'login');
    noComplaints(context);
    await context.close();
  });

  story(view, 'every page of the dashboard shows what is there, in light, dark and narrow', async (t) => {
    const { json } = await scene.api.get('/api/v1/overview');
    const worker = json.workers.find((one) => one.slots === 2).name;
    for (const [name, path, texts] of pagesOf(scene.campaigns, { worker, build: scene.build, broken: scene.broken })) {
      await t.test(name, async () => {
        const page = await view.goTo(path);
        for (const text of texts) await page.getByRole('main').getByText(text).filter({ visible: true }).first().waitFor();
        await until('the page is live', () => page.getByText('live', { exact: true }).count());
        await inspect(page, name);
        noComplaints(view.context);
      });
    }
  });

  story(view, 'figures on the overview are those of Redis', async () => {
    const page = await view.goTo('/');
    const row = page.getByRole('table', { name: 'Queues' }).getByRole('row').filter({ hasText: `run-${scene.campaigns.ill}` });
    const counts = await scene.site.counts(scene.campaigns.ill);
    await row.getByRole('link', { name: `${counts.failed}` }).first().waitFor();
    assert.match(await row.textContent(), new RegExp(`${counts.finished}`));
    assert.equal(await page.getByText(MARKUP).count() > 0, true);
  });
}
