// The dashboard and the visualizer in a browser, with the real servers behind them.
import { after, before, describe } from 'node:test';
import { Scene } from './support/scene.mjs';
import { pages } from './topics_pages.mjs';

describe('pages', () => {
  const scene = new Scene();
  before(() => scene.open());
  after(() => scene.close());
  pages(scene);
});
