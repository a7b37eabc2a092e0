// The dashboard and the visualizer in a browser, with the real servers behind them.
// SIMSWARM_TOPICS=actions,live tries some of the topics.
import { after, before, describe } from 'node:test';
import { Scene } from './support/scene.mjs';
import { access } from './topics_access.mjs';
import { actions } from './topics_actions.mjs';
import { api } from './topics_api.mjs';
import { http } from './topics_http.mjs';
import { pages } from './topics_pages.mjs';

const TOPICS = { pages, api, access, http, actions };
const wanted = process.env.SIMSWARM_TOPICS?.split(',') ?? Object.keys(TOPICS);

describe('pages', () => {
  const scene = new Scene();
  before(() => scene.open());
  after(() => scene.close());
  for (const name of wanted) describe(name, () => TOPICS[name](scene));
});
