// The map of a campaign's runs, with its legend, arrangement and filters, all in the address.
import type { JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { apiPath } from '../common/api';
import { count } from '../common/formats';
import { Canvas, useCanvas } from '../common/canvas_view';
import { useResource } from '../common/resource';
import { go, hereWith, place, setQuery } from '../common/router';
import { stateByCode, STATES } from '../common/states';
import { clean, Text } from '../common/text';
import { dark } from '../common/theme';
import { Stale, Waiting } from '../common/ui';
import { runAt } from './links';
import { MapPainter } from './map_canvas';
import { countStates, mapLoader, maskOf, valueOf, type Dimension, type Filter, type MapData } from './map_data';
import { defaultSpots, layOut, roomAspect, type Layout, type Spot } from './map_layout';

// «show=failed,crashed» and «f=$name=value», the latter as often as there are values to filter by.
export function statesShown(query: URLSearchParams): string[] {
  const names = new Set(STATES.map((one) => one.name));
  return (query.get('show') ?? '').split(',').filter((name) => names.has(name));
}

function filterOf(query: URLSearchParams, data: MapData): Filter {
  const states = new Set(statesShown(query).map((name) => STATES.find((one) => one.name === name)!.code));
  const values = new Map<string, number>();
  for (const text of query.getAll('f')) {
    const dimension = data.dimensions.find((one) => text.startsWith(`${one.id}=`));
    const value = dimension?.values.indexOf(text.slice(dimension.id.length + 1)) ?? -1;
    if (dimension && value >= 0) values.set(dimension.id, value);
  }
  return { states, values };
}

function spotsOf(query: URLSearchParams, data: MapData): Map<string, Spot> {
  if (!query.has('x') && !query.has('y')) return defaultSpots(data.dimensions, roomAspect());
  const across = (query.get('x') ?? '').split('|');
  const down = (query.get('y') ?? '').split('|');
  return new Map(
    data.dimensions.map((one) => [one.id, across.includes(one.id) ? 'x' : down.includes(one.id) ? 'y' : 'in']),
  );
}

export function describe(data: MapData, run: number): string {
  const values = data.dimensions
    .map((one) => ({ one, value: valueOf(one, run) }))
    .filter(({ value }) => value != null)
    .map(({ one, value }) =>
      one.id.startsWith('$') ? `${clean(one.text, 40)}=${clean(value, 40)}` : `${one.text} ${clean(value, 40)}`,
    );
  return `Run ${run}: ${stateByCode(data.states[run]!).word}${values.length ? `. ${values.join(', ')}` : ''}`;
}

function Legend({ counts, shown }: { counts: number[]; shown: string[] }): JSX.Element {
  const toggle = (name: string): void => {
    const next = shown.includes(name) ? shown.filter((one) => one !== name) : [...shown, name];
    setQuery({ show: next.join(',') || null, offset: null });
  };
  return (
    <div class="legend" role="group" aria-label="States: choose which to show">
      {STATES.filter((one) => counts[one.code]! > 0 || shown.includes(one.name)).map((one) => (
        <button
          type="button"
          key={one.name}
          class={`key s-${one.name}`}
          aria-pressed={shown.includes(one.name)}
          onClick={() => toggle(one.name)}
        >
          <span class="sign" aria-hidden="true">
            {one.sign}
          </span>
          {one.word} <span class="n">{count(counts[one.code])}</span>
        </button>
      ))}
      <button
        type="button"
        class="small plain"
        disabled={shown.length === 0}
        onClick={() => setQuery({ show: null, offset: null })}
      >
        Show all
      </button>
    </div>
  );
}

const SPOTS: [Spot, string][] = [
  ['x', 'across'],
  ['y', 'down'],
  ['in', 'innermost'],
];
const MOST_OPTIONS = 500;

function Arrange({ data, spots, filter }: { data: MapData; spots: Map<string, Spot>; filter: Filter }): JSX.Element {
  const move = (id: string, spot: Spot): void => {
    const next = new Map(spots).set(id, spot);
    const on = (wanted: Spot): string =>
      data.dimensions
        .filter((one) => next.get(one.id) === wanted)
        .map((one) => one.id)
        .join('|');
    setQuery({ x: on('x') || '-', y: on('y') || null });
  };
  const only = (dimension: Dimension, value: string): void => {
    const rest = place
      .peek()
      .query.getAll('f')
      .filter((one) => !one.startsWith(`${dimension.id}=`));
    setQuery({
      f: value === '' ? rest : [...rest, `${dimension.id}=${dimension.values[Number(value)]}`],
      offset: null,
    });
  };
  return (
    <div class="arrange">
      {data.dimensions.map((one) => (
        <fieldset key={one.id}>
          <legend>
            <Text of={one.text} most={30} /> <span class="quiet">{count(one.values.length)} values</span>
          </legend>
          <select
            aria-label={`Where ${clean(one.text, 40)} is laid`}
            value={spots.get(one.id) ?? 'in'}
            onChange={(event) => move(one.id, event.currentTarget.value as Spot)}
          >
            {SPOTS.map(([spot, text]) => (
              <option key={spot} value={spot}>
                {text}
              </option>
            ))}
          </select>
          <select
            aria-label={`Only ${clean(one.text, 40)}`}
            value={String(filter.values.get(one.id) ?? '')}
            onChange={(event) => only(one, event.currentTarget.value)}
          >
            <option value="">all values</option>
            {one.values.slice(0, MOST_OPTIONS).map((value, i) => (
              <option key={i} value={String(i)}>
                {clean(value, 40)}
              </option>
            ))}
          </select>
        </fieldset>
      ))}
    </div>
  );
}

interface CanvasProps {
  id: string;
  data: MapData;
  layout: Layout;
  mask: Uint8Array;
  states: Set<number>;
}

function MapCanvas({ id, data, layout, mask, states }: CanvasProps): JSX.Element {
  const view = useCanvas<MapPainter>({
    make: (canvas) => new MapPainter(canvas),
    open: (run) => go(runAt(id, run)),
  });
  const { painter, pointed } = view;
  const theme = dark.value;
  useEffect(() => {
    painter.current!.resize();
    painter.current!.setLayout(layout);
  }, [layout]);
  useEffect(() => {
    painter.current!.setTheme(theme);
    painter.current!.setStates(data, mask, states);
    view.redraw();
  }, [layout, data, mask, states, theme]);
  return (
    <Canvas
      kind="map"
      label={`Map of ${count(data.runs)} runs, one cell a run`}
      style={{ maxHeight: `${Math.max(120, MapPainter.heightFor(layout))}px` }}
      view={view}
      text={pointed >= 0 && pointed < data.runs ? describe(data, pointed) : null}
      hint="Point at a cell to read its run; click or Enter opens it."
    >
      Drag to move, Ctrl and the wheel to zoom. With the keyboard: arrows move (with Shift ten cells), + and − zoom, 0
      shows all. The same runs are a <a href={hereWith({ tab: 'runs' })}>list</a>, with the same filters.
    </Canvas>
  );
}

function MapView({ id, data }: { id: string; data: MapData }): JSX.Element {
  const query = place.value.query;
  const filterText = query.getAll('f').join('\n');
  const showText = query.get('show') ?? '';
  const axes = `${query.get('x')} ${query.get('y')}`;
  const filter = useMemo(() => filterOf(query, data), [data.whole, filterText, showText]);
  const spots = useMemo(() => spotsOf(query, data), [data.whole, axes]);
  const layout = useMemo(() => layOut(data, spots, roomAspect()), [data.whole, spots]);
  const mask = useMemo(() => maskOf(data, filter.values), [data.whole, filterText]);
  const counts = useMemo(() => countStates(data, mask), [data, mask]);
  return (
    <>
      <Legend counts={counts} shown={statesShown(query)} />
      {data.dimensions.length > 0 && <Arrange data={data} spots={spots} filter={filter} />}
      <p class="quiet map-note">
        {layout.wrapped ? 'So arranged the map would be too large: the runs are in the order of their positions.' : ''}
      </p>
      <MapCanvas id={id} data={data} layout={layout} mask={mask} states={filter.states} />
    </>
  );
}

export function MapTab({ id }: { id: string }): JSX.Element {
  const load = useMemo(mapLoader, [id]);
  const shown = useResource<MapData>(apiPath`/api/v1/campaigns/${id}/map`, { topics: [`campaign:${id}`], load });
  return (
    <div class="card">
      {shown.data && <Stale failure={shown.failure} />}
      {shown.data ? (
        <MapView id={id} data={shown.data} />
      ) : (
        <div class="map-space">
          <Waiting failure={shown.failure} what="the map" />
        </div>
      )}
    </div>
  );
}
