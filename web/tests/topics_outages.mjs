// What happens to servers is told by an open page, which keeps what it has and goes on by itself.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { noComplaints } from './support/browser.mjs';
import { isSame, mark, Scene, story } from './support/scene.mjs';
import { FULL } from './support/site.mjs';
import { until } from './support/wait.mjs';

const stop = (pid) => process.kill(pid, 'SIGSTOP');
const goOn = (pid) => process.kill(pid, 'SIGCONT');

// On a swarm of its own: others are not to meet what happens to it.
export function outages(other) {
  const scene = new Scene();
  before(() => scene.openBeside(other));
  after(() => scene.close());
  const view = scene.view();

  const outage = async (path, kept, { away, back, says, seconds = 40 }) => {
    const page = await view.goTo(path);
    await page.getByRole('main').getByText(kept).first().waitFor();
    await until('it is live', () => page.getByText('live', { exact: true }).count());
    await mark(page);
    view.context.expected.push(/status of 50[0-9]/);
    await away();
    try {
      await page.getByText(says).filter({ visible: true }).first().waitFor({ timeout: 30_000 });
      assert.ok((await page.getByRole('main').getByText(kept).count()) > 0, 'the page is empty');
    } finally {
      await back();
    }
    await until('it is live again', async () => {
      const text = await page.evaluate(() => document.body.innerText);
      return /\blive\b/.test(text) && !says.test(text) && /no trouble|✓/.test(text);
    }, seconds);
    await isSame(page);
    noComplaints(view.context);
  };

  story(view, 'while Redis stands still pages say so, and recover', async () => {
    const pid = scene.site.pidOf('redis');
    await outage('/', 'study of load', { away: () => stop(pid), back: () => goOn(pid), says: /What is shown is old/ });
  });

  story(view, 'when the store was killed and begun again pages go on', async () => {
    await outage('/', 'study of load', {
      away: () => process.kill(scene.site.pidOf('mongodb'), 'SIGKILL'),
      back: () => scene.site.services('up'),
      says: /the store: /,
    });
  });

  if (!FULL) return;

  story(view, 'while the store stands still pages say so, and recover', async () => {
    const pid = scene.site.pidOf('mongodb');
    await outage('/', 'study of load', { away: () => stop(pid), back: () => goOn(pid), says: /the store: / });
  });

  story(view, 'when Redis was killed and begun again pages go on', async () => {
    await outage('/', 'study of load', {
      away: () => process.kill(scene.site.pidOf('redis'), 'SIGKILL'),
      back: () => scene.site.services('up'),
      says: /What is shown is old|Connection refused|no such/i,
      seconds: 60,
    });
  });

  story(view, 'when the dashboard was begun again a page asks for the token, and goes on', async () => {
    const { page } = view;
    const { dashboard } = scene;
    await view.goTo('/campaigns?search=study');
    view.context.expected.push(/ERR_|status of 401/);
    await page.getByText('study of load').first().waitFor(); // what is not shown yet cannot be old
    await dashboard.end('SIGKILL');
    await page.getByText('What is shown is old').waitFor({ timeout: 30_000 });
    await scene.restart();
    await page.getByLabel('Token').waitFor({ timeout: 30_000 });
    await view.logIn();
    await page.getByRole('heading', { name: 'Campaigns' }).waitFor();
    assert.match(page.url(), /search=study/);
  });
}
