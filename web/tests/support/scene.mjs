// What all tests of a real swarm share: made once, taken away at the end.
import { test } from 'node:test';
import { openBrowser, openContext, logIn } from './browser.mjs';
import { MARKUP, makeProjects } from './campaigns.mjs';
import { Client } from './client.mjs';
import { Site, TOKEN } from './site.mjs';
import { until } from './wait.mjs';

export class Scene {
  async open() {
    this.site = new Site();
    this.opening = openBrowser();
    await this.site.up();
    this.projects = makeProjects(this.site);
    const { study, hostile } = this.projects;
    const { site } = this;
    this.campaigns = { study: await site.campaign(study, 'Study', ['--name', 'study of load']) };
    this.campaigns.ill = await site.campaign(study, 'Ill', ['--distinct-names', '--name', 'ills']);
    this.campaigns.hostile = await site.campaign(hostile, 'Hostile', ['--distinct-names', '--name', MARKUP]);
    const made = await site.campaign(this.projects.made, 'Fast', ['--name', 'made'], false);
    this.broken = await site.brokenBuild(this.projects.broken, 'Fast');
    this.campaigns.made = made;
    this.dashboard = await site.dashboard();
    this.api = new Client(this.dashboard.address, { token: TOKEN });
    for (const id of Object.values(this.campaigns)) await site.ended(id);
    this.build = await until('the build is noted', async () => (await this.api.get(`/api/v1/campaigns/${made}`)).json.campaign.build);
    this.browser = await this.opening;
    this.context = await openContext(this.browser);
    this.page = await this.context.newPage();
    await logIn(this.page, this.dashboard.address, TOKEN);
    await until('all campaigns are seen', async () => {
      const { json } = await this.api.get('/api/v1/overview');
      return json.campaigns.length === Object.keys(this.campaigns).length && json.campaigns.every((one) => one.finished + one.failed === one.runs);
    });
  }

  async close() {
    await (await this.opening)?.close();
    await this.site?.down();
  }

  // A campaign whose runs take minutes, with some of them running.
  async slow(name, words = []) {
    const id = await this.site.campaign(this.projects.study, 'Slow', ['--name', name, ...words]);
    await until(`${name} runs`, async () => (await this.site.counts(id)).started > 0);
    return id;
  }
  async cancel(id) {
    await this.site.run(['cancel', '--on', 't', id]);
    await this.site.ended(id);
  }

  async goTo(path, page = this.page) {
    await page.goto(this.dashboard.address + path);
    return page;
  }
}

// A test whose failure tells what the page showed.
export function story(scene, name, tell) {
  test(name, async (t) => {
    try {
      await tell(t);
    } catch (error) {
      const shown = await scene.page?.evaluate(() => `${location.href}\n${document.body.innerText.slice(0, 1500)}`).catch(() => '');
      error.message += `\n--- the page shows:\n${shown}\n---`;
      throw error;
    }
  });
}
