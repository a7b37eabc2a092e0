// An open page goes on by itself with its campaign.
import assert from 'node:assert/strict';
import { inspect, noComplaints } from './support/browser.mjs';
import { isSame, mark, story } from './support/scene.mjs';
import { FULL } from './support/site.mjs';
import { until } from './support/wait.mjs';

export function live(scene) {
  const view = scene.view();
  story(view, 'figures of a campaign change while it runs, without a reload', async () => {
    const page = await view.goTo('/');
    await mark(page);
    const id = await scene.site.campaign(scene.projects.study, 'Steady', ['-b', '1', '--name', 'steady']);
    const row = page.getByRole('table', { name: 'Campaigns' }).getByRole('row').filter({ hasText: 'steady' });
    await row.waitFor();
    const seen = new Set();
    await until('the campaign is done', async () => {
      const text = await row.textContent();
      seen.add(/(\d+) of 16 ended/.exec(text)?.[1]);
      return text.includes('16 of 16 ended') && text.includes('done');
    }, 40);
    assert.ok(seen.size >= 3, `the figures seen are ${[...seen].join(', ')}`);
    await row.getByRole('link', { name: 'steady' }).click();
    await page.getByRole('button', { name: /completed/ }).filter({ hasText: '16' }).waitFor();
    await isSame(page);
    assert.equal(new URL(page.url()).pathname, `/campaigns/${id}`);
    noComplaints(view.context);
  });

  story(view, 'a campaign is seen from its build on, and its page becomes that of its runs', async () => {
    const page = await view.goTo('/');
    await mark(page);
    const { called, id } = await scene.building('slowly');
    const row = page.getByRole('table', { name: 'Campaigns' }).getByRole('row').filter({ hasText: 'slowly' });
    await row.getByText('building', { exact: true }).first().waitFor();
    await row.getByRole('link', { name: 'slowly' }).click();
    await page.getByRole('heading', { name: 'Log' }).waitFor();
    await page.getByText('a slow step').waitFor();
    await inspect(page, 'campaign-building');
    await page.getByText('2 of 2 ended').waitFor({ timeout: 40_000 });
    await page.getByRole('tab', { name: 'Map' }).waitFor();
    assert.equal(await called, id);
    await isSame(page);
    noComplaints(view.context);
  });

  story(view, 'filters are in the address, and the ways back and forth', async () => {
    const page = await view.goTo(`/campaigns/${scene.campaigns.ill}?tab=runs`);
    await page.getByText('24 of 24 runs').waitFor();
    await mark(page);
    await page.getByRole('combobox', { name: /^State/ }).selectOption('completed');
    await page.getByText('6 of 24 runs').waitFor();
    assert.match(page.url(), /show=completed/);
    await page.getByRole('searchbox', { name: 'Search runs' }).fill('load=2');
    await page.getByText('2 of 24 runs').waitFor();
    await page.getByRole('link', { name: /^Ill:load=2/ }).first().click();
    await page.getByRole('heading', { name: 'Attempts' }).waitFor();
    await page.goBack();
    await page.getByText('2 of 24 runs').waitFor();
    await page.goForward();
    await page.getByRole('heading', { name: 'Attempts' }).waitFor();
    await page.goBack();
    await isSame(page);
    await page.reload();
    await page.getByText('2 of 24 runs').waitFor();
    // A value of a variable, chosen on the map, holds for the list, too.
    await view.goTo(`/campaigns/${scene.campaigns.ill}`);
    await page.getByLabel('Only $load').selectOption({ label: '3' });
    await page.getByRole('tab', { name: 'Runs' }).click();
    await page.getByText('8 of 24 runs').waitFor();
    noComplaints(view.context);
  });

  story(view, 'a run that goes on shows what it prints, and new lines as they come', async () => {
    const id = await scene.slow('printing');
    const position = (await scene.site.jobs(id, 'started'))[0].id.slice(id.length + 1);
    const page = await view.goTo(`/campaigns/${id}/runs/${position}`);
    await mark(page);
    const log = page.getByRole('region', { name: 'The last lines of what runs' });
    const lines = async () => (await log.textContent()).split('\n').filter((line) => line.trim() !== '');
    const events = async () => [...(await log.textContent()).matchAll(/\*\* Event #(\d+)/g)].map((one) => Number(one[1]));
    await until('it shows more than a line', async () => (await lines()).length > 5, 30);
    const first = await events();
    await until('new lines come', async () => (await events()).length > first.length + 2, 30);
    const then = await events();
    assert.deepEqual(then.slice(0, first.length), first, 'what was shown before stays');
    assert.deepEqual(then, [...new Set(then)].sort((a, b) => a - b), 'each line is there once, in its order');
    // Who reads at the end stays there, who has gone up stays where he is.
    await log.evaluate((box) => Object.assign(box.style, { minHeight: '3rem', maxHeight: '3rem' }));
    await until('it is longer than its box', () => log.evaluate((box) => box.scrollHeight > box.clientHeight + 100), 60);
    const atEnd = () => log.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 40);
    await until('it stays at the end', atEnd);
    await log.evaluate((box) => { box.scrollTop = 0; });
    const seen = (await events()).length;
    await until('more comes', async () => (await events()).length > seen, 30);
    assert.equal(await log.evaluate((box) => box.scrollTop), 0);
    await isSame(page);
    await page.goto('about:blank');
    await scene.cancel(id);
    noComplaints(view.context);
  });

  if (!FULL) return;

  story(view, 'a run that goes on tells its progress', async () => {
    const id = await scene.slow('progress');
    const position = (await scene.site.jobs(id, 'started'))[0].id.slice(id.length + 1);
    const page = await view.goTo(`/campaigns/${id}/runs/${position}`);
    await mark(page);
    const main = page.getByRole('main');
    await main.getByText(/simulated|simsec|event/i).filter({ visible: true }).first().waitFor();
    const first = await main.textContent();
    await until('it changes', async () => (await main.textContent()) !== first);
    await isSame(page);
    await scene.cancel(id);
    view.context.expected.push(/status of 404.*\/output/); // nothing is kept of what it wrote
    await until('the page tells that it ended', async () => /cancelled/.test(await main.textContent()));
    noComplaints(view.context);
  });
}
