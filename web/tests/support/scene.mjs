// What all tests of a real swarm share: made once, taken away at the end.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser, openContext, logIn } from './browser.mjs';
import { MARKUP, makeProjects, makeSlowly } from './campaigns.mjs';
import { Client } from './client.mjs';
import { Site, TOKEN } from './site.mjs';
import { until } from './wait.mjs';

export class Scene {
  async open() {
    this.site = new Site();
    this.opening = openBrowser();
    await this.site.up();
    this.projects = makeProjects(this.site);
    const { study, hostile, made, broken } = this.projects;
    const { site } = this;
    this.campaigns = {
      study: await site.campaign(study, 'Study', ['--name', 'study of load']),
      ill: await site.campaign(study, 'Ill', ['--distinct-names', '--name', 'ills']),
      hostile: await site.campaign(hostile, 'Hostile', ['-b', '1', '--distinct-names', '--name', MARKUP]),
      made: await site.campaign(made, 'Fast', ['--name', 'made'], false),
    };
    this.broken = await site.brokenBuild(broken, 'Fast');
    await this.look();
    this.build = await until('the build is noted', async () => {
      return (await this.api.get(`/api/v1/campaigns/${this.campaigns.made}`)).json.campaign.build;
    });
    this.browser = await this.opening;
  }

  // A swarm of its own, with one campaign, for the browser of another scene.
  async openBeside(other) {
    this.site = new Site();
    await this.site.up();
    this.projects = makeProjects(this.site);
    this.campaigns = { study: await this.site.campaign(this.projects.study, 'Study', ['--name', 'study of load']) };
    await this.look();
    this.browser = other.browser;
  }

  // Until the dashboard has seen that all of them have ended.
  async look() {
    this.dashboard = await this.site.dashboard();
    this.api = new Client(this.dashboard.address, { token: TOKEN });
    const ids = Object.values(this.campaigns);
    for (const id of ids) await this.site.ended(id);
    await until('all campaigns are seen', async () => {
      const { json } = await this.api.get('/api/v1/overview');
      const planned = json.campaigns.filter((one) => one.planned);
      return planned.length === ids.length && planned.every((one) => one.finished + one.failed === one.runs);
    });
  }

  async close() {
    await (await this.opening)?.close().catch(() => {});
    await this.site?.down();
  }

  // At the same address.
  async restart() {
    this.dashboard = await this.site.dashboard([], new URL(this.dashboard.address).host);
  }

  // A campaign whose runs take minutes, with some of them running.
  async slow(name, words = []) {
    const id = await this.site.campaign(this.projects.study, 'Slow', ['--name', name, ...words]);
    await until(`${name} runs`, async () => (await this.site.counts(id)).started > 0);
    return id;
  }
  // A campaign whose build takes a while, seen before it is done; `called` gives its id when its runs are queued.
  async building(name) {
    const called = this.site.campaign(makeSlowly(this.site, name), 'Fast', ['--name', name], false);
    called.catch(() => {}); // whoever waits for it hears of it
    const seen = until(`${name} is being built`, async () => {
      const { json } = await this.api.get('/api/v1/overview');
      return json.campaigns.find((one) => one.name === name && one.state === 'building');
    });
    return { called, id: (await Promise.race([seen, called.then(() => seen)])).id };
  }
  async cancel(id) {
    await this.site.run(['cancel', '--on', 't', id]);
    await this.site.ended(id);
  }

  // For the tests of one suite.
  view() {
    const view = new View(this);
    before(() => view.open());
    after(() => view.context?.close());
    return view;
  }
}

// Somebody who has logged in, with a page.
class View {
  constructor(scene) {
    this.scene = scene;
  }
  async open() {
    this.context = await openContext(this.scene.browser);
    this.page = await this.context.newPage();
    await this.page.goto(this.scene.dashboard.address);
    await this.logIn();
  }
  logIn() {
    return logIn(this.page, TOKEN);
  }
  async goTo(path) {
    await this.page.goto(this.scene.dashboard.address + path);
    return this.page;
  }
}

// A test whose failure tells what the page showed.
export function story(view, name, tell) {
  test(name, async (t) => {
    view.context.complaints.length = 0;
    try {
      await tell(t);
    } catch (error) {
      const shown = await view.page.evaluate(() => `${location.href}\n${document.body.innerText.slice(0, 1500)}`).catch(() => '');
      error.message += `\n--- the page shows:\n${shown}\n---`;
      throw error;
    }
  });
}

// A word that is lost when the page is loaded again.
export const mark = (page) => page.evaluate(() => (window.stays = true));
export async function isSame(page) {
  assert.ok(await page.evaluate(() => window.stays), 'the page was loaded again');
}
