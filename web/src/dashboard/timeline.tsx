// Who ran what when: gaps, stragglers and how busy the cores were.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { apiPath, withQuery } from '../common/api';
import { count, duration, moment, percent } from '../common/formats';
import { Canvas, useCanvas } from '../common/canvas_view';
import { useResource } from '../common/resource';
import { go } from '../common/router';
import { stateByCode, STATES } from '../common/states';
import { clean, Text } from '../common/text';
import { dark } from '../common/theme';
import { Stale, Waiting } from '../common/ui';
import { runAt } from './links';
import { TimelinePainter, TOP, type Span, type Timeline } from './timeline_canvas';

function describe(data: Timeline, index: number, whole: number): string {
  const [lane, start, end, state, position] = data.bars[index]!;
  const at = new Date(Date.parse(data.begin) + start * 1000);
  const { host, worker } = data.lanes[lane]!;
  return (
    `Run ${position}: ${stateByCode(state).word}, ` +
    `${end == null ? 'runs for' : 'took'} ${duration((end ?? whole) - start)}, ` +
    `from ${moment(at)}, by ${clean(worker, 40)} on ${clean(host, 40)}`
  );
}

function Key({ data }: { data: Timeline }): JSX.Element {
  const counts = new Map<number, number>();
  for (const bar of data.bars) counts.set(bar[3], (counts.get(bar[3]) ?? 0) + 1);
  return (
    <ul class="legend plainlist" aria-label="Colours of bars">
      {STATES.filter((one) => counts.has(one.code)).map((one) => (
        <li key={one.name} class={`key s-${one.name}`}>
          <span class="sign" aria-hidden="true">
            {one.sign}
          </span>
          {one.word} <span class="n">{count(counts.get(one.code))}</span>
        </li>
      ))}
    </ul>
  );
}

// What ended last, or runs longest: in words, for all readers.
function Stragglers({ id, data, whole }: { id: string; data: Timeline; whole: number }): JSX.Element | null {
  const long = data.bars
    .map((bar) => ({ bar, took: (bar[2] ?? whole) - bar[1] }))
    .sort((a, b) => b.took - a.took)
    .slice(0, 5);
  if (!long.length) return null;
  return (
    <details class="spaced">
      <summary>The longest runs of those shown</summary>
      <ol>
        {long.map(({ bar, took }) => (
          <li key={bar.join()}>
            <a href={runAt(id, bar[4])}>Run {bar[4]}</a>: {duration(took)}, {stateByCode(bar[3]).word}, by{' '}
            <Text of={data.lanes[bar[0]]?.worker} />
          </li>
        ))}
      </ol>
    </details>
  );
}

interface LanesProps {
  id: string;
  data: Timeline;
  seen: (span: Span | null) => void; // null: all of it
}

function Lanes({ id, data, seen }: LanesProps): JSX.Element {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const view = useCanvas<TimelinePainter>({
    make: (canvas) => new TimelinePainter(canvas),
    open: (bar) => go(runAt(id, data.bars[bar]![4])),
    moved: ({ span, whole }) => {
      clearTimeout(timer.current);
      timer.current = setTimeout(() => seen(span.to - span.from < whole * 0.98 ? span : null), 400);
    },
  });
  const { painter, pointed } = view;
  const theme = dark.value;
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    painter.current!.setTheme(theme);
    painter.current!.setData(data);
    view.point(-1);
    view.redraw();
  }, [data, theme]);
  const height = Math.max(160, Math.min(640, TOP + data.lanes.length * 14 + 6));
  return (
    <Canvas
      kind="timeline"
      label={`Timeline: ${count(data.bars.length)} runs in ${count(data.lanes.length)} lanes`}
      style={{ height: `${height}px` }}
      view={view}
      text={pointed >= 0 && pointed < data.bars.length ? describe(data, pointed, painter.current!.whole) : null}
      hint="Point at a bar to read its run; click or Enter opens it."
    >
      Drag to move, Ctrl and the wheel to zoom; arrows go from run to run, + and − zoom, 0 shows all.
    </Canvas>
  );
}

export function TimelineTab({ id }: { id: string }): JSX.Element {
  const [span, setSpan] = useState<Span | null>(null);
  const [cut, setCut] = useState(false);
  // Only a cut answer is asked again for the part that is seen.
  const range = cut && span ? { from: Math.floor(span.from), to: Math.ceil(span.to) } : {};
  const shown = useResource<Timeline>(withQuery(apiPath`/api/v1/campaigns/${id}/timeline`, range), {
    topics: [`campaign:${id}`],
    every: 5000,
  });
  const { data } = shown;
  if (data?.cut && !cut) setCut(true);
  if (!data)
    return (
      <div class="card map-space">
        <Waiting failure={shown.failure} what="the timeline" />
      </div>
    );
  const whole = Math.max(1, (Date.parse(data.end ?? data.now) - Date.parse(data.begin)) / 1000);
  return (
    <div class="card">
      <Stale failure={shown.failure} />
      <div class="row between">
        <Key data={data} />
        <p class="quiet">
          {data.utilisation != null && <>Cores were busy {percent(data.utilisation, 1)} of the time. </>}
          {data.cut && `Only ${count(data.bars.length)} bars are shown: zoom in to see more.`}
        </p>
      </div>
      {data.lanes.length === 0 ? (
        <p class="note quiet">No run has begun yet.</p>
      ) : (
        <Lanes id={id} data={data} seen={setSpan} />
      )}
      <Stragglers id={id} data={data} whole={whole} />
    </div>
  );
}
