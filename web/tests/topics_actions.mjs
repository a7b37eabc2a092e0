// Every action of a page has its effect in Redis, and is told with who and when.
import assert from 'node:assert/strict';
import { noComplaints } from './support/browser.mjs';
import { story } from './support/scene.mjs';
import { TOKEN } from './support/site.mjs';
import { until } from './support/wait.mjs';

const ids = (jobs) => jobs.map((one) => one.id).sort();

// Answers the question that a button asks, and waits for what is said of it.
async function confirm(page, action, said) {
  await page.getByRole('dialog').getByRole('button', { name: action, exact: true }).click();
  await page.getByRole('status').filter({ hasText: said }).first().waitFor();
}

export function actions(scene) {
  const view = scene.view();
  let id; // of a campaign with two runs that are slow, and ten that wait
  const queue = (state) => view.goTo(`/queues/run-${id}?state=${state}`);
  const choose = (page, job) => page.getByRole('checkbox', { name: `Select Slow#${job}`, exact: true }).check();

  // What the list shows in its column of attempts.
  async function attempts(page) {
    const heads = await page.getByRole('columnheader').allInnerTexts();
    const column = heads.findIndex((text) => text.trim() === 'Attempt');
    const rows = await page.locator('tbody tr').all();
    return Promise.all(rows.map((row) => row.locator('th, td').nth(column).innerText()));
  }

  async function act(page, button, action, said) {
    await page.getByRole('button', { name: button, exact: true }).click();
    await confirm(page, action, said);
  }

  story(view, 'one job is cancelled, and two are', async () => {
    id = await scene.slow('actions');
    const page = await queue('queued');
    await choose(page, 5);
    await act(page, 'Cancel 1', 'Cancel', '1 job cancelled.');
    assert.deepEqual(ids(await scene.site.jobs(id, 'canceled')), [`${id}-5`]);
    await choose(page, 6);
    await choose(page, 7);
    await act(page, 'Cancel 2', 'Cancel', '2 jobs cancelled.');
    assert.deepEqual(ids(await scene.site.jobs(id, 'canceled')), [`${id}-5`, `${id}-6`, `${id}-7`]);
    await page.getByRole('tab', { name: 'Cancelled 3' }).waitFor();
  });

  story(view, 'one that was cancelled is requeued from its own page, the others from the list', async () => {
    const page = await view.goTo(`/jobs/${id}-5`);
    await act(page, 'Requeue', 'Requeue', '1 job requeued.');
    assert.equal((await scene.site.job(`${id}-5`)).state, 'queued');
    await page.getByText(/ahead/).first().waitFor();
    await queue('canceled');
    await page.getByRole('checkbox', { name: 'Select all rows of this page' }).check();
    await act(page, 'Requeue 2', 'Requeue', '2 jobs requeued.');
    assert.deepEqual(await scene.site.jobs(id, 'canceled'), []);
    assert.equal((await scene.site.jobs(id, 'queued')).length, 10);
  });

  story(view, 'jobs are deleted', async () => {
    const page = await queue('queued');
    await choose(page, 8);
    await choose(page, 9);
    await act(page, 'Delete 2', 'Delete', '2 jobs deleted.');
    assert.equal((await scene.site.jobs(id, 'queued')).length, 8);
    await scene.site.run(['jobs', 'show', '--on', 't', `${id}-8`], { code: 2 });
  });

  story(view, 'a run that goes on is stopped', async () => {
    const page = await queue('started');
    const job = (await scene.site.jobs(id, 'started'))[0].id;
    await choose(page, job.slice(id.length + 1));
    await act(page, 'Stop 1', 'Stop', '1 job asked to stop.');
    const stopped = await until('it is stopped', async () => {
      const one = await scene.site.job(job);
      return one.state !== 'started' && one;
    });
    assert.ok(['failed', 'stopped'].includes(stopped.state), `a stopped job is ${stopped.state}`);
  });

  story(view, 'a queue gets a priority', async () => {
    const page = await queue('queued');
    await page.getByLabel('Priority').selectOption('3');
    await page.getByText('priority is 3').waitFor();
    await until('Redis has it', async () => (await scene.site.counts(id)).priority === 3);
  });

  story(view, 'all work is suspended and resumed', async () => {
    const page = await view.goTo('/');
    await act(page, 'Suspend work', 'Suspend', 'Suspended: no job begins');
    assert.equal((await scene.site.json(['jobs', 'list', '--on', 't'])).suspended, true);
    await view.goTo(`/queues/run-${id}`);
    await page.getByText('All work is suspended: no job begins.').waitFor();
    await view.goTo('/');
    await act(page, 'Resume work', 'Resume', 'Resumed.');
    assert.equal((await scene.site.json(['jobs', 'list', '--on', 't'])).suspended, false);
  });

  story(view, 'all that waits is cancelled, then the campaign', async () => {
    const page = await queue('queued');
    await act(page, 'Cancel all', 'Cancel', /\d+ jobs cancelled\./);
    assert.deepEqual(await scene.site.jobs(id, 'queued'), []);
    await view.goTo(`/campaigns/${id}`);
    await act(page, 'Cancel the campaign', 'Cancel the campaign', 'Cancelled: 0 that waited');
    const counts = await scene.site.ended(id);
    assert.equal(counts.started, 0);
    // Also in the store, which tells clients of the campaign.
    await until('the campaign is told to be over', async () => {
      const { json } = await scene.api.get(`/api/v1/campaigns/${id}`);
      return json.campaign.running === 0 && json.campaign.waiting === 0;
    });
  });

  story(view, 'all that failed is requeued, fails again, and is deleted', async () => {
    id = await scene.site.campaign(scene.projects.study, 'Fail', ['--distinct-names', '--name', 'to fail']);
    await scene.site.ended(id);
    const page = await queue('failed');
    await act(page, 'Requeue all', 'Requeue', '3 jobs requeued.');
    await until('all have failed again', async () => {
      const jobs = await scene.site.jobs(id, 'failed');
      return jobs.length === 3 && jobs.every((one) => one.attempt === 2);
    });
    // The same three were there before: only their attempts tell that the page is not still on its way.
    await page.getByRole('tab', { name: 'Failed 3' }).waitFor();
    await until('the page shows it', async () => (await attempts(page)).join() === '2,2,2');
    await act(page, 'Delete all', 'Delete', '3 jobs deleted.');
    assert.deepEqual(await scene.site.jobs(id, 'failed'), []);
  });

  story(view, 'what was changed is told with who and when, and without the token', () => {
    const said = scene.dashboard.errors;
    const line = (what) => new RegExp(`^dashboard: \\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z session [0-9a-f]{8} from 127\\.0\\.0\\.1: ${what}`, 'm');
    for (const what of [
      'cancel of 0\\w+-5: 1 done',
      'cancel of 0\\w+-6 and 1 others: 2 done|cancel of 0\\w+-7 and 1 others: 2 done',
      'requeue of ',
      'delete of ',
      'stop of ',
      'priority 3 in run-',
      'suspended all queues',
      'resumed all queues',
      'cancel queued in run-',
      'cancelled campaign ',
      'requeue failed in run-',
      'delete failed in run-',
    ]) {
      assert.match(said, line(what));
    }
    assert.ok(!said.includes(TOKEN), 'the token is told');
    noComplaints(view.context);
  });
}
