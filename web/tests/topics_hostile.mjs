// What campaigns, runs, hosts and logs are named and say is shown as text, whatever it is.
import assert from 'node:assert/strict';
import { fits, inspect, noComplaints } from './support/browser.mjs';
import { MARKUP, RTL } from './support/campaigns.mjs';
import { Redis } from './support/redis.mjs';
import { story } from './support/scene.mjs';
import { FULL } from './support/site.mjs';
import { until } from './support/wait.mjs';

const SHOWN_RTL = '‹U+202E›gnp.exe';

// Nothing of it became an element, ran, or turned the text around.
async function isHarmless(page, what) {
  const found = await page.evaluate(() => ({
    pwned: window.__pwned !== undefined,
    elements: document.querySelectorAll('img[src="x"], [onerror], main script, main iframe, main b').length,
    inline: document.querySelectorAll('script:not([src])').length,
    marks: /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/.exec(document.body.innerText)?.index ?? -1,
    title: document.title,
  }));
  assert.deepEqual({ pwned: found.pwned, elements: found.elements, inline: found.inline, marks: found.marks },
    { pwned: false, elements: 0, inline: 0, marks: -1 }, what);
  assert.ok(!/[\u0000-\u001f\u202a-\u202e]/.test(found.title), `${what}: its title is ${JSON.stringify(found.title)}`);
}

export function hostile(scene) {
  const view = scene.view();
  const pagesOf = (id) => [
    ['campaigns', '/campaigns', [MARKUP]],
    ['map', `/campaigns/${id}`, [MARKUP, '16 of 16 ended']],
    ['runs', `/campaigns/${id}?tab=runs`, [MARKUP, SHOWN_RTL, '‹U+001B›[31m']],
    ['values', `/campaigns/${id}?tab=values&name=delay:mean&module=Net.sink&xv=load&by=label`, ['Read 8 of 8 runs', SHOWN_RTL]],
    ['distributions', `/campaigns/${id}?tab=distributions`, ['Median']],
    ['run', `/campaigns/${id}/runs/1`, [MARKUP]],
    ['job', `/jobs/${id}-1`, [MARKUP]],
    ['search', `/campaigns?search=${encodeURIComponent(MARKUP)}`, [MARKUP]],
    ['none', `/campaigns/${encodeURIComponent(MARKUP)}`, [MARKUP]],
    ['queue', `/queues/${encodeURIComponent(`${RTL}<b>`)}?state=${encodeURIComponent(MARKUP)}`, []],
    ['build', `/builds/${scene.broken}-build`, [MARKUP]],
  ];

  story(view, 'a campaign of hostile names is shown as it is', async (t) => {
    for (const [name, path, texts] of pagesOf(scene.campaigns.hostile)) {
      await t.test(name, async () => {
        const page = await view.goTo(path);
        view.context.expected.push(/status of 40[04]/);
        await page.getByRole('heading', { level: 1 }).waitFor();
        for (const text of texts) await page.getByRole('main').getByText(text).filter({ visible: true }).first().waitFor();
        await isHarmless(page, path);
        if (FULL) await inspect(page, `hostile-${name}`);
        else await fits(page, path);
        noComplaints(view.context);
      });
    }
  });

  story(view, 'a map of hostile names is told by its cursor', async () => {
    const page = await view.goTo(`/campaigns/${scene.campaigns.hostile}`);
    const canvas = page.locator('canvas').first();
    await canvas.focus();
    await page.keyboard.press('ArrowRight');
    await page.getByText(/Run \d+: (completed|failed)/).first().waitFor();
    await isHarmless(page, 'the map');
  });

  story(view, 'a line of a megabyte, escapes and bytes that are no text are shown in reason', async () => {
    const page = await view.goTo(`/campaigns/${scene.campaigns.hostile}/runs/0`);
    const log = page.getByLabel('Standard output');
    await until('the output is shown', async () => (await log.textContent()).length > 100);
    const text = await log.textContent();
    assert.ok(text.length < 500_000, `${text.length} characters`);
    assert.ok(text.includes(MARKUP) && text.includes('red'), text.slice(-1000));
    await isHarmless(page, 'the output');
    await fits(page, 'hostile output');
    noComplaints(view.context);
  });

  story(view, 'hostile words of other clients of Redis are shown as text', async () => {
    const redis = new Redis(scene.site.environment.SIMSWARM_HOSTS);
    const worker = 'rq:worker:evil';
    const now = new Date().toISOString();
    await redis.call('HSET', worker, 'queues', `evil,${MARKUP}`, 'hostname', `${RTL}"><script>window.__pwned=2</script>`, 'birth', now,
      'last_heartbeat', now, 'state', MARKUP, 'version', '\u001b[2J', 'sw_obstacle', Buffer.from([0xff, 0xfe, 0x3c, 0x62, 0x3e]), 'sw_cpu', 'x'.repeat(1e6));
    await redis.call('SADD', 'rq:workers', worker);
    await redis.call('SADD', 'rq:queues', 'rq:queue:evil', `rq:queue:${MARKUP}`);
    for (const id of ['evil-1', MARKUP]) {
      await redis.call('HSET', `rq:job:${id}`, 'status', 'queued', 'origin', 'evil', 'created_at', now, 'description', `${MARKUP}${RTL}${'y'.repeat(1e6)}`, 'data', 'no JSON');
      await redis.call('RPUSH', 'rq:queue:evil', id);
    }
    try {
      const page = await view.goTo('/');
      await page.getByRole('row').filter({ hasText: 'evil' }).filter({ hasText: SHOWN_RTL }).first().waitFor();
      await isHarmless(page, 'the overview');
      await fits(page, 'hostile overview');
      await view.goTo('/queues/evil');
      await page.getByRole('table').getByText(MARKUP).first().waitFor();
      await isHarmless(page, 'the queue');
      await fits(page, 'hostile jobs');
      noComplaints(view.context);
    } finally {
      await redis.call('DEL', worker, 'rq:queue:evil', 'rq:job:evil-1', `rq:job:${MARKUP}`);
      await redis.call('SREM', 'rq:workers', worker);
      await redis.call('SREM', 'rq:queues', 'rq:queue:evil', `rq:queue:${MARKUP}`);
      redis.end();
    }
  });
}
