// The dashboard and the visualizer in a browser, with the real servers behind them.
// SIMSWARM_TOPICS=actions,live tries some of the topics.
import { after, before, describe } from 'node:test';
import { Scene } from './support/scene.mjs';
import { access } from './topics_access.mjs';
import { actions } from './topics_actions.mjs';
import { api } from './topics_api.mjs';
import { fuzz } from './topics_fuzz.mjs';
import { hostile } from './topics_hostile.mjs';
import { http } from './topics_http.mjs';
import { live } from './topics_live.mjs';
import { local } from './topics_local.mjs';
import { outages } from './topics_outages.mjs';
import { pages } from './topics_pages.mjs';
import { visualizer } from './topics_visualizer.mjs';

// Those of a line come one after the other, the lines side by side: the first changes what the swarm does, the second
// only looks, the others have servers of their own.
const LINES = [
  { api, actions, live, fuzz },
  { pages, hostile },
  { outages, local, access, http },
  { visualizer },
];
const wanted = process.env.SIMSWARM_TOPICS?.split(',');

describe('pages', () => {
  const scene = new Scene();
  before(() => scene.open());
  after(() => scene.close());
  describe('side by side', { concurrency: LINES.length }, () => {
    for (const topics of LINES) {
      const names = Object.keys(topics).filter((name) => !wanted || wanted.includes(name));
      describe(names.join(', ') || 'nothing', { concurrency: 1 }, () => {
        for (const name of names) describe(name, () => topics[name](scene));
      });
    }
  });
});
