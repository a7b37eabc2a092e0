// The map of a campaign's runs, with its legend, arrangement and filters, all in the address.
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { apiPath } from '../common/api';
import { count } from '../common/formats';
import { attach, frames } from '../common/gestures';
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
  return new Map(data.dimensions.map((one) => [one.id, across.includes(one.id) ? 'x' : down.includes(one.id) ? 'y' : 'in']));
}

export function describe(data: MapData, run: number): string {
  const values = data.dimensions.map((one) => ({ one, value: valueOf(one, run) })).filter(({ value }) => value != null)
    .map(({ one, value }) => (one.id.startsWith('$') ? `${clean(one.text, 40)}=${clean(value, 40)}` : `${one.text} ${clean(value, 40)}`));
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
        <button type="button" key={one.name} class={`key s-${one.name}`} aria-pressed={shown.includes(one.name)} onClick={() => toggle(one.name)}>
          <span class="sign" aria-hidden="true">{one.sign}</span>{one.word} <span class="n">{count(counts[one.code])}</span>
        </button>
      ))}
      <button type="button" class="small plain" disabled={shown.length === 0} onClick={() => setQuery({ show: null, offset: null })}>Show all</button>
    </div>
  );
}

const SPOTS: [Spot, string][] = [['x', 'across'], ['y', 'down'], ['in', 'innermost']];
const MOST_OPTIONS = 500;

function Arrange({ data, spots, filter }: { data: MapData; spots: Map<string, Spot>; filter: Filter }): JSX.Element {
  const move = (id: string, spot: Spot): void => {
    const next = new Map(spots).set(id, spot);
    const on = (wanted: Spot): string => data.dimensions.filter((one) => next.get(one.id) === wanted).map((one) => one.id).join('|');
    setQuery({ x: on('x') || '-', y: on('y') || null });
  };
  const only = (dimension: Dimension, value: string): void => {
    const rest = place.peek().query.getAll('f').filter((one) => !one.startsWith(`${dimension.id}=`));
    setQuery({ f: value === '' ? rest : [...rest, `${dimension.id}=${dimension.values[Number(value)]}`], offset: null });
  };
  return (
    <div class="arrange">
      {data.dimensions.map((one) => (
        <fieldset key={one.id}>
          <legend><Text of={one.text} most={30} /> <span class="quiet">{count(one.values.length)} values</span></legend>
          <select aria-label={`Where ${clean(one.text, 40)} is laid`} value={spots.get(one.id) ?? 'in'}
            onChange={(event) => move(one.id, event.currentTarget.value as Spot)}>
            {SPOTS.map(([spot, text]) => <option key={spot} value={spot}>{text}</option>)}
          </select>
          <select aria-label={`Only ${clean(one.text, 40)}`} value={String(filter.values.get(one.id) ?? '')}
            onChange={(event) => only(one, event.currentTarget.value)}>
            <option value="">all values</option>
            {one.values.slice(0, MOST_OPTIONS).map((value, i) => <option key={i} value={String(i)}>{clean(value, 40)}</option>)}
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

const STEPS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function MapCanvas({ id, data, layout, mask, states }: CanvasProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<MapPainter | null>(null);
  const redraw = useRef<() => void>(() => undefined);
  const now = useRef(data);
  now.current = data;
  const [run, setRun] = useState(-1);
  const point = (next: number): void => {
    if (painter.current!.cursor === next) return;
    painter.current!.cursor = next;
    setRun(next);
    redraw.current();
  };
  useEffect(() => {
    const own = new MapPainter(canvas.current!);
    painter.current = own;
    const loop = frames(() => own.draw(now.current));
    redraw.current = loop.ask;
    const watch = new ResizeObserver(() => { own.resize(); loop.ask(); });
    watch.observe(canvas.current!);
    const detach = attach(canvas.current!, {
      pan: (dx, dy) => { own.pan(dx, dy); loop.ask(); },
      zoom: (factor, x, y) => { own.zoom(factor, x, y); loop.ask(); },
      hover: (x, y) => point(own.runAt(x, y)),
      click: (x, y) => { const hit = own.runAt(x, y); if (hit >= 0) go(runAt(id, hit)); },
      leave: () => point(-1),
    });
    return () => { detach(); watch.disconnect(); loop.stop(); };
  }, []);
  const theme = dark.value;
  useEffect(() => {
    painter.current!.resize();
    painter.current!.setLayout(layout);
  }, [layout]);
  useEffect(() => {
    painter.current!.setTheme(theme);
    painter.current!.setStates(data, mask, states);
    redraw.current();
  }, [layout, data, mask, states, theme]);
  const zoom = (factor: number | null): void => {
    if (factor == null) painter.current!.fit();
    else painter.current!.zoom(factor);
    redraw.current();
  };
  const keys = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (step) {
      let next = painter.current!.step(...step);
      point(next);
      for (let i = 1; event.shiftKey && i < 10; i++) point(next = painter.current!.step(...step));
      painter.current!.reveal(next);
    } else if (event.key === 'Enter' && run >= 0) go(runAt(id, run));
    else if (event.key === '+' || event.key === '=') zoom(1.5);
    else if (event.key === '-') zoom(1 / 1.5);
    else if (event.key === '0') zoom(null);
    else return;
    event.preventDefault();
    redraw.current();
  };
  return (
    <div class="map">
      <canvas ref={canvas} tabIndex={0} role="application" aria-roledescription="map" aria-describedby="map-help"
        aria-label={`Map of ${count(data.runs)} runs, one cell a run`} onKeyDown={keys}
        style={{ maxHeight: `${Math.max(120, MapPainter.heightFor(layout))}px` }} />
      <div class="row between under-map">
        <p class="pointed" role="status">{run >= 0 && run < data.runs ? describe(data, run)
          : <span class="quiet">Point at a cell to read its run; click or Enter opens it.</span>}</p>
        <span class="row">
          <button type="button" class="small" aria-label="Zoom in" onClick={() => zoom(1.5)}>+</button>
          <button type="button" class="small" aria-label="Zoom out" onClick={() => zoom(1 / 1.5)}>−</button>
          <button type="button" class="small" onClick={() => zoom(null)}>All</button>
        </span>
      </div>
      <p id="map-help" class="quiet">Drag to move, Ctrl and the wheel to zoom. With the keyboard: arrows move (with Shift ten cells), + and − zoom,
        0 shows all. The same runs are a <a href={hereWith({ tab: 'runs' })}>list</a>, with the same filters.</p>
    </div>
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
      <p class="quiet map-note">{layout.wrapped ? 'So arranged the map would be too large: the runs are in the order of their positions.' : ''}</p>
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
      {shown.data ? <MapView id={id} data={shown.data} /> : <div class="map-space"><Waiting failure={shown.failure} what="the map" /></div>}
    </div>
  );
}
