// Where each run's cell is: columns and rows by chosen dimensions, and within those a block of what is left.
import { withoutCommon } from '../common/formats';
import { NONE, type Dimension, type MapData } from './map_data';

export type Spot = 'x' | 'y' | 'in';

export interface Layout {
  width: number; // cells
  height: number;
  columns: number;
  rows: number;
  blockWidth: number; // cells of a block with the gap after it
  blockHeight: number;
  x: Uint16Array; // of each run
  y: Uint16Array;
  at: Int32Array; // run of each cell; -1: none
  levels: number; // dimensions across
  columnText: (column: number, level: number) => string;
  rowText: (row: number) => string;
  wrapped: boolean; // the arrangement was too large, runs are in the order of their positions
}

const MOST_CELLS = 4_000_000;
const MOST_SIDE = 16_000;
// Width by height of the room that a map has.
export function roomAspect(): number {
  return window.innerWidth < 700 ? 0.8 : 2.2;
}

// The largest dimensions first, each to the side that is shorter; repetitions innermost.
export function defaultSpots(dimensions: Dimension[], aspect: number): Map<string, Spot> {
  const spots = new Map<string, Spot>();
  let across = 1;
  let down = 1;
  const sized = dimensions.filter((one) => one.id !== 'repetition').sort((a, b) => b.values.length - a.values.length);
  for (const one of sized) {
    if (across <= down * aspect) {
      spots.set(one.id, 'x');
      across *= one.values.length;
    } else {
      spots.set(one.id, 'y');
      down *= one.values.length;
    }
  }
  spots.set('repetition', 'in');
  return spots;
}

interface Axis {
  index: Int32Array; // of each run
  count: number;
  sample: Int32Array; // a run of each index
}

// Only combinations that occur get a column.
function axisOf(data: MapData, dimensions: Dimension[]): Axis {
  const keys = new Float64Array(data.runs);
  for (const dimension of dimensions) {
    const radix = dimension.values.length + 1;
    for (let i = 0; i < data.runs; i++) {
      const code = dimension.codes[i]!;
      keys[i] = keys[i]! * radix + (code === NONE ? radix - 1 : Math.min(code, radix - 1));
    }
  }
  const sorted = Float64Array.from(new Set(keys)).sort();
  const number = new Map<number, number>();
  sorted.forEach((key, i) => number.set(key, i));
  const index = new Int32Array(data.runs);
  const sample = new Int32Array(sorted.length).fill(-1);
  for (let i = 0; i < data.runs; i++) {
    const at = number.get(keys[i]!)!;
    index[i] = at;
    if (sample[at] === -1) sample[at] = i;
  }
  return { index, count: Math.max(1, sorted.length), sample };
}

function textOf(dimensions: Dimension[], sample: number | undefined): string {
  if (sample == null || sample < 0) return '';
  return dimensions.map((one) => shortText(one, sample)).join(', ');
}

const shorts = new WeakMap<Dimension, string[]>();

function shortText(dimension: Dimension | undefined, sample: number | undefined): string {
  if (!dimension || sample == null || sample < 0) return '';
  let short = shorts.get(dimension);
  if (!short) shorts.set(dimension, (short = withoutCommon(dimension.values)));
  return short[dimension.codes[sample]!] ?? '–';
}

function orderIn(data: MapData, inner: Dimension[]): Int32Array | null {
  if (inner.length === 0) return null;
  const { index } = axisOf(data, inner);
  const order = Int32Array.from({ length: data.runs }, (_, i) => i);
  return order.sort((a, b) => index[a]! - index[b]! || a - b);
}

interface Blocks {
  place: Int32Array; // of each run in its block
  most: number;
}

function blocksOf(data: MapData, x: Axis, y: Axis, inner: Dimension[]): Blocks {
  const filled = new Int32Array(x.count * y.count);
  const place = new Int32Array(data.runs);
  const order = orderIn(data, inner);
  let most = 1;
  for (let i = 0; i < data.runs; i++) {
    const run = order ? order[i]! : i;
    const group = y.index[run]! * x.count + x.index[run]!;
    place[run] = filled[group]!++;
    most = Math.max(most, filled[group]!);
  }
  return { place, most };
}

export function layOut(data: MapData, spots: Map<string, Spot>, aspect: number): Layout {
  const on = (spot: Spot): Dimension[] => data.dimensions.filter((one) => (spots.get(one.id) ?? 'in') === spot);
  const [across, down, inner] = [on('x'), on('y'), on('in')];
  const x = axisOf(data, across);
  const y = axisOf(data, down);
  const alone = { index: new Int32Array(data.runs), count: 1, sample: new Int32Array(1) };
  if (x.count * y.count <= MOST_CELLS) {
    const made = place(data, x, y, blocksOf(data, x, y, inner), across, down, aspect);
    if (made) return made;
  }
  return { ...place(data, alone, alone, blocksOf(data, alone, alone, []), [], [], aspect)!, wrapped: true };
}

function place(
  data: MapData,
  x: Axis,
  y: Axis,
  blocks: Blocks,
  across: Dimension[],
  down: Dimension[],
  aspect: number,
): Layout | null {
  const { most } = blocks;
  const wide = Math.max(1, Math.min(most, Math.round(Math.sqrt((most * aspect * y.count) / x.count))));
  const high = Math.ceil(most / wide);
  const gap = most > 1 && x.count * y.count > 1 ? 1 : 0;
  const [blockWidth, blockHeight] = [wide + gap, high + gap];
  const [width, height] = [x.count * blockWidth - gap, y.count * blockHeight - gap];
  if (width > MOST_SIDE || height > MOST_SIDE || width * height > MOST_CELLS) return null;
  const layout: Layout = {
    width,
    height,
    columns: x.count,
    rows: y.count,
    blockWidth,
    blockHeight,
    wrapped: false,
    x: new Uint16Array(data.runs),
    y: new Uint16Array(data.runs),
    at: new Int32Array(width * height).fill(-1),
    levels: across.length,
    columnText: (column, level) => shortText(across[level], x.sample[column]),
    rowText: (row) => textOf(down, y.sample[row]),
  };
  for (let i = 0; i < data.runs; i++) {
    const cellX = x.index[i]! * blockWidth + (blocks.place[i]! % wide);
    const cellY = y.index[i]! * blockHeight + Math.floor(blocks.place[i]! / wide);
    layout.x[i] = cellX;
    layout.y[i] = cellY;
    layout.at[cellY * width + cellX] = i;
  }
  return layout;
}
